//! Careful mode: a message that came again may have killed its worker. Its items run one at a time, each marked before
//! it begins and recorded before the next; an item whose worker died twice is failed as the culprit, and its neighbours
//! complete.

use chrono::TimeDelta;
use tokio::time::Instant;

use super::items::Tried;
use super::rest::unrecorded;
use super::returned::{Left, Why};
use super::worker::{Invocation, Run, Worker};
use crate::error::JobError;
use crate::item_id::id_of;
use crate::ledger::Care;
use crate::limits::FUNCTION_TIMEOUT_MAX;
use crate::outcome::{Failure, FailureKind, ItemResult};
use crate::settle::settle;
use crate::settlement::Settlement;

/// A chunk whose message is received this often is run carefully: one death more than a neighbour's bad luck.
pub(super) const CAREFUL_FROM_RECEIVES: u32 = 3;
/// An item whose worker died this often while it ran is the culprit.
pub(super) const STRIKES_MAX: u32 = 2;
/// How far two workers' clocks may differ.
const SKEW: TimeDelta = TimeDelta::seconds(5);

impl Worker {
    /// Runs what is not recorded, one item at a time; every result is in the ledger before the next item begins.
    /// Returns what is left, to be handed back as a new message, so that receives are counted anew.
    pub(super) async fn items_carefully(&self, run: &Run<'_>, settlement: &mut Settlement) -> Result<Vec<Left>, JobError> {
        let id = run.found.message.id;
        let known = self.app.ledger.care(id).await?;
        let ran = self.items_marked(run, settlement, known.as_ref()).await;
        // A graceful end leaves no mark; one that failed leaves what it found, so that nobody is struck for it.
        let mark = known.as_ref().filter(|_| ran.is_err());
        let unmarked = self.app.ledger.put_care(id, mark).await;
        let left = ran?;
        unmarked?;
        Ok(left)
    }

    async fn items_marked(&self, run: &Run<'_>, settlement: &mut Settlement, known: Option<&Care>) -> Result<Vec<Left>, JobError> {
        let Run { found, invocation, .. } = run;
        let suspect = self.suspect(known)?;
        let struck = |index: u64| suspect.as_ref().filter(|care| care.item == index).map_or(0, |care| care.strikes);
        let mut waiting: Vec<_> = unrecorded(found.message, run.recorded.as_ref()).collect();
        // A suspect runs last, so that a death of another cause seldom strikes it again; a culprit is convicted first.
        waiting.sort_by_key(|(index, _)| match struck(*index) {
            0 => 1,
            strikes if strikes < STRIKES_MAX => 2,
            _ => 0,
        });
        let mut left = Vec::new();
        let mut stop = None;
        for (index, value) in waiting {
            if let Some(why) = stop {
                left.push(Left { index, value, why });
                continue;
            }
            let strikes = struck(index);
            if strikes >= STRIKES_MAX {
                let item_id = found.job.id_field.as_deref().and_then(|field| id_of(&value, field));
                let message = "the worker died each time it was processed";
                let failure = Failure::new(FailureKind::Crashed, "", message, found.message.attempt + strikes, item_id, value);
                settlement.results.insert(index, ItemResult::Failed(failure));
                settle(&self.app, settlement).await?;
                // The rest gets a message, and with it receives, of its own.
                stop = Some(Why::Deadline);
                continue;
            }
            // Where no other worker can be, no two items are marked at once: a death strikes one item at most.
            let _turn = if self.alone { Some(self.turn.lock().await) } else { None };
            self.app.ledger.put_care(found.message.id, Some(&self.mark(index, strikes, *invocation))).await?;
            match self.try_item(run, index, value).await {
                Tried::Recorded(index, result) => {
                    settlement.results.insert(index, result);
                    settle(&self.app, settlement).await?;
                }
                Tried::Left(item) => {
                    stop = Some(item.why).filter(|why| !matches!(why, Why::Retry { .. }));
                    left.push(item);
                }
            }
        }
        Ok(left)
    }

    /// The mark another worker left, with a strike more, if that worker is gone.
    fn suspect(&self, known: Option<&Care>) -> Result<Option<Care>, JobError> {
        let Some(care) = known else { return Ok(None) };
        if !self.alone && self.app.clock.now() <= care.deadline + SKEW {
            return Err(JobError::unavailable("the chunk", "another worker may still be at it"));
        }
        Ok(Some(Care { strikes: care.strikes + 1, ..care.clone() }))
    }

    fn mark(&self, item: u64, strikes: u32, invocation: Invocation) -> Care {
        let left = invocation.deadline.saturating_duration_since(Instant::now());
        let left = TimeDelta::from_std(left.min(FUNCTION_TIMEOUT_MAX)).unwrap_or_default();
        Care { item, deadline: self.app.clock.now() + left, strikes }
    }
}
