//! Finding: the rows of all messages are read together, then each chunk gets its own.

use std::collections::BTreeMap;

use super::chunk_context::ChunkContext;
use super::delivery::Delivery;
use super::worker::Worker;
use crate::chunk::{ChunkMessage, Message};
use crate::due::ask_to_tell_start;
use crate::error::JobError;
use crate::ids::PartId;
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::part::Part;
use crate::time::Instant;

/// The part rows of the messages.
pub(super) type Parts = BTreeMap<PartId, Part>;

impl Worker {
    /// Reads the rows of all messages together: the jobs into the leases, the parts for the caller. Begins jobs that have
    /// not begun. The job of a message that was received before is read even if it is known: its state may be what the
    /// worker that received it first did right before it died.
    pub(super) async fn read(&self, messages: &[(&Delivery, &Message)]) -> Result<Parts, JobError> {
        let read = Instant::now();
        let mut parts: Vec<PartId> = messages.iter().filter_map(|(_, message)| message.part_id()).collect();
        parts.sort_unstable();
        parts.dedup();
        let again: Vec<_> =
            messages.iter().filter(|(delivery, _)| delivery.was_received_before()).map(|(_, message)| message.job()).collect();
        let mut jobs: Vec<_> = parts.iter().map(|(job, _)| *job).collect();
        jobs.dedup();
        jobs.retain(|job| self.leases.get(*job).is_none() || again.contains(job));
        if parts.is_empty() {
            return Ok(Parts::new());
        }
        let mut rows = self.app.ledger.rows(&jobs, &parts).await?;
        for id in jobs {
            // A job whose begin could not be written is not remembered, so that it is read, and begun, again.
            match rows.jobs.remove(&id) {
                Some(job) if job.status == JobStatus::Pending && job.runs() => self.begin(&job).await?,
                job => self.leases.keep(id, job, read),
            }
        }
        Ok(rows.parts)
    }

    /// Records that the job's first item begins, and asks for this to be told.
    pub(super) async fn begin(&self, job: &Job) -> Result<(), JobError> {
        let read = Instant::now();
        let written = self.app.jobs.update_status(job.id, &JobWrite::Begin).await?;
        if let Written::Applied(job) = &written {
            ask_to_tell_start(&self.app, job).await;
        }
        self.leases.keep(job.id, written.row(), read);
        Ok(())
    }

    /// The chunk of this message; `None` if its job or part is gone.
    pub(super) async fn find<'a>(&self, message: &'a ChunkMessage, parts: &'a Parts) -> Result<Option<ChunkContext<'a>>, JobError> {
        let job = self.leases.job(&self.app, message.id.job).await?;
        let part = parts.get(&(message.id.job, message.id.part));
        // The part was read just now; what is known of the job is a lease's time old, and may be of the round before.
        Ok(job.zip(part).map(|(job, part)| ChunkContext { message: message.in_round(job.round.max(part.round)), job, part }))
    }
}
