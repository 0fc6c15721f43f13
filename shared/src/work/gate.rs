//! The gate: the only place that decides, from rows and leases, what happens to a chunk.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::chunk_context::ChunkContext;
use super::delivery::Delivery;
use super::mode::Mode;
use super::worker::Worker;
use crate::error::JobError;
use crate::job::JobStatus;
use crate::ledger::Parked;
use crate::limits::RETURNS_MAX;
use crate::part::Register;
use crate::settle::forget_gone_runs;

/// What happens to a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Nothing: its job is cancelled or gone.
    Drop,
    /// It is settled already: only look upward.
    Settled,
    /// Nothing more: its job is held, and its message was parked.
    Parked,
    /// Send it again later: its items must not begin yet.
    Later {
        /// How much later.
        wait: Duration,
        /// As in [`Gate::Run`].
        was_parked: bool,
    },
    /// Its message is a dead letter, or returned too often without progress: fail the items to blame, and return the
    /// rest.
    Bury {
        /// As in [`Gate::Run`].
        was_parked: bool,
    },
    /// Run its items.
    Run {
        /// How.
        mode: Mode,
        /// True if the message was parked before its job was seen to run again: the parked copy has to be deleted once
        /// the items are settled.
        was_parked: bool,
    },
}

impl Gate {
    /// True if the message was parked, and its job then seen to run again.
    pub(super) fn was_parked(self) -> bool {
        match self {
            Self::Drop | Self::Settled | Self::Parked => false,
            Self::Later { was_parked, .. } | Self::Bury { was_parked } | Self::Run { was_parked, .. } => was_parked,
        }
    }
}

impl Worker {
    /// Decides what happens to the chunk. A message of a held job is parked first, and then the job is read again: only
    /// if it is still held is the message done.
    pub(super) async fn gate(&self, chunk: &ChunkContext<'_>, delivery: &Delivery) -> Result<Gate, JobError> {
        if chunk.job.is_terminal() && chunk.register().is_some_and(|register| register.is_running()) {
            // The worker of an earlier run may have died, and only this call removes its entry.
            forget_gone_runs(&self.app, chunk.message.id).await?;
        }
        if chunk.is_dropped(self.app.clock.now()) {
            return Ok(Gate::Drop);
        }
        if chunk.is_settled() {
            return Ok(Gate::Settled);
        }
        let was_parked = !chunk.job.runs();
        if was_parked && self.park(chunk, &delivery.body).await? {
            return Ok(Gate::Parked);
        }
        if let Some(wait) = chunk.message.not_before.and_then(|begins| (begins - self.app.clock.now()).to_std().ok())
            && !wait.is_zero()
        {
            return Ok(Gate::Later { wait, was_parked });
        }
        Ok(match delivery.dead_letter || chunk.message.returns >= RETURNS_MAX {
            true => Gate::Bury { was_parked },
            false => Gate::Run { mode: Mode::of(&chunk.message, delivery), was_parked },
        })
    }

    /// Parks the message. Returns true if its job is still held.
    async fn park(&self, chunk: &ChunkContext<'_>, body: &str) -> Result<bool, JobError> {
        let (id, nonce) = (chunk.message.id, chunk.message.nonce);
        self.app.ledger.park(&Parked { id, nonce, body: body.to_owned() }).await?;
        Ok(!self.leases.read(&self.app, id.job).await?.is_some_and(|job| job.runs()))
    }
}

impl ChunkContext<'_> {
    fn is_dropped(&self, now: DateTime<Utc>) -> bool {
        self.job.is_gone(now) || self.job.status == JobStatus::Cancelled
    }

    fn is_settled(&self) -> bool {
        self.register().is_some_and(|register| register.is_full())
    }

    fn register(&self) -> Option<Register> {
        self.part.registers.get(&self.message.id.chunk).copied()
    }
}
