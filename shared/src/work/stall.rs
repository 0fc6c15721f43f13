//! What a job shows while its chunks come again and again without a result: their workers die, or their processor cannot be
//! prepared for now. It is noted once, in the row of their part, and over with the next result.

use super::chunk_context::ChunkContext;
use super::delivery::Delivery;
use super::prepared::FailedForNow;
use super::worker::Worker;
use crate::error::{JobError, error_chain};
use crate::part::PartWrite;
use crate::waiting::{Stall, WaitReason, WaitingFor};

impl Worker {
    /// Notes that the chunk came before, to a worker that ended before its items had results.
    pub(super) async fn note_return(&self, chunk: &ChunkContext<'_>, delivery: &Delivery) -> Result<(), JobError> {
        let came_before = delivery.receive_count > 1 || delivery.dead_letter || chunk.message.hops > 0;
        if came_before { self.note_worker_ended(chunk).await } else { Ok(()) }
    }

    /// Notes that a worker with items of the chunk has ended. What is noted already says enough.
    pub(super) async fn note_worker_ended(&self, chunk: &ChunkContext<'_>) -> Result<(), JobError> {
        match chunk.part.stalled_in(chunk.job.round) {
            Some(_) => Ok(()),
            None => self.note(chunk, WaitReason::WorkerEnded, None).await,
        }
    }

    /// Notes why the chunk's processor cannot be prepared, and returns the error with which its message is left for later.
    pub(super) async fn not_prepared(&self, chunk: &ChunkContext<'_>, FailedForNow(message): FailedForNow) -> JobError {
        let (reason, error) = (WaitReason::Preparing, Some(message.as_str()));
        let noted = WaitingFor::new(&chunk.job.processor, reason, self.app.clock.now(), error);
        let is_known = |stall: &Stall| (stall.waiting_for.reason, &stall.waiting_for.last_error) == (reason, &noted.last_error);
        if !chunk.part.stalled_in(chunk.job.round).is_some_and(is_known)
            && let Err(error) = self.note(chunk, reason, error).await
        {
            tracing::warn!(job_id = %chunk.job.id, error = error_chain(&error), "what a job waits for could not be noted");
        }
        JobError::unavailable("preparing the processor", message)
    }

    async fn note(&self, chunk: &ChunkContext<'_>, reason: WaitReason, error: Option<&str>) -> Result<(), JobError> {
        let waiting_for = WaitingFor::new(&chunk.job.processor, reason, self.app.clock.now(), error);
        let round = chunk.job.round;
        let stall = Stall { waiting_for, round, handled: chunk.part.counts_in(round).handled() };
        let number = chunk.message.id.chunk;
        let write = PartWrite::Stall { chunk: number, from: chunk.part.registers.get(&number).copied(), stall };
        self.app.jobs.update_progress((chunk.job.id, chunk.part.number), &write).await.map(drop)
    }
}
