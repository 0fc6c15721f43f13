//! Seeded faults: the random generator of one history, and which faults it caused.
//!
//! How often each kind of fault occurs differs from history to history, and some kinds do not occur at all. Histories
//! that are all alike would reach the same states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use headway_core::chunk::Message;
use headway_core::job::NoticeKind;
use headway_core::outcome::extra::RowSizes;
use headway_core::time::Instant;
use headway_core::{ChunkId, JobId};
use tokio::sync::Notify;
use uuid::Uuid;

use super::dice::Dice;
use super::fixes::Fixes;
use super::invariant::Violation;
use super::ops::{Kind, Op, Role, SWEEP_WHILE_WORKING, races, sweep_while_working};
pub(crate) use super::process::Process;
use super::tally::{Blow, Tally};
use super::theme::Theme;

/// How much more often a kind of call fails, or is late, if the history selects it.
const FOCUS: u64 = 12;
/// How often, in a thousand calls, one is late.
const LATE_PER_MILLE: u64 = 10;
/// In one history of so many, workers send the message of a notice on until it is due, up to 70 times. In the others the queue is slow
/// with it: that shows the same of the notice.
const SENDS_ON_ONE_OF: u64 = 20;

/// The history's random generator, and which faults it caused.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    theme: Option<Theme>,
    /// A kind of call that fails more often.
    focus: Option<Kind>,
    /// A kind of call that is late more often: whoever makes it acts on what it read long before.
    slow: Option<Kind>,
    throttled_until: Option<Instant>,
    open: Vec<(u64, Role, Op)>,
    processes: u64,
    tally: Tally,
    violation: Option<Violation>,
    /// True if clocks differ by no more than AWS's may. Then readers find out whether ended jobs are settled.
    clocks_agree: bool,
    is_one_machine: bool,
    /// When failed items were last cleared to be run again, and for which round.
    cleared: BTreeMap<(JobId, u64), (Instant, u32)>,
    /// Every extra row that anybody wrote.
    extra_rows: BTreeSet<(ChunkId, Uuid)>,
    /// True if every message comes as soon as it may, also one that is then only sent on.
    sends_on: bool,
    /// How large the rows of outcomes are. In most histories records fit in the outcome row.
    row_sizes: RowSizes,
    /// When the write that began the round of a job was called, and when it was answered.
    rounds: BTreeMap<JobId, (Instant, Instant)>,
    /// Jobs of which an item began in their first round.
    begun: BTreeSet<JobId>,
    /// The notices that somebody has asked workers to tell, whether or not the queue accepted that.
    asked_to_tell: BTreeSet<(JobId, u32, NoticeKind)>,
    /// When a part of a job was last put.
    arrivals: BTreeMap<JobId, Instant>,
    /// Jobs with writes since somebody has asked for them.
    changed: BTreeSet<JobId>,
    /// Reports when a job has ended, or what became of a notice was recorded.
    ends: Arc<Notify>,
    /// What users corrected.
    fixes: Fixes,
    /// The most messages of its chunk that the queue held at a time when one with this item was sent.
    copies: BTreeMap<(JobId, u64), u32>,
}

