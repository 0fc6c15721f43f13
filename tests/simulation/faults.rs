//! Seeded faults: the dice of one history, and what they brought about.
//!
//! How often each kind strikes differs from history to history, some kinds not at all: histories that are all alike
//! reach the same states.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use headway_core::JobId;
use tokio::time::Instant;
use uuid::Uuid;

use super::invariant::Violation;
use super::ops::{Kind, Op, RACES, Role, SWEEP_WHILE_WORKING, sweep_while_working};
pub(crate) use super::process::Process;
use super::tally::{Blow, Tally};

/// How much more often than usual a kind of call is struck that a history singles out.
const FOCUS: u64 = 12;

/// The history's dice and what they brought about.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Mutex<State>>);

struct State {
    rng: fastrand::Rng,
    on: bool,
    /// How often each fault strikes, in times of what is usual.
    weights: BTreeMap<&'static str, u64>,
    /// A kind of call that is struck more often.
    focus: Option<Kind>,
    throttled_until: Option<Instant>,
    open: Vec<(u64, Role, Op)>,
    processes: u64,
    tally: Tally,
    violation: Option<Violation>,
    /// Whether clocks differ by no more than AWS's may: then readers find out whether ended jobs are settled.
    clocks_agree: bool,
    /// When failed items were last cleared, to be run again.
    cleared: BTreeMap<(JobId, u64), Instant>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let clocks_agree = rng.bool();
        let focus = rng.bool().then(|| Kind::ALL[rng.usize(0..Kind::ALL.len())]);
        Self(Arc::new(Mutex::new(State {
            rng,
            on: true,
            weights: BTreeMap::new(),
            focus,
            throttled_until: None,
            open: Vec::new(),
            processes: 0,
            tally: Tally::default(),
            violation: None,
            clocks_agree,
            cleared: BTreeMap::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// From now on nothing fails any more.
    pub(crate) fn stop(&self) {
        self.state().on = false;
    }

    pub(crate) fn on(&self) -> bool {
        self.state().on
    }

    pub(crate) fn clocks_agree(&self) -> bool {
        self.state().clocks_agree
    }

    pub(crate) fn saw(&self, name: &'static str) {
        self.state().tally.saw(name);
    }

    /// What was seen so far, taken out.
    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.state().tally)
    }

    /// A number below `below`.
    pub(crate) fn pick(&self, below: u64) -> u64 {
        self.state().rng.u64(0..below.max(1))
    }

    /// One time in `times`.
    pub(crate) fn one_in(&self, times: u64) -> bool {
        self.pick(times) == 0
    }

    /// A span below `below`.
    pub(crate) fn span(&self, below: Duration) -> Duration {
        Duration::from_millis(self.pick(below.as_millis() as u64))
    }

    pub(crate) fn pick_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.state().rng.u128(..).to_be_bytes()).into_uuid()
    }

    /// Whether a fault that usually strikes `per_mille` strikes now; counted under its name.
    pub(crate) fn strike(&self, name: &'static str, per_mille: u64) -> bool {
        let mut state = self.state();
        let struck = state.rolls(name, per_mille);
        if struck {
            state.tally.saw(name);
        }
        struck
    }

    /// Whether a call is struck in this way; counted for its kind.
    pub(crate) fn blow(&self, op: &Op, blow: Blow) -> bool {
        let mut state = self.state();
        let more = if state.focus == Some(op.kind) { FOCUS } else { 1 };
        let struck = state.rolls(blow.name(), more * blow.per_mille());
        if struck {
            state.tally.struck(op.kind, blow);
        }
        struck
    }

    /// Whether the table and the queue refuse nearly everything just now: that begins at random and lasts some seconds.
    pub(crate) fn throttles(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        if state.throttled_until.is_none_or(|until| until < now) {
            if !state.rolls("throttling begins", 2) {
                return false;
            }
            state.throttled_until = Some(now + Duration::from_millis(state.rng.u64(0..6_000)));
        }
        let struck = state.on && state.rng.u64(0..10) > 0;
        if struck {
            state.tally.saw("fault: throttling");
        }
        struck
    }

    /// A call begins; until the answer is dropped it is under way, and others about the same are its races.
    pub(crate) fn begin(&self, process: u64, role: Role, op: Op) -> UnderWay {
        let mut state = self.state();
        let State { open, tally, .. } = &mut *state;
        for (_, role_of, other) in open.iter().filter(|(id, ..)| *id != process) {
            RACES.iter().filter(|race| race.is(&op, other)).for_each(|race| tally.saw(race.name));
            if sweep_while_working((role, &op), (*role_of, other)) {
                tally.saw(SWEEP_WHILE_WORKING);
            }
        }
        open.push((process, role, op));
        UnderWay { faults: self.clone(), process, kind: op.kind }
    }

    /// The number of a new process.
    pub(crate) fn next_process(&self) -> u64 {
        let mut state = self.state();
        state.processes += 1;
        state.processes
    }

    /// Adds to what tells this history from another.
    pub(crate) fn trace(&self, what: &[u64]) {
        self.state().tally.trace(what);
    }

    /// A failed item was cleared, at this time at the earliest, to be run again.
    pub(crate) fn cleared(&self, job: JobId, item: u64, at: Instant) {
        self.state().cleared.insert((job, item), at);
    }

    /// When it was, if ever.
    pub(crate) fn cleared_at(&self, job: JobId, item: u64) -> Option<Instant> {
        self.state().cleared.get(&(job, item)).copied()
    }

    /// An invariant was seen not to hold; the first stands.
    pub(crate) fn violated(&self, violation: Violation) {
        self.state().violation.get_or_insert(violation);
    }

    pub(crate) fn verdict(&self) -> Result<(), Violation> {
        self.state().violation.clone().map_or(Ok(()), Err)
    }
}

impl State {
    fn rolls(&mut self, name: &'static str, per_mille: u64) -> bool {
        if !self.on {
            return false;
        }
        let rng = &mut self.rng;
        let weight = *self.weights.entry(name).or_insert_with(|| [0, 0, 1, 1, 1, 2, 4][rng.usize(0..7)]);
        rng.u64(0..1_000) < per_mille * weight
    }
}

/// A call that is under way.
pub(crate) struct UnderWay {
    faults: Faults,
    process: u64,
    kind: Kind,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let open = &mut self.faults.state().open;
        if let Some(at) = open.iter().position(|(id, _, op)| *id == self.process && op.kind == self.kind) {
            open.swap_remove(at);
        }
    }
}
