//! Careful mode, for a message that was received again and so may have killed its worker. Its items run one at a time;
//! each is marked before it begins and recorded before the next one. An item whose worker died twice is failed, and the
//! other items complete.

use std::sync::PoisonError;

use super::chunk_context::{ChunkContext, RunContext};
use super::delivery::Invocation;
use super::group::{Group, TriedGroup};
use super::ran::Ran;
use super::returned::{NotNow, ReturnReason, ReturnedItem};
use super::run_entry::RunEntry;
use super::suspects::Suspects;
use super::worker::Worker;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::ledger::CareMark;
use crate::limits::CLOCKS_DIFFER_MAX;
use crate::outcome::{FailureKind, ItemResult, Outcome};
use crate::settlement::Settlement;
use crate::time::Instant;

impl Worker {
    /// Runs the items that are not recorded, one at a time. Every result is in the ledger before the next item begins.
    /// The rest is returned as a new message, whose receive count starts again.
    pub(super) async fn carefully(
        &self,
        chunk: &ChunkContext<'_>,
        recorded: Option<Outcome>,
        suspects_first: bool,
        invocation: Invocation,
    ) -> Result<Ran, JobError> {
        let id = chunk.message.id;
        // If that worker may be alive, the mark is its own: nothing is written.
        let mut suspects = self.suspects(self.app.ledger.care(id).await?.as_ref(), chunk.message.round)?.with_message(&chunk.message);
        suspects.clear_recorded(recorded.as_ref());
        if suspects.mark_at_rest().is_some() {
            // Another message of the chunk may be the one that comes again.
            self.note_worker_ended(chunk).await?;
        }
        let ran = self.marked(chunk, recorded, &mut suspects, suspects_first, invocation).await;
        // This attempt does not count as a crash. What is known of suspects that have not run is kept, also of those in other
        // messages.
        let unmarked = self.app.ledger.put_care(id, suspects.mark_at_rest().as_ref()).await;
        let mut ran = ran?;
        unmarked?;
        ran.returned.careful |= ran.returned.items.iter().any(|item| suspects.strikes(item.index) > 0);
        Ok(ran)
    }

    /// Prepares the processor and runs the items, each marked before it begins. Fails whatever killed its worker too
    /// often.
    async fn marked(
        &self,
        chunk: &ChunkContext<'_>,
        recorded: Option<Outcome>,
        suspects: &mut Suspects,
        suspects_first: bool,
        invocation: Invocation,
    ) -> Result<Ran, JobError> {
        if suspects.blames_preparing(self.alone) {
            let ran = self.refuse_killer(chunk, recorded.as_ref()).await?;
            suspects.clear_preparing();
            return Ok(ran);
        }
        match self.ready_marked(chunk, suspects, invocation).await? {
            Ok(prepared) => {
                let run = RunContext::new(chunk, prepared, recorded, invocation);
                self.each_marked(&run, suspects, suspects_first).await
            }
            Err(error) => self.refuse(chunk, recorded.as_ref(), error).await,
        }
    }

