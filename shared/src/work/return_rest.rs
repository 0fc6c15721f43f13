//! Returns the rest of a chunk: as new messages, or parked in the table if its job is held.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::value::RawValue;

use super::bundles::{Standing, bundles};
use super::chunk_context::ChunkContext;
use super::returned::{Returned, ReturnedItem};
use super::worker::Worker;
use crate::chunk::{ChunkMessage, Message};
use crate::error::JobError;
use crate::job::JobStatus;
use crate::ledger::Parked;
use crate::limits::QUEUE_DELAY_MAX;
use crate::queue::Outgoing;
use crate::time::Instant;

/// Items of a message, with their indexes.
type Items = Vec<(u64, Box<RawValue>)>;

impl Worker {
    /// Sends the returned items as new messages; parks them if the job is held; drops them if the job is cancelled.
    pub(super) async fn return_rest(&self, chunk: &ChunkContext<'_>, returned: &Returned) -> Result<(), JobError> {
        // The results are settled; the rest comes again with this same message.
        if returned.items.iter().any(|item| item.reason.leaves_the_message()) {
            return Err(JobError::unavailable("the table", "whether the job is held could not be read"));
        }
        let (held, sent): (Vec<_>, Vec<_>) = returned.items.iter().partition(|item| item.reason.is_parked());
        let outgoing = self.messages(chunk, returned, sent)?;
        if !outgoing.is_empty() {
            self.app.queue.send(&chunk.job.user_id, outgoing).await?;
        }
        if held.is_empty() { Ok(()) } else { self.park_rest(chunk, held).await }
    }

    /// A message for the items of each bundle. None of its items begins before its own wait is over.
    fn messages(&self, chunk: &ChunkContext<'_>, returned: &Returned, sent: Vec<&ReturnedItem>) -> Result<Vec<Outgoing>, JobError> {
        let now = Instant::now();
        let bundled = bundles(&chunk.message, returned, sent, now).into_iter();
        let outgoing = bundled.map(|(standing, items)| {
            let delay = self.draw(items.iter().map(|item| item.wait_left(now)));
            let Standing { attempt, call_items_max, waits, hops, returns } = standing;
            // While the rest of the chunk ran they have waited too.
            let so_far = items.iter().map(|item| now.saturating_duration_since(item.since)).min().unwrap_or_default();
            let waited = chunk.message.waited + if waits { so_far + delay } else { Duration::ZERO };
            // The queue cannot delay it for that long, so the message says itself when it may begin.
            let not_before = (delay > QUEUE_DELAY_MAX).then(|| self.app.clock.now() + TimeDelta::from_std(delay).unwrap_or_default());
            let items = items.into_iter().map(|item| (item.index, item.value.clone())).collect();
            let rest = self.message_with(chunk, items, attempt);
            let careful = returned.careful;
            let rest = Message::Chunk(ChunkMessage { hops, returns, waited, not_before, careful, call_items_max, ..rest });
            Ok(Outgoing { body: rest.into_wire()?, delay: delay.min(QUEUE_DELAY_MAX) })
        });
        outgoing.collect()
    }

    /// Parks items of a held job, and sends them again if the job runs by then. Each keeps the attempts that it was charged.
    async fn park_rest(&self, chunk: &ChunkContext<'_>, held: Vec<&ReturnedItem>) -> Result<(), JobError> {
        let mut alike: BTreeMap<(u32, Option<u16>), Items> = BTreeMap::new();
        for item in held {
            alike.entry((item.attempt, item.call_items_max)).or_default().push((item.index, item.value.clone()));
        }
        let rest = |((attempt, call_items_max), items)| ChunkMessage { call_items_max, ..self.message_with(chunk, items, attempt) };
        let rests: Vec<ChunkMessage> = alike.into_iter().map(rest).collect();
        match self.leases.read(&self.app, chunk.job.id).await? {
            None => return Ok(()),
            Some(job) if job.deleting || job.status == JobStatus::Cancelled => return Ok(()),
            Some(_) => {}
        }
        let copy = |rest: &ChunkMessage| Ok(Parked { id: rest.id, nonce: rest.nonce, body: Message::Chunk(rest.clone()).into_wire()? });
        let parked: Vec<Parked> = rests.iter().map(copy).collect::<Result<_, JobError>>()?;
        for rest in &parked {
            self.app.ledger.park(rest).await?;
        }
        if self.leases.read(&self.app, chunk.job.id).await?.is_some_and(|job| job.runs()) {
            // With new nonces: if a message that is sent here is parked before we unpark this copy, the unpark below
            // must not delete the new copy.
            let again = rests.into_iter().map(|rest| {
                let body = Message::Chunk(ChunkMessage { nonce: self.app.clock.fresh_id(), ..rest }).into_wire()?;
                Ok(Outgoing { body, delay: Duration::ZERO })
            });
            self.app.queue.send(&chunk.job.user_id, again.collect::<Result<_, JobError>>()?).await?;
            for rest in &parked {
                self.app.ledger.unpark(rest.id, rest.nonce).await?;
            }
        }
        Ok(())
    }

    /// A message like the chunk's own, with these items.
    fn message_with(&self, chunk: &ChunkContext<'_>, items: Items, attempt: u32) -> ChunkMessage {
        ChunkMessage { items, attempt, nonce: self.app.clock.fresh_id(), ..chunk.message.without_items() }
    }
}
