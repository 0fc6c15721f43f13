//! Messages the queue gave up on: sent again if nothing speaks against their items, else settled as failed, so that no
//! job waits for ever.

use std::time::Duration;

use super::{Delivery, Found, Worker};
use crate::chunk::{ChunkMessage, Message};
use crate::error::JobError;
use crate::outcome::{Failure, FailureKind, ItemResult};
use crate::queue::Outgoing;
use crate::settle::{Settlement, look_upward, settle};
use crate::submit::id_of;

/// How often a message comes back from the dead-letter queue before its items are failed: a receive count also rises
/// through throttling, and through a neighbour that kills the worker.
const HOPS_MAX: u32 = 3;

impl Worker {
    pub(super) async fn dead_letter(&self, delivery: &Delivery, found: &Found<'_>) -> Result<(), JobError> {
        let Found { message, job, part } = *found;
        let suspected = self.app.ledger.care(message.id).await?.is_some();
        if message.hops < HOPS_MAX && !suspected {
            let again = ChunkMessage { hops: message.hops + 1, nonce: self.app.clock.fresh_id(), ..message.clone() };
            let body = Message::Chunk(again).to_wire()?;
            return self.app.queue.send(&job.user_id, vec![Outgoing { body, delay: Duration::ZERO }]).await;
        }
        let cause = format!("its message was received {} times and never finished, {HOPS_MAX} times over", delivery.receive_count);
        let results = message.items.iter().map(|(index, value)| {
            let id = job.id_field.as_deref().and_then(|field| id_of(value, field));
            (*index, ItemResult::Failed(Failure::new(FailureKind::DeadLettered, "", &cause, message.attempt, id, value.clone())))
        });
        let settlement = Settlement {
            id: message.id,
            first_index: message.first_index,
            chunk_items: message.chunk_items,
            results: results.collect(),
            round_begun: part.round,
            merged: false,
        };
        tracing::error!(job_id = %job.id, part = part.number, chunk = message.id.chunk, "a chunk is settled from the dead-letter queue");
        let settled = settle(&self.app, &settlement).await?;
        if suspected {
            self.app.ledger.put_care(message.id, None).await?;
        }
        match settled {
            Some(part) => look_upward(&self.app, &part).await,
            None => Ok(()),
        }
    }
}
