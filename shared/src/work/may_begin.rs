//! Whether items may begin now. This is the only place that decides it, and it is asked right before each call of the
//! processor. Another limit, such as a rate for each owner, is another check here. It answers with
//! [`NotNow::held_back`]: how long the items wait, and what the job shows meanwhile.

use std::time::Duration;

use super::chunk_context::RunContext;
use super::circuit_breaker::Refusal;
use super::group::Group;
use super::returned::{NotNow, ReturnReason};
use super::worker::Worker;
use crate::error::error_chain;
use crate::limits::DEADLINE_MARGIN;
use crate::time::Instant;

impl Worker {
    /// Whether the call with these items may begin now.
    pub(super) async fn may_begin(&self, run: &RunContext<'_>, group: &Group) -> Result<(), NotNow> {
        self.has_time_and_a_running_job(run, group).await?;
        self.has_an_open_downstream(run)
    }

    /// Not if the process is about to end; if the item is not expected to end before the deadline (unless no invocation
    /// would give it more time); or if its job is held, or in another round. If reading the job took longer than the lease,
    /// the read does not count. If the read fails, the rest is left to another delivery.
    async fn has_time_and_a_running_job(&self, run: &RunContext<'_>, group: &Group) -> Result<(), ReturnReason> {
        let RunContext { chunk, prepared, invocation, .. } = run;
        let id = chunk.job.id;
        loop {
            let now = Instant::now();
            let expected = if invocation.is_fresh(now) { Duration::ZERO } else { prepared.pace.expected() };
            if self.threads.begins_nothing() || now + DEADLINE_MARGIN + expected >= invocation.deadline {
                return Err(ReturnReason::Deadline);
            }
            if let Some(lets_begin) = self.leases.lets_begin(id, chunk.job.round) {
                return if lets_begin { Ok(()) } else { Err(ReturnReason::Held) };
            }
            if let Err(error) = self.leases.refresh(&self.app, id).await {
                let items = group.items.len();
                tracing::warn!(job_id = %id, items, error = error_chain(&error), "items do not begin: their job cannot be read");
                return Err(ReturnReason::Unread);
            }
        }
    }

    /// Not while the downstream accepts no items. But an item that has waited long enough is called once more, whatever
    /// others were told: nothing fails because of another item's answer.
    fn has_an_open_downstream(&self, run: &RunContext<'_>) -> Result<(), NotNow> {
        let Some(wait) = run.wait_behind_others() else { return Ok(()) };
        match run.prepared.breaker.refuses() {
            Some(Refusal { left, waits_for }) => Err(NotNow::held_back(wait.at_least(left), waits_for)),
            None => Ok(()),
        }
    }
}
