//! Dead letters: their items are sent again if nothing shows that they are to blame; otherwise they are settled as
//! failed, so that no job waits for ever.

use std::time::Duration;

use super::backoff::Wait;
use super::chunk_context::ChunkContext;
use super::delivery::Delivery;
use super::ran::Ran;
use super::returned::{ReturnReason, Returned, ReturnedItem};
use super::suspects::Suspects;
use super::values_now::value_now;
use super::worker::Worker;
use crate::counted;
use crate::error::JobError;
use crate::limits::{QUEUE_DELAY_MAX, RETURNS_MAX};
use crate::outcome::{FailureKind, ItemResult, Outcome};
use crate::settlement::Settlement;

/// How often a message may come back from the dead-letter queue before its items are failed. Its receive count rises
/// with every death of a worker, whatever the cause, and with throttling. So the limit is far higher than what it takes
/// to identify an item that kills its worker. With the waits in between it means about two hours in which no worker
/// reached any of the items.
const HOPS_MAX: u32 = 20;
/// This often it is sent again without a wait.
const HOPS_AT_ONCE: u32 = 2;

impl Worker {
    /// Decides which items of a dead letter fail, and which are returned.
    pub(super) async fn bury(&self, chunk: &ChunkContext<'_>, delivery: &Delivery) -> Result<Ran, JobError> {
        let message = &chunk.message;
        let recorded = self.outcome_for(message).await?;
        if let Some(rest) = chunk.rest_after_progress(recorded.as_ref()) {
            return Ok(Ran { returned: Returned::of(0, rest), ..Ran::default() });
        }
        // A mark of a worker that may be alive, with another delivery of the chunk, blames nobody yet.
        let mut suspects = self.suspects(self.app.ledger.care(message.id).await?.as_ref(), message.round)?;
        suspects.clear_recorded(recorded.as_ref());
        if suspects.blames_preparing(self.alone) {
            let ran = self.refuse_killer(chunk, None).await?;
            suspects.clear_preparing();
            self.app.ledger.put_care(message.id, suspects.mark_at_rest().as_ref()).await?;
            return Ok(ran);
        }
        // An item in another message of the chunk is failed with that one.
        if let Some((item, _)) = message.items.iter().find(|(index, _)| suspects.blames(*index)) {
            return self.convict(chunk, delivery, recorded.as_ref(), *item, suspects).await;
        }
        // No worker has such a processor, so sending it again changes nothing until another version is deployed.
        let is_known = self.processors.get(&chunk.job.processor).is_some();
        if is_known && message.hops < HOPS_MAX && message.returns < RETURNS_MAX {
            // It is run in careful mode from now on: nothing of it begins without a mark, and an item is blamed only if
            // its mark is found again. An item without a mark has never begun and is not to blame.
            let wait = Wait::exactly(wait(message.hops));
            let back = |index, value| ReturnedItem { wait, ..chunk.returned(index, value, ReturnReason::DeadLetter) };
            let all = message.items.iter().cloned().map(|(index, value)| back(index, value));
            let returned = Returned { careful: true, ..Returned::of(message.hops + 1, all.collect()) };
            return Ok(Ran { returned, ..Ran::default() });
        }
        Ok(Ran { settlement: Some(chunk.dead_lettered(delivery, recorded.as_ref(), |_| true)), ..Ran::default() })
    }

    /// Only this item is to blame; the other items are returned in another message.
    async fn convict(
        &self,
        chunk: &ChunkContext<'_>,
        delivery: &Delivery,
        recorded: Option<&Outcome>,
        item: u64,
        mut suspects: Suspects,
    ) -> Result<Ran, JobError> {
        let settlement = chunk.dead_lettered(delivery, recorded, |index| index == item);
        self.checkpoint(&settlement).await?;
        suspects.clear(item);
        self.app.ledger.put_care(chunk.message.id, suspects.mark_at_rest().as_ref()).await?;
        let others = chunk.message.items.iter().filter(|(index, _)| *index != item).cloned();
        let rest = others.map(|(index, value)| chunk.returned(index, value, ReturnReason::Progress)).collect();
        Ok(Ran::of(settlement, chunk.message.hops, rest))
    }
}

/// How long to wait after this many returns: longer each time, so that a cause that kills workers can be identified or
/// corrected in the meantime.
fn wait(hops: u32) -> Duration {
    match hops {
        0..HOPS_AT_ONCE => Duration::ZERO,
        _ => Duration::from_secs(1 << hops.min(10)).min(QUEUE_DELAY_MAX),
    }
}

impl ChunkContext<'_> {
    /// A settlement that fails the items chosen by `which`, unless they are recorded.
    fn dead_lettered(&self, delivery: &Delivery, recorded: Option<&Outcome>, which: impl Fn(u64) -> bool) -> Settlement {
        tracing::error!(
            job_id = %self.job.id,
            part = self.part.number,
            chunk = self.message.id.chunk,
            "items are settled from the dead-letter queue"
        );
        let cause = match self.message.returns {
            RETURNS_MAX.. => {
                format!("its message was returned {} in a row without any progress", counted(self.message.returns.into(), "time"))
            }
            _ => format!("its message was received {} and never finished", counted(delivery.receive_count.into(), "time")),
        };
        let failed = |(index, value): &(u64, Box<_>)| {
            let failure = self.failure(FailureKind::DeadLettered, &cause, self.message.attempt, value_now(recorded, *index, value));
            (*index, ItemResult::Failed(failure))
        };
        let results = self.message.items.iter().filter(|(index, _)| which(*index)).map(failed).collect();
        Settlement { results, ..self.settlement(true) }
    }
}
