//! The entry of a run in its chunk's rows: it shows readers that results are still to come.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::delivery::Invocation;
use super::worker::Worker;
use crate::error::error_chain;
use crate::limits::{CLOCKS_DIFFER_USUALLY, FUNCTION_TIMEOUT_MAX};
use crate::outcome::OutcomeChange;
use crate::settle::{gone_before, settle};
use crate::settlement::Settlement;
use crate::time::Instant;

/// A run that may be entered. Most runs end before that.
#[derive(Debug)]
pub(super) struct RunEntry {
    invocation: Invocation,
    /// Its id, and the time after which its worker has ended for certain, once an entry was or may have been written.
    tried: Option<(Uuid, DateTime<Utc>)>,
}

impl RunEntry {
    pub(super) fn new(invocation: Invocation) -> Self {
        Self { invocation, tried: None }
    }

    /// The settlement as a checkpoint writes it: the run continues after it.
    pub(super) fn entering(&mut self, worker: &Worker, settlement: Settlement) -> Settlement {
        let run = *self.tried.get_or_insert_with(|| (worker.app.clock.fresh_id(), worker.gone_after(self.invocation)));
        let change = OutcomeChange { enters: Some(run), gone_before: Some(gone_before(&worker.app)), ..OutcomeChange::default() };
        Settlement { change, ..settlement }
    }

    /// The settlement as it is written at the end of the run.
    pub(super) fn leaving(&self, worker: &Worker, mut settlement: Settlement) -> Settlement {
        if let Some((run, _)) = self.tried {
            settlement.change.leaves = Some(run);
            settlement.change.gone_before = Some(gone_before(&worker.app));
        }
        settlement
    }
}

impl Worker {
    /// Removes the entry of a run whose results are not counted any more. It may be in the row, since a write that was given up may
    /// have taken effect, and readers would wait for the run until its worker's time is over. If it cannot be removed, they do.
    pub(super) async fn leave(&self, settlement: &Settlement, invocation: Invocation) {
        let Some(only) = settlement.only_leaves() else { return };
        // By then it has taken effect, or never will.
        crate::time::sleep(CLOCKS_DIFFER_USUALLY).await;
        if let Err(error) = self.patiently(invocation, || settle(&self.app, &only)).await {
            tracing::warn!(error = error_chain(&error), "the entry of a run could not be removed");
        }
    }

    /// When this worker, with everything it is running, has ended for certain.
    pub(super) fn gone_after(&self, invocation: Invocation) -> DateTime<Utc> {
        let left = invocation.deadline.saturating_duration_since(Instant::now()).min(FUNCTION_TIMEOUT_MAX);
        self.app.clock.now() + TimeDelta::from_std(left).unwrap_or_default()
    }
}
