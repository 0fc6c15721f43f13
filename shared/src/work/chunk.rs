//! The stages of a chunk: find → gate → run → settle → return → look upward. Each stage takes what the one before
//! returned.

use std::time::Duration;

use super::backoff::Wait;
use super::chunk_context::ChunkContext;
use super::delivery::{Delivery, Invocation};
use super::find::Parts;
use super::gate::Gate;
use super::in_time::Recorded;
use super::mode::Mode;
use super::ran::{Ran, Settled};
use super::returned::{ReturnReason, Returned, ReturnedItem};
use super::worked::{Handled, Worked};
use super::worker::Worker;
use crate::chunk::ChunkMessage;
use crate::error::JobError;
use crate::job::Ended;
use crate::time::Instant;
use crate::upward::look_upward;

impl Worker {
    /// Processes a chunk's message through all stages.
    pub(super) async fn chunk(
        &self,
        delivery: &Delivery,
        message: &ChunkMessage,
        parts: &Parts,
        invocation: Invocation,
    ) -> Result<Handled, JobError> {
        let began = Instant::now();
        let Some(mut chunk) = self.find(message, parts).await? else { return Ok(Handled::default()) };
        if !chunk.job.runs() {
            self.prepared.forget(chunk.job.id);
        }
        let gate = self.gate(&chunk, delivery).await?;
        if gate.was_parked() {
            // Its job has changed since it was read: it runs again, perhaps in another round.
            let Some(changed) = self.find(message, parts).await? else { return Ok(Handled::default()) };
            chunk = changed;
        }
        if matches!(gate, Gate::Bury { .. } | Gate::Run { .. }) {
            self.patiently(invocation, || self.note_return(&chunk, delivery)).await?;
        }
        let (ran, was_parked) = match gate {
            Gate::Drop => return Ok(chunk.needed_no_work("dropped a chunk: its job was cancelled or deleted")),
            Gate::Parked => return Ok(chunk.needed_no_work("parked a chunk: its job is held")),
            Gate::Settled => return Ok(self.settled_before(&chunk).await),
            Gate::Later { wait, was_parked } => (chunk.later(wait), was_parked),
            Gate::Bury { was_parked } => (Box::pin(self.bury(&chunk, delivery)).await?, was_parked),
            Gate::Run { mode, was_parked } => (self.run(&chunk, delivery, mode, invocation).await?, was_parked),
        };
        let settled = self.settle_chunk(&chunk, &ran, invocation).await?;
        chunk.log_settled(&ran, began);
        let finished = self.finish(&chunk, &ran, &settled, was_parked, invocation).await;
        Ok(Handled::of(&ran, &settled, finished))
    }

    /// A delivery of a settled chunk looks upward too: the worker that settled it may have died before it did.
    async fn settled_before(&self, chunk: &ChunkContext<'_>) -> Handled {
        chunk.log("a chunk came that was settled before");
        let looked = look_upward(&self.app, chunk.part).await;
        Handled { worked: Worked { duplicates: 1, ..Worked::ended(&looked) }, done: looked.map(drop) }
    }

    /// The settle stage. If a chunk has nothing to settle, the part is returned as it was read.
    async fn settle_chunk(&self, chunk: &ChunkContext<'_>, ran: &Ran, invocation: Invocation) -> Result<Settled, JobError> {
        let Some(settlement) = &ran.settlement else { return Ok(Settled { part: Some(chunk.part.clone()), ..Settled::default() }) };
        let began = Instant::now();
        match self.patiently(invocation, || self.settle_in_time(settlement)).await? {
            Recorded::InTime(part) => Ok(Settled { part, took: Some(began.elapsed()), ..Settled::default() }),
            Recorded::TooLate => {
                self.leave(settlement, invocation).await;
                Ok(Settled { part: Some(chunk.part.clone()), too_late: true, took: None })
            }
        }
    }

    /// The stages after settling: return the rest, look upward, delete the parked copy of the message.
    async fn finish(
        &self,
        chunk: &ChunkContext<'_>,
        ran: &Ran,
        settled: &Settled,
        was_parked: bool,
        invocation: Invocation,
    ) -> Result<Option<Ended>, JobError> {
        let mut ended = ran.ended.clone();
        if let Some(part) = &settled.part {
            let returned = if settled.too_late { &chunk.all_held() } else { &ran.returned };
            self.patiently(invocation, || self.return_rest(chunk, returned)).await?;
            ended = self.patiently(invocation, || look_upward(&self.app, part)).await?.or(ended);
        }
        if ended.is_some() {
            self.prepared.forget(chunk.job.id);
        }
        // Only now: another delivery of the same message may rely on the parked copy.
        if was_parked {
            self.app.ledger.unpark(chunk.message.id, chunk.message.nonce).await?;
        }
        Ok(ended)
    }
}

