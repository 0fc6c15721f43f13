//! Messages the queue gave up on: sent again if nothing speaks against their items, else settled as failed, so that no
//! job waits for ever.

use super::careful::STRIKES_MAX;
use super::chunk_context::ChunkContext;
use super::delivery::Delivery;
use super::ran::Ran;
use super::returned::{ReturnReason, Returned};
use super::worker::Worker;
use crate::error::JobError;
use crate::ledger::CareMark;
use crate::outcome::{FailureKind, ItemResult};
use crate::settlement::Settlement;

/// How often a message comes back from the dead-letter queue before its items are failed: a receive count also rises
/// through throttling, and through a neighbour that kills the worker.
const HOPS_MAX: u32 = 3;

impl Worker {
    /// What is to be failed of a dead letter, and what is to be returned.
    pub(super) async fn bury(&self, chunk: &ChunkContext<'_>, delivery: &Delivery) -> Result<Ran, JobError> {
        let message = chunk.message;
        let recorded = self.app.ledger.outcome(message.id).await?;
        if let Some(rest) = chunk.rest_after_progress(recorded.as_ref()) {
            return Ok(Ran { returned: Returned::of(0, rest), ..Ran::default() });
        }
        let mark = self.app.ledger.care(message.id).await?;
        let suspected = mark.is_some();
        if let Some(mark) = mark.filter(|mark| mark.strikes + 1 >= STRIKES_MAX) {
            return self.convict(chunk, delivery, &mark).await;
        }
        if message.hops < HOPS_MAX {
            // A mark speaks against its item only when it is found again: the message goes on carefully.
            let careful = message.careful || suspected;
            let all = message.items.iter().cloned().map(|(index, value)| chunk.returned(index, value, ReturnReason::DeadLetter));
            let returned = Returned { careful, ..Returned::of(message.hops + 1, all.collect()) };
            return Ok(Ran { returned, ..Ran::default() });
        }
        Ok(Ran { settlement: Some(chunk.dead_lettered(delivery, |_| true)), ..Ran::default() })
    }

    /// Only the item that was marked is to blame; its neighbours get another message.
    async fn convict(&self, chunk: &ChunkContext<'_>, delivery: &Delivery, mark: &CareMark) -> Result<Ran, JobError> {
        let settlement = chunk.dead_lettered(delivery, |index| index == mark.item);
        self.checkpoint(&settlement).await?;
        self.app.ledger.put_care(chunk.message.id, None).await?;
        let others = chunk.message.items.iter().filter(|(index, _)| *index != mark.item).cloned();
        let rest = others.map(|(index, value)| chunk.returned(index, value, ReturnReason::Progress)).collect();
        Ok(Ran::of(settlement, chunk.message.hops, rest))
    }
}

impl ChunkContext<'_> {
    /// A settlement that fails the items that `which` names, unless they are recorded.
    fn dead_lettered(&self, delivery: &Delivery, which: impl Fn(u64) -> bool) -> Settlement {
        tracing::error!(
            job_id = %self.job.id,
            part = self.part.number,
            chunk = self.message.id.chunk,
            "items are settled from the dead-letter queue"
        );
        let cause = format!("its message was received {} times and never finished", delivery.receive_count);
        let failed = |(index, value): &(u64, Box<_>)| {
            let failure = self.failure(FailureKind::DeadLettered, &cause, self.message.attempt, Clone::clone(value));
            (*index, ItemResult::Failed(failure))
        };
        let results = self.message.items.iter().filter(|(index, _)| which(*index)).map(failed).collect();
        Settlement { results, ..self.settlement(true) }
    }
}
