//! Careful mode: a message that came again may have killed its worker. Its items run one at a time, each marked before
//! it begins and recorded before the next; an item whose worker died twice is failed as the culprit, and its neighbours
//! complete.

use chrono::TimeDelta;

use super::chunk_context::RunContext;
use super::delivery::Invocation;
use super::item::Tried;
use super::ran::Ran;
use super::returned::ReturnReason;
use super::run_entry::RunEntry;
use super::worker::Worker;
use crate::error::JobError;
use crate::ledger::CareMark;
use crate::outcome::{FailureKind, ItemResult};

/// An item whose worker died this often while it ran is the culprit.
pub(super) const STRIKES_MAX: u32 = 2;
/// How far two workers' clocks may differ.
const SKEW: TimeDelta = TimeDelta::seconds(5);

impl Worker {
    /// Runs what is not recorded, one item at a time; every result is in the ledger before the next item begins. The rest
    /// is returned as a new message, so that receives are counted anew.
    pub(super) async fn carefully(&self, run: &RunContext<'_>) -> Result<Ran, JobError> {
        let id = run.chunk.message.id;
        let known = self.app.ledger.care(id).await?;
        let ran = self.each_marked(run, known.as_ref()).await;
        // The crash mark is removed once its item has run. Else the mark found at the start is put back: this attempt does not
        // count as a crash of any item, and what is known of the suspect goes with the message that it is returned in.
        let mark = known.as_ref().filter(|mark| ran.as_ref().map_or(true, |ran| ran.returned.has_unrun(mark.item)));
        let unmarked = self.app.ledger.put_care(id, mark).await;
        let mut ran = ran?;
        unmarked?;
        ran.returned.careful |= mark.is_some();
        Ok(ran)
    }

    async fn each_marked(&self, run: &RunContext<'_>, known: Option<&CareMark>) -> Result<Ran, JobError> {
        let chunk = run.chunk;
        let suspect = self.suspect(known)?;
        let struck = |index: u64| suspect.as_ref().filter(|mark| mark.item == index).map_or(0, |mark| mark.strikes);
        let mut settlement = chunk.settlement(run.recorded.is_some());
        let mut entry = RunEntry::new(run.invocation);
        let mut waiting: Vec<_> = run.waiting().collect();
        // A suspect runs last, so that a death of another cause seldom strikes it again; a culprit is convicted first.
        waiting.sort_by_key(|(index, _)| match struck(*index) {
            0 => 1,
            strikes if strikes < STRIKES_MAX => 2,
            _ => 0,
        });
        let mut returned = Vec::new();
        let mut stop = None;
        for (index, value) in waiting {
            if let Some(reason) = stop {
                returned.push(chunk.returned(index, value, reason));
                continue;
            }
            let strikes = struck(index);
            if strikes >= STRIKES_MAX {
                let message = "the worker died each time it was processed";
                let failure = chunk.failure(FailureKind::Crashed, message, chunk.message.attempt + strikes, value);
                settlement.results.insert(index, ItemResult::Failed(failure));
                self.checkpoint(&settlement).await?;
                // The remaining items go back as a new message, whose receive count starts at zero.
                stop = Some(ReturnReason::Deadline);
                continue;
            }
            if !settlement.seen {
                // Every item is recorded before the next one begins, so the run is entered before the first.
                self.checkpoint(&entry.entering(self, &settlement)).await?;
                (settlement.merged, settlement.seen) = (true, true);
            }
            let _place = run.prepared.places.acquire().await.ok();
            // Where no other worker can be, no two items are marked at once: a death strikes one item at most.
            let _turn = if self.alone { Some(self.turn.lock().await) } else { None };
            // Looked at before the mark: however slow the table is, an item that is marked is run.
            if run.slice_is_over() {
                stop = Some(ReturnReason::Slice);
                returned.push(chunk.returned(index, value, ReturnReason::Slice));
                continue;
            }
            self.app.ledger.put_care(chunk.message.id, Some(&self.mark(index, strikes, run.invocation))).await?;
            match self.tries(run, index, value).await {
                Tried::Recorded(index, result) => {
                    settlement.results.insert(index, result);
                    self.checkpoint(&settlement).await?;
                }
                Tried::Returned(item) => {
                    stop = Some(item.reason).filter(|reason| *reason != ReturnReason::Retry);
                    returned.push(item);
                }
            }
        }
        Ok(Ran::of(entry.leaving(self, settlement), chunk.message.hops, returned))
    }

    /// The mark another worker left, with a strike more, if that worker is gone.
    fn suspect(&self, known: Option<&CareMark>) -> Result<Option<CareMark>, JobError> {
        let Some(mark) = known else { return Ok(None) };
        if !self.alone && self.app.clock.now() <= mark.deadline + SKEW {
            return Err(JobError::unavailable("the chunk", "another worker may still be at it"));
        }
        Ok(Some(CareMark { strikes: mark.strikes + 1, ..mark.clone() }))
    }

    fn mark(&self, item: u64, strikes: u32, invocation: Invocation) -> CareMark {
        CareMark { item, deadline: self.gone_after(invocation), strikes }
    }
}