impl ChunkContext<'_> {
    /// All items of the message, if the job ended before their results were recorded.
    fn all_held(&self) -> Returned {
        let held = self.message.items.iter().cloned().map(|(index, value)| self.returned(index, value, ReturnReason::Held));
        Returned { careful: self.message.careful, ..Returned::of(self.message.hops, held.collect()) }
    }

    /// All items of the message, to begin after that time.
    fn later(&self, wait: Duration) -> Ran {
        let wait = Wait::exactly(wait);
        let later = |(index, value)| ReturnedItem { wait, ..self.returned(index, value, ReturnReason::NotYet) };
        let items = self.message.items.iter().cloned().map(later).collect();
        let returned = Returned { careful: self.message.careful, ..Returned::of(self.message.hops, items) };
        Ran { returned, ..Ran::default() }
    }

    fn needed_no_work(&self, what: &'static str) -> Handled {
        self.log(what);
        Handled::default()
    }

    /// Logs a chunk that was run. Buried items are logged where that is decided.
    fn log_settled(&self, ran: &Ran, began: Instant) {
        let Some(mode) = ran.mode else { return };
        tracing::info!(
            job_id = %self.job.id,
            part = self.part.number,
            chunk = self.message.id.chunk,
            processor = self.job.processor,
            items = ran.settlement.as_ref().map_or(0, |settlement| settlement.counts().handled()),
            left = ran.returned.items.len(),
            careful = mode != Mode::Each,
            duration_ms = began.elapsed().as_millis() as u64,
            "settled a chunk"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use headway_processor::{Options, ProcessorInfo, Processors};
    use serde_json::value::RawValue;

    use super::super::run_entry::RunEntry;
    use super::*;
    use crate::app::App;
    use crate::chunk::Message;
    use crate::clock::SystemClock;
    use crate::ids::UserId;
    use crate::job::JobWrite;
    use crate::ledger::Written;
    use crate::ledger::memory::MemoryLedger;
    use crate::limits::SETTLES_AFTER;
    use crate::outcome::ItemResult;
    use crate::queue::memory::MemoryQueue;
    use crate::settle::settle;
    use crate::submit::{Submission, start_job};

    /// Bug found: the write that enters a run was given up and took effect all the same. The job had ended, so the run's results were
    /// not counted, and nobody removed the entry: readers waited for fifteen minutes.
    #[tokio::test(start_paused = true)]
    async fn a_run_that_comes_too_late_leaves_no_entry() {
        let queue = Arc::new(MemoryQueue::default());
        let app = App::new(Arc::new(MemoryLedger::default()), queue.clone(), Arc::new(SystemClock))
            .with_processors(vec![ProcessorInfo::new("p", &Options::default())]);
        let user = UserId::new("u").unwrap();
        let items = ["1", "2"].map(|item| RawValue::from_string(item.to_owned()).unwrap());
        let job = start_job(&app, Submission::new(user, "p", Some(items.into()))).await.unwrap();
        let worker = Worker::new(app.clone(), Processors::new());
        let body = queue.take().remove(0).1.body;
        let delivery = Delivery { message_id: String::new(), body, receive_count: 1, dead_letter: false };
        let message = Message::from_wire(&delivery.body).unwrap();
        let parts = worker.read(&[(&delivery, &message)]).await.unwrap();
        let Message::Chunk(message) = &message else { panic!("{message:?}") };
        let chunk = worker.find(message, &parts).await.unwrap().unwrap();
        let invocation = Invocation { began: Instant::now(), deadline: Instant::now() + Duration::from_secs(60) };

        let mut entry = RunEntry::new(invocation);
        settle(&app, &entry.entering(&worker, chunk.settlement(false))).await.unwrap();
        app.jobs.mark_cancelled(&app.ledger.job(job.id).await.unwrap().unwrap()).await.unwrap();
        crate::time::sleep(SETTLES_AFTER).await;
        // A reader that does not see the entry yet has declared the numbers final.
        let (round, read) = (job.round, job.notices.clone());
        let declared = JobWrite::Reconcile { round, expires_at: app.clock.now(), read, late_results_at: None, owes: false };
        assert!(matches!(app.jobs.update_status(job.id, &declared).await.unwrap(), Written::Applied(_)));
        let mut settlement = entry.leaving(&worker, chunk.settlement(false));
        settlement.results.insert(0, ItemResult::Processed(None));
        let ran = Ran { settlement: Some(settlement), ..Ran::default() };
        assert!(worker.settle_chunk(&chunk, &ran, invocation).await.unwrap().too_late);
        let outcome = app.ledger.outcome(message.id).await.unwrap().unwrap();
        assert!(outcome.runs.is_empty() && outcome.processed.is_empty(), "{outcome:?}");
        assert!(!app.ledger.part((job.id, 0)).await.unwrap().unwrap().is_running());
    }
}
