//! Careful mode, for a message that was received again and so may have killed its worker. Its items run one at a time;
//! each is marked before it begins and recorded before the next one. An item whose worker died twice is failed, and the
//! other items complete.

use tokio::time::Instant;

use super::chunk_context::{ChunkContext, RunContext};
use super::delivery::Invocation;
use super::group::{Group, TriedGroup};
use super::ran::Ran;
use super::returned::{NotNow, ReturnReason};
use super::run_entry::RunEntry;
use super::worker::Worker;
use crate::error::JobError;
use crate::ledger::CareMark;
use crate::limits::CLOCKS_DIFFER_MAX;
use crate::outcome::{FailureKind, ItemResult, Outcome};
use crate::settlement::Settlement;

/// An item is blamed if its worker died this often while it ran.
const STRIKES_MAX: u32 = 2;
/// The same for preparing its processor, which fails the whole job, in a worker that is the only one. Such a process is
/// often ended from outside, by its developer or a supervisor, and that must almost never look like the job's fault.
const STRIKES_MAX_ALONE: u32 = 12;

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
        let known = self.app.ledger.care(id).await?;
        let ran = self.marked(chunk, recorded, known.as_ref(), suspects_first, invocation).await;
        // When the item that the crash mark names has run, the mark is removed. Otherwise the mark found at the start is
        // put back: this attempt does not count as a crash, and the message that is returned keeps what is known of the
        // suspect.
        let mark =
            known.as_ref().filter(|mark| ran.as_ref().map_or(true, |ran| mark.item.is_some_and(|item| ran.returned.has_unrun(item))));
        let unmarked = self.app.ledger.put_care(id, mark).await;
        let mut ran = ran?;
        unmarked?;
        ran.returned.careful |= mark.is_some();
        Ok(ran)
    }

    /// Prepares the processor and runs the items, each marked before it begins. Fails whatever killed its worker too
    /// often.
    async fn marked(
        &self,
        chunk: &ChunkContext<'_>,
        recorded: Option<Outcome>,
        known: Option<&CareMark>,
        suspects_first: bool,
        invocation: Invocation,
    ) -> Result<Ran, JobError> {
        let suspect = self.suspect(known)?;
        let preparing = suspect.as_ref().filter(|mark| mark.item.is_none());
        let strikes = preparing.map_or(0, |mark| mark.strikes);
        if preparing.is_some_and(|mark| self.convicts(mark)) {
            return self.refuse_killer(chunk, recorded.as_ref()).await;
        }
        match self.ready_marked(chunk, known, strikes, invocation).await? {
            Ok(prepared) => {
                let run = RunContext::new(chunk, prepared, recorded, invocation);
                self.each_marked(&run, suspect.as_ref(), suspects_first).await
            }
            Err(error) => self.refuse(chunk, recorded.as_ref(), error).await,
        }
    }

    async fn each_marked(&self, run: &RunContext<'_>, suspect: Option<&CareMark>, suspects_first: bool) -> Result<Ran, JobError> {
        let chunk = run.chunk;
        let mark_of = |index: u64| suspect.filter(|mark| mark.item == Some(index));
        let mut settlement = chunk.settlement(run.recorded.is_some());
        let mut entry = RunEntry::new(run.invocation);
        let mut waiting: Vec<_> = run.waiting().collect();
        // At first a suspect runs last, so that a death with another cause seldom gives it a second strike. An item with
        // too many strikes is failed first.
        waiting.sort_by_key(|(index, _)| match mark_of(*index) {
            Some(mark) if suspects_first || self.convicts(mark) => 0,
            None => 1,
            Some(_) => 2,
        });
        let mut returned = Vec::new();
        let (mut stop, mut begun): (Option<NotNow>, _) = (None, false);
        for (index, value) in waiting {
            if let Some(not_now) = &stop {
                returned.extend(Group::single(chunk, index, value).returned(not_now));
                continue;
            }
            let mark = mark_of(index);
            let strikes = mark.map_or(0, |mark| mark.strikes);
            if mark.is_some_and(|mark| self.convicts(mark)) {
                let message = "the worker died each time it was processed";
                let failure = chunk.failure(FailureKind::Crashed, message, chunk.message.attempt + strikes, value);
                settlement.results.insert(index, ItemResult::Failed(failure));
                self.record(&mut settlement).await?;
                // The remaining items are returned as a new message, whose receive count starts at zero.
                stop = Some(ReturnReason::Deadline.into());
                continue;
            }
            if !settlement.seen {
                // Every item is recorded before the next one begins, so the run is entered before the first.
                let entering = entry.entering(self, settlement.hand_over());
                self.checkpoint(&entering).await?;
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
            self.app.ledger.put_care(chunk.message.id, Some(&self.mark(Some(index), strikes, run.invocation))).await?;
            let tried = self.careful_tries(run, Group::single(chunk, index, value)).await;
            // Still alone: a death that comes after it, with others running again, must not be its second strike.
            let unmarked = if strikes > 0 { self.unmark_suspect(run).await } else { Ok(()) };
            if !tried.recorded.is_empty() {
                settlement.results.extend(tried.recorded);
                self.record(&mut settlement).await?;
            }
            unmarked?;
            stop = NotNow::for_others(&tried.returned);
            returned.extend(tried.returned);
        }
        Ok(self.ran(run, entry.leaving(self, settlement), returned))
    }

    /// Records the results so far.
    async fn record(&self, settlement: &mut Settlement) -> Result<(), JobError> {
        let (results, seen) = (settlement.hand_over(), settlement.seen);
        self.checkpoint(&results).await?;
        settlement.note_recorded(&results);
        // The run itself is entered only by a checkpoint that says so.
        settlement.seen = seen;
        Ok(())
    }

    /// Removes the mark of a suspect that has run. If that cannot be written, nothing else may begin in this process, since a
    /// death would be blamed on the suspect.
    async fn unmark_suspect(&self, run: &RunContext<'_>) -> Result<(), JobError> {
        let unmarked = self.patiently(run.invocation, || self.app.ledger.put_care(run.chunk.message.id, None)).await;
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

    /// The mark that another worker left, with one more strike, if that worker has ended.
    pub(super) fn suspect(&self, known: Option<&CareMark>) -> Result<Option<CareMark>, JobError> {
        let Some(mark) = known else { return Ok(None) };
        if !self.alone && self.app.clock.now() <= mark.deadline + CLOCKS_DIFFER_MAX {
            return Err(JobError::unavailable("the chunk", "another worker may still be at it"));
        }
        Ok(Some(CareMark { strikes: mark.strikes + 1, ..mark.clone() }))
    }

    /// True if a mark has so many strikes that what it names is to blame.
    pub(super) fn convicts(&self, mark: &CareMark) -> bool {
        let most = if mark.item.is_none() && self.alone { STRIKES_MAX_ALONE } else { STRIKES_MAX };
        mark.strikes >= most
    }

    pub(super) fn mark(&self, item: Option<u64>, strikes: u32, invocation: Invocation) -> CareMark {
        CareMark { item, deadline: self.gone_after(invocation), strikes }
    }
}
