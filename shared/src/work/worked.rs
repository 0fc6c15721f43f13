//! The result of an invocation, for the worker's caller: which messages have to be delivered again, and the numbers for
//! operators.

use std::iter::Sum;
use std::ops::AddAssign;
use std::time::Duration;

use super::ran::{Ran, Settled};
use crate::error::JobError;
use crate::job::Ended;
use crate::settlement::Settlement;

/// The result of an invocation. The counts say what this worker did: unlike in the ledger, an item that is processed again
/// after a crash is counted again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    /// Ids of the messages that are not done and have to be delivered again.
    pub undone: Vec<String>,
    /// Items that succeeded.
    pub items_processed: usize,
    /// Items that failed for good.
    pub items_failed: usize,
    /// Items that failed for now and wait for another attempt.
    pub items_retried: usize,
    /// Deliveries of chunks that were settled already.
    pub duplicates: usize,
    /// Jobs that this worker ended.
    pub jobs_ended: usize,
    /// How long each settlement's writes to the ledger took.
    pub settle_times: Vec<Duration>,
}

/// The result of one message. What was done counts even if a later step failed and the message has to be delivered
/// again.
#[derive(Debug)]
pub(super) struct Handled {
    pub(super) worked: Worked,
    /// Whether the message is done.
    pub(super) done: Result<(), JobError>,
}

impl Worked {
    /// The result of one chunk.
    fn of(ran: &Ran, settled: &Settled) -> Self {
        let counts = ran.settlement.as_ref().map(Settlement::counts).unwrap_or_default();
        Self {
            items_failed: counts.failed as usize,
            items_processed: counts.processed as usize,
            items_retried: ran.returned.retries(),
            settle_times: settled.took.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The result of looking upward, which may have ended a job.
    pub(super) fn ended(looked: &Result<Option<Ended>, JobError>) -> Self {
        Self { jobs_ended: usize::from(matches!(looked, Ok(Some(_)))), ..Self::default() }
    }
}

impl Handled {
    /// The result of a chunk that was run or buried.
    pub(super) fn of(ran: &Ran, settled: &Settled, finished: Result<Option<Ended>, JobError>) -> Self {
        let mut worked = Worked::of(ran, settled);
        worked += Worked::ended(&finished);
        Self { worked, done: finished.map(drop) }
    }

    /// A message that needed no work.
    pub(super) fn nothing(_: ()) -> Self {
        Self::default()
    }
}

impl Default for Handled {
    fn default() -> Self {
        Self { worked: Worked::default(), done: Ok(()) }
    }
}

impl From<JobError> for Handled {
    fn from(error: JobError) -> Self {
        Self { worked: Worked::default(), done: Err(error) }
    }
}

impl AddAssign for Worked {
    fn add_assign(&mut self, other: Self) {
        self.undone.extend(other.undone);
        self.items_processed += other.items_processed;
        self.items_failed += other.items_failed;
        self.items_retried += other.items_retried;
        self.duplicates += other.duplicates;
        self.jobs_ended += other.jobs_ended;
        self.settle_times.extend(other.settle_times);
    }
}

impl Sum for Worked {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut sum, part| {
            sum += part;
            sum
        })
    }
}