    async fn each_marked(&self, run: &RunContext<'_>, suspects: &mut Suspects, suspects_first: bool) -> Result<Ran, JobError> {
        let chunk = run.chunk;
        let mut settlement = chunk.settlement(run.recorded.is_some());
        let mut entry = RunEntry::new(run.invocation);
        let mut waiting: Vec<_> = run.waiting().collect();
        // At first a suspect runs last, so that a death with another cause seldom gives it a second strike. An item with
        // too many strikes is failed first.
        waiting.sort_by_key(|(index, _)| match suspects.strikes(*index) {
            0 => 1,
            _ if suspects_first || suspects.blames(*index) => 0,
            _ => 2,
        });
        let mut returned = Vec::new();
        let (mut stop, mut begun): (Option<NotNow>, _) = (None, false);
        for (index, value) in waiting {
            if let Some(not_now) = &stop {
                returned.extend(Group::single(chunk, index, value).returned(not_now));
                continue;
            }
            let strikes = suspects.strikes(index);
            if suspects.blames(index) {
                let message = "the worker died each time it was processed";
                let failure = chunk.failure(FailureKind::Crashed, message, chunk.message.attempt + strikes, value);
                settlement.results.insert(index, ItemResult::Failed(failure));
                self.record(&mut settlement, &returned).await?;
                suspects.clear(index);
                // The remaining items are returned as a new message, whose receive count starts at zero.
                stop = Some(ReturnReason::Deadline.into());
                continue;
            }
            if !settlement.seen {
                // Every item is recorded before the next one begins, so the run is entered before the first.
                let entering = entry.entering(self, settlement.hand_over());
                if let Err(error) = self.checkpoint(&entering).await {
                    self.leave(&entry.leaving(self, settlement), run.invocation).await;
                    return Err(error);
                }
                settlement.note_recorded(&entering);
            }
            let ready = Instant::now();
            let _place = run.prepared.places.acquire().await.ok();
            let _turn = self.turns.careful(strikes).await;
            if strikes > 0 && !self.threads.takes_suspects() {
                stop = Some(ReturnReason::Deadline.into());
                returned.push(chunk.returned(index, value, ReturnReason::Deadline));
                continue;
            }
            // Even with a slow table, each slice makes progress: with one of its items, or with those it waited for.
            if run.slice_is_over() && (begun || ready < run.slice_ends) {
                stop = Some(ReturnReason::Slice.into());
                returned.push(chunk.returned(index, value, ReturnReason::Slice));
                continue;
            }
            begun = true;
            let mark = self.mark(suspects, Some(index), run.invocation);
            if let Err(error) = self.app.ledger.put_care(chunk.message.id, Some(&mark)).await {
                // It may be in place all the same.
                if strikes > 0 {
                    self.unmark_suspect(chunk.message.id, suspects, run.invocation).await?;
                }
                return Err(error);
            }
            let tried = self.careful_tries(run, Group::single(chunk, index, value)).await;
            if tried.returned.iter().all(|item| item.reason.was_tried()) {
                suspects.clear(index);
            }
            // Still alone: a death that comes after it, with others running again, must not be its second strike.
            let unmarked = if strikes > 0 { self.unmark_suspect(chunk.message.id, suspects, run.invocation).await } else { Ok(()) };
            let is_news = !tried.recorded.is_empty() || tried.returned.iter().any(|item| item.reason.was_tried());
            stop = NotNow::for_others(&tried.returned);
            returned.extend(tried.returned);
            if is_news {
                settlement.results.extend(tried.recorded);
                self.record(&mut settlement, &returned).await?;
            }
            unmarked?;
        }
        Ok(self.ran(run, entry.leaving(self, settlement), returned))
    }

    /// Records the results so far, and shows which items wait.
    async fn record(&self, settlement: &mut Settlement, returned: &[ReturnedItem]) -> Result<(), JobError> {
        let (results, seen) = (self.showing_waits(settlement.hand_over(), returned), settlement.seen);
        self.checkpoint(&results).await?;
        settlement.note_recorded(&results);
        // The run itself is entered only by a checkpoint that says so.
        settlement.seen = seen;
        Ok(())
    }

    /// Replaces the mark of a suspect that does not run any more by what is known of suspects now, before others may run. If that cannot
    /// be written, nothing else may begin in this process, since a death would be blamed on the suspect.
    pub(super) async fn unmark_suspect(&self, id: ChunkId, suspects: &Suspects, invocation: Invocation) -> Result<(), JobError> {
        let mark = suspects.mark_at_rest();
        let unmarked = self.patiently(invocation, || self.app.ledger.put_care(id, mark.as_ref())).await;
        if unmarked.is_err() {
            self.threads.give_up();
        }
        unmarked
    }

    /// Both tries of an item that has a place.
    async fn careful_tries(&self, run: &RunContext<'_>, group: Group) -> TriedGroup {
        let mut tried = self.tries(run, group).await;
        while let Some(again) = tried.again.pop() {
            tried = self.tries(run, again.due().await).await;
        }
        tried
    }

    /// This worker's mark of an item that begins now, or of preparing.
    pub(super) fn mark(&self, suspects: &Suspects, item: Option<u64>, invocation: Invocation) -> CareMark {
        suspects.mark(item, self.name.clone(), self.gone_after(invocation))
    }

    /// What the mark says in this round that another worker left, if that worker has ended.
    pub(super) fn suspects(&self, known: Option<&CareMark>, round: u32) -> Result<Suspects, JobError> {
        let Some(mark) = known else { return Ok(Suspects::none(round)) };
        let now = self.app.clock.now();
        // So nobody waits for it, whatever their clocks show.
        let past = now - CLOCKS_DIFFER_MAX * 2;
        if self.ended_with_server.is_some_and(|by| mark.deadline <= by) {
            return Ok(Suspects::before(mark, round).ended_by(past));
        }
        if !self.alone && !self.was_seen_to_end(mark) && now <= mark.deadline + CLOCKS_DIFFER_MAX {
            return Err(JobError::unavailable("the chunk", "another worker may still be at it"));
        }
        Ok(Suspects::of(mark, round).ended_by(past))
    }

    /// True if the server has seen the worker end that made the mark.
    fn was_seen_to_end(&self, mark: &CareMark) -> bool {
        let running = self.running_workers.lock().unwrap_or_else(PoisonError::into_inner);
        mark.worker.as_ref().is_some_and(|worker| running.has_ended(worker))
    }
}
