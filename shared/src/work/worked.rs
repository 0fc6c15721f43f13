//! What a batch came to, for whoever called the worker: what has to come again, and what operators want to know.

use std::iter::Sum;
use std::ops::AddAssign;
use std::time::Duration;

use crate::outcome::ItemResult;
use crate::settlement::Settlement;

/// What a batch came to. The counts say what this worker did: an item that is processed again after a crash is counted
/// here again, unlike in the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    /// Ids of the messages that are not done and have to be delivered again.
    pub undone: Vec<String>,
    /// Items that succeeded.
    pub items_processed: usize,
    /// Items that failed for good.
    pub items_failed: usize,
    /// Items that failed for now and wait for a delayed try.
    pub items_retried: usize,
    /// Deliveries of chunks that were settled before.
    pub duplicates: usize,
    /// How long each settlement's writes to the ledger took.
    pub settle_times: Vec<Duration>,
}

impl Worked {
    /// Counts what was settled, in that time.
    pub(super) fn settled(&mut self, settlement: &Settlement, took: Duration) {
        let failed = settlement.results.values().filter(|result| matches!(result, ItemResult::Failed(_))).count();
        self.items_failed += failed;
        self.items_processed += settlement.results.len() - failed;
        self.settle_times.push(took);
    }
}

impl AddAssign for Worked {
    fn add_assign(&mut self, other: Self) {
        self.undone.extend(other.undone);
        self.items_processed += other.items_processed;
        self.items_failed += other.items_failed;
        self.items_retried += other.items_retried;
        self.duplicates += other.duplicates;
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
