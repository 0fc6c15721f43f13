//! What a history's user asks for, and what its items do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use headway::{Item, ItemError, ItemProcessor, Options, Output, ToleratedFailures};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::faults::{Faults, Process};

tokio::task_local! {
    /// The process that is at work.
    pub(crate) static HERE: Process;
}

/// What a scripted panic says.
pub(crate) const PANIC: &str = "scripted panic";
/// Attempts the processor asks for.
const ATTEMPTS: u32 = 4;

/// What an item does when it is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeds,
    GivesOutput,
    FailsForGood,
    FailsAtFirst(u32),
    /// Comes out anew at every call: two deliveries of it may disagree.
    Fickle,
    /// Fails for good in its first calls: a retry may help.
    FailsForAWhile(u32),
    NeverSucceeds,
    Panics,
    TakesLong(u64),
    Hangs,
    Kills,
}

impl Fate {
    fn of(faults: &Faults, unruly: bool) -> Self {
        match faults.pick(if unruly { 24 } else { 400 }) {
            0 | 1 => Self::FailsForGood,
            2 => Self::Panics,
            3 => Self::NeverSucceeds,
            4 | 5 => Self::FailsAtFirst(1 + faults.pick(3) as u32),
            6 | 7 => Self::TakesLong(faults.pick(4_000)),
            8 => Self::Hangs,
            15 if faults.pick(3) == 0 => Self::Kills,
            9..=12 => Self::GivesOutput,
            16..=18 => Self::Fickle,
            13 | 14 => Self::FailsForAWhile(1 + faults.pick(3) as u32),
            _ => Self::Succeeds,
        }
    }

    /// Whether it may be listed as failed; any item may be, of which a dead letter says so.
    pub(crate) fn may_fail(self) -> bool {
        matches!(
            self,
            Self::FailsForGood | Self::Fickle | Self::FailsForAWhile(_) | Self::NeverSucceeds | Self::Panics | Self::Hangs | Self::Kills
        )
    }

    /// Whether it may be counted as processed.
    pub(crate) fn may_succeed(self) -> bool {
        !self.may_fail() || matches!(self, Self::Fickle | Self::FailsForAWhile(_))
    }
}

/// A history's job.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) fates: Vec<Fate>,
    /// Items of each part; `None`: all in one request.
    pub(crate) streamed: Option<Vec<usize>>,
    pub(crate) chunk_size: u16,
    pub(crate) tolerated: ToleratedFailures,
    pub(crate) keyed: bool,
    pub(crate) sealed_by_client: bool,
    pub(crate) cancel_after: Option<Duration>,
    pub(crate) pause_after: Option<Duration>,
    pub(crate) retries: u64,
}

impl Plan {
    pub(crate) fn of(faults: &Faults) -> Self {
        let items = match faults.pick(12) {
            0 => 0,
            1 => 1,
            _ => faults.pick(40) as usize,
        };
        let unruly = faults.pick(3) > 0;
        let streamed = (faults.pick(3) == 0).then(|| {
            let (mut left, mut parts) = (items, Vec::new());
            while left > 0 {
                let part = (1 + faults.pick(9) as usize).min(left);
                parts.push(part);
                left -= part;
            }
            parts
        });
        let tolerated = match faults.pick(4) {
            0 => ToleratedFailures::Count(0),
            1 => ToleratedFailures::Count(faults.pick(6)),
            2 => ToleratedFailures::Percentage { percentage: 20.0, minimum_sample: Some(5) },
            _ => ToleratedFailures::Count(1_000),
        };
        Self {
            fates: (0..items).map(|_| Fate::of(faults, unruly)).collect(),
            streamed,
            chunk_size: 1 + faults.pick(6) as u16,
            tolerated,
            keyed: faults.pick(2) == 0,
            sealed_by_client: faults.pick(12) > 0,
            cancel_after: (faults.pick(6) == 0).then(|| Duration::from_millis(faults.pick(20_000))),
            pause_after: (faults.pick(4) == 0).then(|| Duration::from_millis(faults.pick(15_000))),
            retries: faults.pick(4),
        }
    }

    /// Items as JSON.
    pub(crate) fn items(&self, range: std::ops::Range<usize>) -> Vec<Box<RawValue>> {
        range.map(|i| RawValue::from_string(format!("{{\"n\": {i}}}")).unwrap()).collect()
    }
}

/// The processor that does as the fates say, and tells the auditor of every call.
pub(crate) struct Scripted {
    pub(crate) fates: Vec<Fate>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) faults: Faults,
}

/// What was seen of an item.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) begun: u32,
    pub(crate) succeeded: u32,
    pub(crate) last_begun: Option<Instant>,
    /// How often a worker went away and left its mark on it.
    pub(crate) left_marked: u32,
}

/// Every call of the processor.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// By index.
    pub(crate) items: Mutex<BTreeMap<u64, Seen>>,
}

#[async_trait]
impl ItemProcessor for Scripted {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let calls = self.calls.note(item.index, |seen| {
            seen.begun += 1;
            seen.last_begun = Some(Instant::now());
        });
        let answer = self.answer(&item, calls.begun).await;
        self.calls.note(item.index, |seen| {
            seen.succeeded += u32::from(answer.is_ok());
        });
        answer
    }

    fn options(&self) -> Options {
        Options { concurrency: 3, item_timeout: Duration::from_secs(6), attempts_max: ATTEMPTS, ..Options::default() }
    }
}

impl Calls {
    pub(crate) fn note(&self, index: u64, change: impl FnOnce(&mut Seen)) -> Seen {
        let mut items = self.items.lock().unwrap();
        let seen = items.entry(index).or_default();
        change(seen);
        seen.clone()
    }
}

impl Scripted {
    async fn answer(&self, item: &Item, calls: u32) -> Result<Output, ItemError> {
        match self.fates[item.index as usize] {
            Fate::FailsForAWhile(times) if calls <= times => Err(ItemError::permanent("no", "will not do yet")),
            Fate::Fickle if self.faults.pick(2) == 0 => Err(ItemError::permanent("no", "will not do this time")),
            Fate::FailsForGood => Err(ItemError::permanent("no", "will not do")),
            Fate::NeverSucceeds => Err(ItemError::retryable("later", "not now")),
            Fate::FailsAtFirst(times) if item.attempt <= times => Err(ItemError::retryable("later", "not now")),
            Fate::Panics => std::panic::panic_any(PANIC),
            Fate::TakesLong(ms) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Ok(Output::None)
            }
            Fate::Hangs => std::future::pending().await,
            Fate::Kills => {
                self.faults.saw("item: killed its worker");
                let here = HERE.with(Process::clone);
                here.die().await;
                Ok(Output::None)
            }
            Fate::GivesOutput => Output::json(&item.index),
            _ => Ok(Output::None),
        }
    }
}
