//! Whether an item may begin now. Checked before each call of the processor.

use std::time::Duration;

use tokio::time::Instant;

use super::chunk_context::RunContext;
use super::returned::ReturnReason;
use super::worker::Worker;
use crate::error::error_chain;
use crate::limits::DEADLINE_MARGIN;

impl Worker {
    /// Why no item of the chunk may begin now, if so: the process is about to end; the item is not expected to end
    /// before the deadline (unless no invocation would give it more time); or its job is held. If reading the job took
    /// longer than the lease, the read does not count. If the read fails, the rest is left to another delivery.
    pub(super) async fn must_return(&self, run: &RunContext<'_>) -> Option<ReturnReason> {
        let RunContext { chunk, prepared, invocation, .. } = run;
        let id = chunk.job.id;
        loop {
            let now = Instant::now();
            let expected = if invocation.is_fresh(now) { Duration::ZERO } else { prepared.pace.expected() };
            if self.place.is_spent() || now + DEADLINE_MARGIN + expected >= invocation.deadline {
                return Some(ReturnReason::Deadline);
            }
            if let Some(lets_begin) = self.leases.lets_begin(id) {
                return (!lets_begin).then_some(ReturnReason::Held);
            }
            if let Err(error) = self.leases.refresh(&self.app, id).await {
                tracing::warn!(job_id = %id, error = error_chain(&error), "no further item of the chunk is begun");
                return Some(ReturnReason::Unread);
            }
        }
    }
}
