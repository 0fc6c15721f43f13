//! The run stage: prepares everything that the items need, then runs them.

use chrono::TimeDelta;

use super::backoff::Wait;
use super::chunk_context::{ChunkContext, RunContext};
use super::delivery::{Delivery, Invocation};
use super::mode::Mode;
use super::ran::Ran;
use super::returned::{ReturnReason, ReturnedItem};
use super::worker::Worker;
use crate::error::JobError;
use crate::job::JobStatus;
use crate::outcome::Outcome;
use crate::part::Register;
use crate::settlement::Settlement;
use crate::time::Instant;
use crate::waiting::{WaitReason, WaitingFor};

impl Worker {
    /// Runs the items of the chunk that are not recorded.
    pub(super) async fn run(
        &self,
        chunk: &ChunkContext<'_>,
        delivery: &Delivery,
        mode: Mode,
        invocation: Invocation,
    ) -> Result<Ran, JobError> {
        // The job was paused when the rows were read and has been resumed since, so it may not have been begun.
        if chunk.job.status == JobStatus::Pending {
            self.begin(&chunk.job).await?;
        }
        let recorded = self.recorded(chunk, delivery).await?;
        if self.threads.is_stopping() {
            let rest = chunk.unrecorded(recorded.as_ref()).map(|(index, value)| chunk.returned(index, value, ReturnReason::Deadline));
            let mut ran = Ran::of(chunk.settlement(recorded.is_some()), chunk.message.hops, rest.collect());
            // What may have killed its worker is still to be run with care.
            ran.returned.careful |= mode != Mode::Each;
            return Ok(ran);
        }
        let ran = match (mode, self.sent_anew(chunk, recorded.as_ref())) {
            (Mode::Each, _) => match self.ready(chunk).await? {
                Ok(prepared) => self.each(&RunContext::new(chunk, prepared, recorded, invocation)).await,
                Err(error) => self.refuse(chunk, recorded.as_ref(), error).await?,
            },
            (Mode::Careful { suspects_first }, None) => Box::pin(self.carefully(chunk, recorded, suspects_first, invocation)).await?,
            (Mode::Careful { .. }, Some(rest)) => Ran::of(chunk.settlement(true), chunk.message.hops, rest),
        };
        Ok(Ran { mode: Some(mode), ..ran })
    }

    /// The rest of a chunk in careful mode that has made progress, if it is to be returned as a new message, whose receives are
    /// counted from zero. The only process there is runs the rest at once: there no number of receives makes a dead letter, and a
    /// process that is killed before all its messages are done would leave one more copy of the rest behind at each death.
    fn sent_anew(&self, chunk: &ChunkContext<'_>, recorded: Option<&Outcome>) -> Option<Vec<ReturnedItem>> {
        if self.alone { None } else { chunk.rest_after_progress(recorded) }
    }

    /// The result of a run.
    pub(super) fn ran(&self, run: &RunContext<'_>, settlement: Settlement, returned: Vec<ReturnedItem>) -> Ran {
        Ran::of(self.showing_waits(settlement, &returned), run.chunk.message.hops, returned)
    }

    /// The settlement, which also says which items wait for another attempt, and what they wait for.
    pub(super) fn showing_waits(&self, mut settlement: Settlement, returned: &[ReturnedItem]) -> Settlement {
        let retries = returned.iter().filter(|item| item.reason.was_tried());
        settlement.change.retrying = retries.map(|item| item.index).collect();
        let now = Instant::now();
        let waiting = || returned.iter().filter_map(|item| Some((item, item.waits_for.as_ref()?, item.wait_left(now))));
        let first = waiting().min_by_key(|(_, waits_for, left)| (waits_for.reason == WaitReason::Error, *left));
        settlement.change.waiting_for = first.map(|(_, waits_for, Wait { least, most })| {
            let wait = if least.is_zero() { most } else { least };
            let until = self.app.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
            let held_back = waiting().all(|(item, ..)| !item.reason.was_tried());
            WaitingFor { held_back, ..waits_for.until(until) }
        });
        settlement
    }

    /// What is recorded of the chunk. On the first delivery, if the part shows nothing, nothing is read.
    async fn recorded(&self, chunk: &ChunkContext<'_>, delivery: &Delivery) -> Result<Option<Outcome>, JobError> {
        match chunk.part.registers.get(&chunk.message.id.chunk) {
            Some(Register::Outcome { .. }) => self.outcome_for(&chunk.message).await,
            None if delivery.receive_count > 1 => self.outcome_for(&chunk.message).await,
            _ => Ok(None),
        }
    }
}
