//! Preparing: a job's processor is prepared with the job's params before its first item begins. If it kills its worker
//! there, that is marked like an item, and fails its job.

use super::chunk_context::ChunkContext;
use super::delivery::Invocation;
use super::prepared::{Bound, FailedForNow, Unbound};
use super::ran::Ran;
use super::returned::ReturnReason;
use super::suspects::Suspects;
use super::worker::Worker;
use crate::end::end;
use crate::error::JobError;
use crate::job::Ending;
use crate::outcome::Outcome;

impl Worker {
    /// The job's processor, prepared.
    pub(super) async fn ready(&self, chunk: &ChunkContext<'_>) -> Result<Bound, JobError> {
        if let Some(known) = self.prepared.known(&chunk.job) {
            return Ok(known);
        }
        let _turn = self.turns.beside().await;
        self.may_prepare()?;
        let bound = match Unbound::read(&self.app, &self.processors, &chunk.job).await? {
            Ok(unbound) => self.prepared.get(&self.threads, unbound, &chunk.job).await,
            Err(unknown) => Err(unknown),
        };
        self.or_noted(chunk, bound).await
    }

    /// What was prepared, or the error, once the job shows it.
    async fn or_noted(&self, chunk: &ChunkContext<'_>, bound: Result<Bound, FailedForNow>) -> Result<Bound, JobError> {
        match bound {
            Ok(bound) => Ok(bound),
            Err(failed) => Err(self.not_prepared(chunk, failed).await),
        }
    }

    /// The same, with a mark before it begins, because it may have killed its worker the last time. The mark is removed
    /// as soon as it has succeeded, so that a death while the chunk waits for its turn is not blamed on preparing. What is
    /// known of items is kept.
    pub(super) async fn ready_marked(
        &self,
        chunk: &ChunkContext<'_>,
        suspects: &mut Suspects,
        invocation: Invocation,
    ) -> Result<Bound, JobError> {
        let (id, strikes) = (chunk.message.id, suspects.preparing());
        if let Some(known) = self.prepared.known(&chunk.job) {
            if strikes > 0 {
                suspects.clear_preparing();
                self.app.ledger.put_care(id, suspects.mark_at_rest().as_ref()).await?;
            }
            return Ok(known);
        }
        let _turn = self.turns.careful(strikes).await;
        if strikes > 0 && !self.threads.takes_suspects() {
            return Err(JobError::unavailable("the worker", "threads are stuck in it, and a suspect has to be alone"));
        }
        self.may_prepare()?;
        // Read before the mark: a worker that ends while the table is slow has not died of preparing.
        let unbound = match Unbound::read(&self.app, &self.processors, &chunk.job).await? {
            Ok(unbound) => unbound,
            Err(unknown) => return self.or_noted(chunk, Err(unknown)).await,
        };
        let bound = self.ready_with_mark(chunk, unbound, suspects, invocation).await;
        if let Ok(Ok(_)) = bound {
            suspects.clear_preparing();
        }
        // Still alone, if it was struck before: a death that comes after it must not be its next strike.
        let unmarked = match strikes {
            0 => self.app.ledger.put_care(id, suspects.mark_at_rest().as_ref()).await,
            _ => self.unmark_suspect(id, suspects, invocation).await,
        };
        let bound = self.or_noted(chunk, bound?).await?;
        unmarked?;
        Ok(bound)
    }

    async fn ready_with_mark(
        &self,
        chunk: &ChunkContext<'_>,
        unbound: Unbound<'_>,
        suspects: &Suspects,
        invocation: Invocation,
    ) -> Result<Result<Bound, FailedForNow>, JobError> {
        let id = chunk.message.id;
        self.app.ledger.put_care(id, Some(&self.mark(suspects, None, invocation))).await?;
        Ok(self.prepared.get(&self.threads, unbound, &chunk.job).await)
    }

    /// An error if this process is about to end and begins nothing more.
    fn may_prepare(&self) -> Result<(), JobError> {
        if self.threads.begins_nothing() {
            Err(JobError::unavailable("the worker", "it is about to end, and begins nothing more"))
        } else {
            Ok(())
        }
    }

    /// Fails the job, since none of its items can begin. They are kept for a retry.
    pub(super) async fn refuse(&self, chunk: &ChunkContext<'_>, recorded: Option<&Outcome>, error: String) -> Result<Ran, JobError> {
        tracing::error!(job_id = %chunk.job.id, processor = chunk.job.processor, error, "a job's processor cannot be prepared");
        let ended = end(&self.app, &chunk.job, Ending::Failed(error)).await?;
        let held = chunk.unrecorded(recorded).map(|(index, value)| chunk.returned(index, value, ReturnReason::Held)).collect();
        Ok(Ran { ended, ..Ran::of(chunk.settlement(recorded.is_some()), chunk.message.hops, held) })
    }

    /// The same, for a job whose processor killed each worker that prepared it.
    pub(super) async fn refuse_killer(&self, chunk: &ChunkContext<'_>, recorded: Option<&Outcome>) -> Result<Ran, JobError> {
        let processor = &chunk.job.processor;
        let error = format!("the worker died each time it prepared the processor {processor:?} with the params of this job");
        self.refuse(chunk, recorded, error).await
    }
}
