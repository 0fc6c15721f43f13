//! Handing back what is left of a chunk: as new messages, or into the table when its job stands.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;

use super::returned::{Left, Why};
use super::worker::Worker;
use crate::chunk::{ChunkMessage, Message};
use crate::error::JobError;
use crate::job::{Job, JobStatus};
use crate::ledger::Parked;
use crate::limits::QUEUE_DELAY_MAX;
use crate::outcome::Outcome;
use crate::queue::Outgoing;

/// The first delayed try's longest wait; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);

/// What is left of a message.
pub(super) type Items = Vec<(u64, Box<RawValue>)>;

/// What is left of a message some of whose items were recorded since it was sent: it is handed back as a new one, so
/// that a chunk which makes progress is never charged for its workers' deaths.
pub(super) fn rest_after_progress(message: &ChunkMessage, recorded: Option<&Outcome>) -> Option<Vec<Left>> {
    let rest: Vec<Left> = unrecorded(message, recorded).map(|(index, value)| Left { index, value, why: Why::Progress }).collect();
    (!rest.is_empty() && rest.len() < message.items.len()).then_some(rest)
}

/// The items of a message that are not recorded, in order.
pub(super) fn unrecorded(message: &ChunkMessage, recorded: Option<&Outcome>) -> impl Iterator<Item = (u64, Box<RawValue>)> {
    message.items.iter().filter(move |(index, _)| !recorded.is_some_and(|outcome| outcome.has(*index))).cloned()
}

impl Worker {
    /// Sends what is left as new messages; keeps it in the table if the job stands; drops it if it is cancelled.
    pub(super) async fn hand_back(&self, message: &ChunkMessage, job: &Job, left: &[Left]) -> Result<(), JobError> {
        if left.is_empty() {
            return Ok(());
        }
        // What may have killed its worker is not run side by side with anything again.
        let careful = left.iter().any(|left| left.why == Why::Progress);
        let mut stopped = Items::new();
        let mut by_attempt: BTreeMap<u32, (Duration, Items)> = BTreeMap::new();
        for Left { index, value, why } in left {
            let (index, value) = (*index, value.clone());
            match *why {
                Why::Stopped => stopped.push((index, value)),
                // What was done is settled; the rest comes again with this message.
                Why::Unread => return Err(JobError::unavailable("the table", "whether the job stands could not be read")),
                Why::Deadline | Why::Progress => by_attempt.entry(message.attempt).or_default().1.push((index, value)),
                Why::Retry { attempts, after } => {
                    let (wait, items) = by_attempt.entry(attempts).or_default();
                    *wait = (*wait).max(after).max(self.backoff(attempts));
                    items.push((index, value));
                }
            }
        }
        let outgoing = by_attempt.into_iter().map(|(attempt, (delay, items))| {
            let rest = Message::Chunk(ChunkMessage { careful, ..self.message_with(message, items, attempt) });
            Ok(Outgoing { body: rest.to_wire()?, delay: delay.min(QUEUE_DELAY_MAX) })
        });
        let outgoing = outgoing.collect::<Result<Vec<_>, JobError>>()?;
        if !outgoing.is_empty() {
            self.app.queue.send(&job.user_id, outgoing).await?;
        }
        if stopped.is_empty() { Ok(()) } else { self.keep(message, job, stopped).await }
    }

    /// Items of a job that stands: into the table, and out again if it runs by then.
    async fn keep(&self, message: &ChunkMessage, job: &Job, items: Items) -> Result<(), JobError> {
        let rest = self.message_with(message, items, message.attempt);
        let (id, nonce) = (rest.id, rest.nonce);
        match self.leases.read(&self.app, job.id).await? {
            None => return Ok(()),
            Some(job) if job.deleting || job.status == JobStatus::Cancelled => return Ok(()),
            Some(_) => {}
        }
        self.app.ledger.park(&Parked { id, nonce, body: Message::Chunk(rest.clone()).to_wire()? }).await?;
        if self.leases.read(&self.app, job.id).await?.is_some_and(|job| job.runs()) {
            // Under a nonce of its own: should it be parked in turn, what is forgotten here is not that.
            let body = Message::Chunk(ChunkMessage { nonce: self.app.clock.fresh_id(), ..rest }).to_wire()?;
            self.app.queue.send(&job.user_id, vec![Outgoing { body, delay: Duration::ZERO }]).await?;
            self.app.ledger.unpark(id, nonce).await?;
        }
        Ok(())
    }

    pub(super) fn message_with(&self, message: &ChunkMessage, items: Items, attempt: u32) -> ChunkMessage {
        ChunkMessage { items, attempt, nonce: self.app.clock.fresh_id(), ..message.clone() }
    }

    /// Exponential backoff with full jitter: anything up to twice the wait before.
    fn backoff(&self, attempts: u32) -> Duration {
        let most = BACKOFF_FIRST.saturating_mul(1 << attempts.min(10)).min(QUEUE_DELAY_MAX);
        most.mul_f64(self.fraction())
    }
}
