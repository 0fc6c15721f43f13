//! Messages the queue gave up on: sent again if nothing speaks against their items, else settled as failed, so that no
//! job waits for ever.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

use super::careful::STRIKES_MAX;
use super::rest::rest_after_progress;
use super::returned::{Left, Why};
use super::worked::Worked;
use super::worker::{Delivery, Found, Worker};
use crate::chunk::{ChunkMessage, Message};
use crate::error::JobError;
use crate::item_id::id_of;
use crate::outcome::{Failure, FailureKind, ItemResult};
use crate::queue::Outgoing;
use crate::settle::settle;
use crate::settlement::Settlement;
use crate::upward::look_upward;

/// How often a message comes back from the dead-letter queue before its items are failed: a receive count also rises
/// through throttling, and through a neighbour that kills the worker.
const HOPS_MAX: u32 = 3;

impl Worker {
    pub(super) async fn dead_letter(&self, delivery: &Delivery, found: &Found<'_>, worked: &mut Worked) -> Result<(), JobError> {
        let Found { message, job, .. } = *found;
        let recorded = self.app.ledger.outcome(message.id).await?;
        if let Some(rest) = rest_after_progress(message, recorded.as_ref()) {
            return self.hand_back(&ChunkMessage { hops: 0, ..message.clone() }, job, &rest).await;
        }
        let care = self.app.ledger.care(message.id).await?;
        let suspected = care.is_some();
        if let Some(care) = care.filter(|care| care.strikes + 1 >= STRIKES_MAX) {
            // Only the item that was marked is to blame; its neighbours get another message.
            self.fail(delivery, found, worked, |index| index == care.item).await?;
            self.app.ledger.put_care(message.id, None).await?;
            let left = |(index, value): &(u64, Box<RawValue>)| Left { index: *index, value: value.clone(), why: Why::Progress };
            let rest: Vec<Left> = message.items.iter().filter(|(index, _)| *index != care.item).map(left).collect();
            return self.hand_back(message, job, &rest).await;
        }
        if message.hops < HOPS_MAX {
            // A mark speaks against its item only when it is found again: the message goes on carefully.
            let careful = message.careful || suspected;
            let again = ChunkMessage { hops: message.hops + 1, nonce: self.app.clock.fresh_id(), careful, ..message.clone() };
            let body = Message::Chunk(again).to_wire()?;
            return self.app.queue.send(&job.user_id, vec![Outgoing { body, delay: Duration::ZERO }]).await;
        }
        self.fail(delivery, found, worked, |_| true).await
    }

    /// Records the items that `which` names as failed, unless they are recorded.
    async fn fail(&self, delivery: &Delivery, found: &Found<'_>, worked: &mut Worked, which: impl Fn(u64) -> bool) -> Result<(), JobError> {
        let Found { message, job, part } = *found;
        let cause = format!("its message was received {} times and never finished", delivery.receive_count);
        let results = message.items.iter().filter(|(index, _)| which(*index)).map(|(index, value)| {
            let id = job.id_field.as_deref().and_then(|field| id_of(value, field));
            (*index, ItemResult::Failed(Failure::new(FailureKind::DeadLettered, "", &cause, message.attempt, id, value.clone())))
        });
        let settlement = Settlement {
            id: message.id,
            first_index: message.first_index,
            chunk_items: message.chunk_items,
            results: results.collect(),
            round_begun: part.round,
            merged: true,
        };
        tracing::error!(job_id = %job.id, part = part.number, chunk = message.id.chunk, "items are settled from the dead-letter queue");
        let settling = Instant::now();
        let shown = settle(&self.app, &settlement).await?;
        worked.settled(&settlement, settling.elapsed());
        match shown {
            Some(part) => look_upward(&self.app, &part).await.map(drop),
            None => Ok(()),
        }
    }
}
