//! What is recorded about the calls of the processor, and about the marks that processes leave behind.

use std::collections::BTreeMap;
use std::sync::Mutex;

use headway_core::JobId;
use headway_core::time::Instant;

use super::process::Marked;

/// What was recorded about an item.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) begun: u32,
    /// How often it began in a call of its own, before this one.
    pub(crate) alone: u32,
    /// How often it began in its job's current round.
    pub(crate) begun_in_round: u32,
    pub(crate) last_begun: Option<Instant>,
    pub(crate) succeeded: u32,
    pub(crate) left: LeftByRound,
}

/// The marks that processes have left behind, by the round for which they count.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftByRound(BTreeMap<u32, Left>);

impl LeftByRound {
    fn add(&mut self, round: u32, was_killed: bool) {
        let left = self.0.entry(round).or_default();
        left.marks += 1;
        left.by_chance += u32::from(!was_killed);
    }

    /// Those that count in this round or a later one.
    pub(crate) fn since(&self, round: u32) -> Left {
        let add = |sum: Left, left: &Left| Left { marks: sum.marks + left.marks, by_chance: sum.by_chance + left.by_chance };
        self.0.range(round..).fold(Left::default(), |sum, (_, left)| add(sum, left))
    }
}

/// How many marks processes have left behind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Left {
    pub(crate) marks: u32,
    /// How many of these were left because of a fault, and not because of what the process was called with.
    by_chance: u32,
}

impl Left {
    /// True if a harmless item may have been failed for its marks: it was marked twice, and not only because of others.
    /// An item with one strike runs alone, so the second strike is either its own or chance.
    pub(crate) fn excuses(self) -> bool {
        self.marks >= 2 && self.by_chance >= 1
    }
}

/// Every call of the processor.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<(JobId, u64), Seen>,
    preparing: BTreeMap<JobId, LeftByRound>,
    cancelled: BTreeMap<JobId, Instant>,
    paused: BTreeMap<JobId, Paused>,
}

/// Whether a job is known to be paused.
#[derive(Debug, Clone, Copy)]
enum Paused {
    /// That was acknowledged then.
    Since(Instant),
    /// Somebody has begun to resume or retry it. Without an answer that may be done at any later time.
    MayGoOn,
}

impl Calls {
    pub(crate) fn note(&self, job: JobId, index: u64, change: impl FnOnce(&mut Seen)) -> u32 {
        let mut state = self.0.lock().unwrap();
        let seen = state.items.entry((job, index)).or_default();
        change(seen);
        seen.begun
    }

    /// A process ended and left its mark on an item of the job, or on preparing it.
    pub(crate) fn left_marked(&self, job: JobId, mark: Marked, was_killed: bool) {
        let mut state = self.0.lock().unwrap();
        let left = match mark.item {
            Some(index) => &mut state.items.entry((job, index)).or_default().left,
            None => state.preparing.entry(job).or_default(),
        };
        left.add(mark.round, was_killed);
    }

    /// How many marks were left on preparing this job, that count in this round.
    pub(crate) fn left_preparing(&self, job: JobId, round: u32) -> Left {
        self.0.lock().unwrap().preparing.get(&job).map(|left| left.since(round)).unwrap_or_default()
    }

    /// What was recorded about the item.
    pub(crate) fn of(&self, job: JobId, index: u64) -> Seen {
        self.0.lock().unwrap().items.get(&(job, index)).cloned().unwrap_or_default()
    }

    /// How many of the job's items succeeded at least once.
    pub(crate) fn succeeded(&self, job: JobId) -> u64 {
        let state = self.0.lock().unwrap();
        state.items.range((job, 0)..=(job, u64::MAX)).filter(|(_, seen)| seen.succeeded > 0).count() as u64
    }

    /// How many of the job's items began or were given up.
    pub(crate) fn any_processed_again(&self) -> bool {
        self.0.lock().unwrap().items.values().any(|seen| seen.succeeded > 1)
    }

    /// A cancel was acknowledged just now.
    pub(crate) fn cancelled(&self, job: JobId) {
        self.0.lock().unwrap().cancelled.entry(job).or_insert_with(Instant::now);
    }

    /// A pause was acknowledged just now.
    pub(crate) fn paused(&self, job: JobId) {
        self.0.lock().unwrap().paused.entry(job).or_insert_with(|| Paused::Since(Instant::now()));
    }

    /// Somebody begins to resume the job, or to retry it.
    pub(crate) fn may_go_on(&self, job: JobId) {
        self.0.lock().unwrap().paused.insert(job, Paused::MayGoOn);
    }

    /// Each attempt to resume the job was answered.
    pub(crate) fn goes_on(&self, job: JobId) {
        self.0.lock().unwrap().paused.remove(&job);
    }

    pub(crate) fn began_while_held(&self, job: JobId) -> bool {
        let state = self.0.lock().unwrap();
        let paused = match state.paused.get(&job) {
            Some(Paused::Since(at)) => Some(at),
            Some(Paused::MayGoOn) | None => None,
        };
        paused.into_iter().chain(state.cancelled.get(&job)).any(|at| Instant::now() > *at)
    }
}