impl State {
    fn strike(&mut self, name: &'static str, per_mille: u64) -> bool {
        let struck = self.dice.rolls(name, per_mille);
        if struck {
            self.tally.saw(name);
        }
        struck
    }
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let theme = Theme::of(&mut rng);
        let clocks_agree = rng.bool() || theme.is_some_and(Theme::clocks_agree);
        let [focus, slow] = [0, 1].map(|_| rng.bool().then(|| Kind::ALL[rng.usize(0..Kind::ALL.len())]));
        Self(Arc::new(Mutex::new(State {
            dice: Dice::new(rng, theme.map_or(&[], Theme::weights), theme.map_or(&[], Theme::blows)),
            theme,
            focus: theme.and_then(Theme::focus).or(focus),
            slow: theme.and_then(Theme::slow).or(slow),
            throttled_until: None,
            open: Vec::new(),
            processes: 0,
            tally: Tally::default(),
            violation: None,
            clocks_agree,
            // Not drawn: other histories stay what they were.
            is_one_machine: theme.is_some_and(Theme::is_on_one_machine) || (clocks_agree && seed % 7 == 3),
            cleared: BTreeMap::new(),
            extra_rows: BTreeSet::new(),
            sends_on: seed.is_multiple_of(SENDS_ON_ONE_OF),
            // Not drawn: histories without extra rows stay what they were.
            row_sizes: match seed % 6 {
                1 => RowSizes::SMALLEST,
                3 => RowSizes { outcome_bytes_max: 0, ..RowSizes::default() },
                _ => RowSizes::default(),
            },
            rounds: BTreeMap::new(),
            begun: BTreeSet::new(),
            asked_to_tell: BTreeSet::new(),
            arrivals: BTreeMap::new(),
            changed: BTreeSet::new(),
            ends: Arc::default(),
            fixes: Fixes::default(),
            copies: BTreeMap::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn sends_on(&self) -> bool {
        self.state().sends_on
    }

    pub(crate) fn row_sizes(&self) -> RowSizes {
        self.state().row_sizes
    }

    /// An extra row was written, or may have been.
    pub(crate) fn extra_row(&self, id: ChunkId, name: Uuid) {
        self.state().extra_rows.insert((id, name));
    }

    /// Every extra row of a job that anybody wrote.
    pub(crate) fn extra_rows_of(&self, job: JobId) -> Vec<(ChunkId, Uuid)> {
        self.state().extra_rows.iter().filter(|(id, _)| id.job == job).copied().collect()
    }

    /// From now on nothing fails.
    pub(crate) fn stop(&self) {
        self.state().dice.on = false;
    }

    pub(crate) fn on(&self) -> bool {
        self.state().dice.on
    }

    /// True if all processes run on one machine, with one clock, and workers end with their server.
    pub(crate) fn is_one_machine(&self) -> bool {
        self.state().is_one_machine
    }

    pub(crate) fn clocks_agree(&self) -> bool {
        self.state().clocks_agree
    }

    pub(crate) fn theme(&self) -> Option<Theme> {
        self.state().theme
    }

    /// Reports when a job has ended, or what became of a notice was recorded.
    pub(crate) fn ends(&self) -> Arc<Notify> {
        self.state().ends.clone()
    }

    pub(crate) fn saw(&self, name: &'static str) {
        self.state().tally.saw(name);
    }

    /// Removes and returns what was counted so far.
    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.state().tally)
    }

    /// A random number below `below`.
    pub(crate) fn pick(&self, below: u64) -> u64 {
        self.state().dice.rng.u64(0..below.max(1))
    }

    /// True one time in `times`.
    pub(crate) fn one_in(&self, times: u64) -> bool {
        self.pick(times) == 0
    }

    /// A random duration below `below`.
    pub(crate) fn span(&self, below: Duration) -> Duration {
        Duration::from_millis(self.pick(below.as_millis() as u64))
    }

    pub(crate) fn pick_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.state().dice.rng.u128(..).to_be_bytes()).into_uuid()
    }

    /// True if a fault that usually occurs `per_mille` occurs now; it is counted under its name.
    pub(crate) fn strike(&self, name: &'static str, per_mille: u64) -> bool {
        self.state().strike(name, per_mille)
    }

    /// How long a call of this kind, if it is known, takes before its effect.
    pub(crate) fn late_by(&self, kind: Option<Kind>) -> Duration {
        let mut state = self.state();
        let is_slow = kind.is_some() && state.slow == kind;
        let is_late = state.strike("fault: late call", if is_slow { FOCUS * LATE_PER_MILLE } else { LATE_PER_MILLE });
        Duration::from_millis(state.dice.rng.u64(0..if is_late { 8_000 } else { 20 }))
    }

    /// The first of these ways in which a call fails, if it does; it is counted for its kind.
    pub(crate) fn first_blow(&self, op: &Op, blows: &[Blow]) -> Option<Blow> {
        let mut state = self.state();
        let more = if state.focus == Some(op.kind) { FOCUS } else { 1 };
        let blow = blows.iter().copied().find(|blow| state.dice.rolls_blow(*blow, more * blow.per_mille()))?;
        state.tally.struck(op.kind, blow);
        Some(blow)
    }

    /// True if the table and the queue refuse nearly everything just now. Such a time begins at random and lasts some
    /// seconds.
    pub(crate) fn throttles(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        if state.throttled_until.is_none_or(|until| until < now) {
            if !state.dice.rolls("throttling begins", 2) {
                return false;
            }
            state.throttled_until = Some(now + Duration::from_millis(state.dice.rng.u64(0..6_000)));
        }
        let struck = state.dice.on && state.dice.rng.u64(0..10) > 0;
        if struck {
            state.tally.saw("fault: throttling");
        }
        struck
    }

