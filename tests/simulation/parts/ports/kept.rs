//! Checks that what is deleted was stored elsewhere before: whenever a message is deleted or a kept item removed from
//! the table, at that moment.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use futures::FutureExt as _;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::part::Register;
use headway_core::time::Instant;
use headway_core::work::Delivery;
use headway_core::{ChunkId, Clock as _, Job, JobError, JobId, JobStatus, Ledger as _};
use uuid::Uuid;

use super::queue::{Carried, SimQueue};
use crate::faults::{Faults, Process};
use crate::invariant::{Invariant, Violation};

/// The clocks of two processes may differ by this.
const SKEW: TimeDelta = TimeDelta::seconds(5);
/// With this many kept messages there may be more pages.
const PARKED_PAGE: usize = 10;

/// The table and the queue together.
#[derive(Clone)]
pub(in crate::parts) struct Kept {
    faults: Faults,
    clock: Process,
    table: Arc<MemoryLedger>,
    queue: Arc<SimQueue>,
    /// Where each job is on its way from a pause over a resume to the next pause, with messages parked.
    pauses: Arc<Mutex<BTreeSet<(JobId, usize)>>>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

/// The stages of a job that is parked, resumed, paused and parked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pausing {
    Paused,
    Parked,
    Resumed,
}

impl Kept {
    pub(super) fn new(faults: Faults, table: Arc<MemoryLedger>, queue: Arc<SimQueue>) -> Self {
        let clock = Process::new(faults.clone(), Instant::now());
        Self { faults, clock, table, queue, pauses: Arc::default() }
    }

    /// What the job's row says now.
    pub(super) fn of_job<T>(&self, id: JobId, look: impl FnOnce(&Job) -> T) -> Option<T> {
        self.table.look_at((id, 0), |job, _| job.map(look))
    }

    /// Everything that the message carried must be in the table or somewhere else, unless nobody needs it any more.
    pub(super) fn check(&self, what: &str, carried: &Carried) {
        let (id, now) = (carried.chunk, self.clock.now());
        let is_needed = self.table.look_at((id.job, id.part), |job, part| {
            let goes_on = job.is_some_and(|job| !job.is_gone(now + SKEW) && job.status != JobStatus::Cancelled);
            goes_on && part.is_some_and(|part| !matches!(part.registers.get(&id.chunk), Some(Register::Clean { .. })))
        });
        if !is_needed {
            return;
        }
        let recorded = at_once(self.table.outcome(id)).flatten();
        let is_recorded =
            |item: u64| recorded.as_ref().is_some_and(|outcome| outcome.has(item) || outcome.again_rounds().contains_key(&item));
        let open: Vec<u64> = carried.items.iter().copied().filter(|item| !is_recorded(*item) && !self.queue.carries(id, *item)).collect();
        if open.is_empty() {
            return;
        }
        let Some(parked) = self.parked(id) else { return };
        if let Some(lost) = open.iter().find(|item| !parked.contains(item)) {
            let job = at_once(self.table.job(id.job)).flatten();
            let what = format!("{what}, and item {lost} of {id:?} is nowhere: {job:?}");
            self.faults.violated(Violation::new(Invariant::DurableBeforeForgotten, what));
        }
    }

    /// A message was kept under this nonce. It may have been sent under it before, but not after.
    pub(super) fn note_parked(&self, nonce: Uuid) {
        self.queue.note_nonce(nonce);
    }

    /// Counts the states that a delivery finds.
    pub(super) fn note_delivery(&self, delivery: &Delivery, chunk: ChunkId) {
        self.table.look_at((chunk.job, chunk.part), |job, part| {
            match job {
                None => self.faults.saw("state: delivery of a deleted job"),
                Some(job) if job.deleting => self.faults.saw("state: delivery of a deleted job"),
                Some(job) if job.paused && delivery.dead_letter => self.faults.saw("state: dead letter of a paused job"),
                Some(job) if job.is_terminal() => self.faults.saw("state: delivery of an ended job"),
                Some(_) => {}
            }
            if part.and_then(|part| part.registers.get(&chunk.chunk)).is_some_and(|register| register.is_full()) {
                self.faults.saw("state: delivery of a settled chunk");
            }
        });
    }

    /// Counts a job that was parked, resumed, paused and parked again.
    pub(super) fn note_pausing(&self, job: JobId, step: Pausing) {
        let order = [Pausing::Paused, Pausing::Parked, Pausing::Resumed, Pausing::Paused, Pausing::Parked];
        let mut pauses = self.pauses.lock().unwrap();
        let done = pauses.range((job, 0)..).take_while(|(other, _)| *other == job).count();
        if order.get(done) == Some(&step) {
            pauses.insert((job, done));
            if done + 1 == order.len() {
                self.faults.saw("ledger: parked, resumed, paused, parked again");
            }
        }
    }

    /// The chunk's items that are kept in the table; `None` if there is more than one page of them.
    fn parked(&self, id: ChunkId) -> Option<BTreeSet<u64>> {
        let page = at_once(self.table.parked((id.job, id.part)))?;
        let of_chunk = page.iter().filter(|parked| parked.id == id);
        (page.len() < PARKED_PAGE)
            .then(|| of_chunk.filter_map(|parked| Carried::of(&parked.body)).flat_map(|carried| carried.items).collect())
    }
}

/// The table in memory answers without waiting.
fn at_once<T>(answer: impl Future<Output = Result<T, JobError>>) -> Option<T> {
    answer.now_or_never().and_then(Result::ok)
}