    /// A call begins. It runs until the returned value is dropped; other calls about the same thing meanwhile are
    /// races.
    pub(crate) fn begin(&self, process: u64, role: Role, op: Op) -> UnderWay {
        let mut state = self.state();
        let State { open, tally, .. } = &mut *state;
        for (_, role_of, other) in open.iter().filter(|(id, ..)| *id != process) {
            races(&op, other).for_each(|race| tally.saw(race.name));
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

    /// Adds to the hash that tells this history from others.
    pub(crate) fn trace(&self, what: &[u64]) {
        self.state().tally.trace(what);
    }

    /// A failed item was cleared to be run again in this round, at this time at the earliest.
    pub(crate) fn cleared(&self, job: JobId, item: u64, at: Instant, round: u32) {
        self.state().cleared.insert((job, item), (at, round));
    }

    /// When that was, if ever.
    pub(crate) fn cleared_at(&self, job: JobId, item: u64) -> Option<Instant> {
        self.state().cleared.get(&(job, item)).map(|(at, _)| *at)
    }

    /// For which round that was; 0 if it never was.
    pub(crate) fn cleared_for(&self, job: JobId, item: u64) -> u32 {
        self.state().cleared.get(&(job, item)).map_or(0, |(_, round)| *round)
    }

    /// The first item of the job begins, in its first round.
    pub(crate) fn job_begins(&self, job: JobId) {
        self.state().begun.insert(job);
    }

    /// These messages are sent.
    pub(crate) fn sends<'a>(&self, messages: impl IntoIterator<Item = &'a Message>) {
        let told = messages.into_iter().filter_map(|message| match message {
            Message::Tell { job, round, what, .. } => Some((*job, *round, *what)),
            _ => None,
        });
        self.state().asked_to_tell.extend(told);
    }

    /// True if somebody has asked workers to tell this.
    pub(crate) fn was_asked_to_tell(&self, notice: (JobId, u32, NoticeKind)) -> bool {
        self.state().asked_to_tell.contains(&notice)
    }

    /// True if an item of the job began in its first round.
    pub(crate) fn job_began(&self, job: JobId) -> bool {
        self.state().begun.contains(&job)
    }

    /// Another round of the job has begun, by a write that was called then.
    pub(crate) fn round_begins(&self, job: JobId, called: Instant) {
        self.state().rounds.insert(job, (called, Instant::now()));
    }

    /// When its round began at the earliest, and at the latest, unless it is the first: the write may have taken effect long before
    /// its answer came.
    pub(crate) fn round_began(&self, job: JobId) -> Option<(Instant, Instant)> {
        self.state().rounds.get(&job).copied()
    }

    /// A part of the job was put that was not there before.
    pub(crate) fn part_came(&self, job: JobId) {
        self.state().arrivals.insert(job, Instant::now());
    }

    /// True if a part of the job was put within this time.
    pub(crate) fn part_came_within(&self, job: JobId, time: Duration) -> bool {
        self.state().arrivals.get(&job).is_some_and(|came| came.elapsed() < time)
    }

    /// A row of the job was written.
    pub(crate) fn changed(&self, job: JobId) {
        self.state().changed.insert(job);
    }

    /// The jobs with writes since this was asked last.
    pub(crate) fn take_changed(&self) -> BTreeSet<JobId> {
        std::mem::take(&mut self.state().changed)
    }

    /// Looks at what users corrected, or notes it.
    pub(crate) fn fixes<T>(&self, look: impl FnOnce(&mut Fixes) -> T) -> T {
        look(&mut self.state().fixes)
    }

    /// A message with these items was sent; now the queue holds so many of their chunk.
    pub(crate) fn copies_held(&self, job: JobId, items: &[u64], copies: u32) {
        let mut state = self.state();
        for item in items {
            let most = state.copies.entry((job, *item)).or_default();
            *most = copies.max(*most);
        }
    }

    /// How many messages of its chunk there were at the most when one with this item was sent.
    pub(crate) fn copies(&self, job: JobId, item: u64) -> u32 {
        self.state().copies.get(&(job, item)).copied().unwrap_or(1)
    }

    /// An invariant was violated; only the first violation is kept.
    pub(crate) fn violated(&self, violation: Violation) {
        self.state().violation.get_or_insert(violation);
    }

    pub(crate) fn verdict(&self) -> Result<(), Violation> {
        self.state().violation.clone().map_or(Ok(()), Err)
    }
}

/// A call that is running.
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
