//! Seeded faults. Every call of a part is a point where it can be late, fail before its effect, fail after it, or never
//! return because its process died.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headway::chunk::ChunkId;
use headway::{Clock, JobError};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

/// What a run of many histories has to have reached.
pub(crate) const EXPECTED: &[&str] = &[
    "fault: error before the effect",
    "fault: error after the effect",
    "fault: crash before the effect",
    "fault: crash after the effect",
    "fault: late call",
    "fault: duplicate delivery",
    "fault: lost delete",
    "fault: partial send",
    "fault: visibility ran out",
    "fault: dead letter",
    "job: Completed",
    "job: Failed",
    "job: Cancelled",
    "job: streamed in parts",
    "job: paused and resumed",
    "job: retried",
    "job: retried twice",
    "job: submission sent again",
    "item: failed for good",
    "item: processed again",
    "ledger: clean settle refused",
    "ledger: shadow refused",
    "ledger: merge raced",
    "ledger: roll-up refused",
    "ledger: end refused",
    "ledger: parked",
    "ledger: parked sent again",
    "ledger: stamped",
    "ledger: strike noted",
    "item: killed its worker",
    "item: Crashed",
    "ledger: stamp refused",
    "ledger: cancel during a settle",
    "sweep: reconciled",
    "sweep: ended a job",
    "sweep: abandoned",
    "sweep: revived",
];

/// The history's dice and what they brought about.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Mutex<State>>);

struct State {
    rng: fastrand::Rng,
    on: bool,
    counters: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { rng: fastrand::Rng::with_seed(seed), on: true, counters: BTreeMap::new() })))
    }

    /// From now on nothing fails any more.
    pub(crate) fn stop(&self) {
        self.0.lock().unwrap().on = false;
    }

    pub(crate) fn on(&self) -> bool {
        self.0.lock().unwrap().on
    }

    pub(crate) fn saw(&self, name: &'static str) {
        *self.0.lock().unwrap().counters.entry(name).or_default() += 1;
    }

    pub(crate) fn counters(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap().counters.clone()
    }

    /// A number below `below`.
    pub(crate) fn pick(&self, below: u64) -> u64 {
        self.0.lock().unwrap().rng.u64(0..below.max(1))
    }

    /// Whether a fault of `per_mille` happens now; counted under its name.
    pub(crate) fn strike(&self, name: &'static str, per_mille: u64) -> bool {
        let mut state = self.0.lock().unwrap();
        let struck = state.on && state.rng.u64(0..1_000) < per_mille;
        if struck {
            *state.counters.entry(name).or_default() += 1;
        }
        struck
    }

    pub(crate) fn pick_id(&self) -> Uuid {
        let mut state = self.0.lock().unwrap();
        uuid::Builder::from_random_bytes(state.rng.u128(..).to_be_bytes()).into_uuid()
    }
}

/// A process that can die, with its own clock.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) faults: Faults,
    died: Arc<Notify>,
    skew: TimeDelta,
    started: Instant,
    /// Items this process has marked, and not unmarked.
    pub(crate) marks: Arc<Mutex<BTreeMap<ChunkId, u64>>>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Process")
    }
}

impl Process {
    /// A process whose clock is wrong by up to two seconds; `started` is the history's begin.
    pub(crate) fn new(faults: Faults, started: Instant) -> Self {
        let skew = TimeDelta::milliseconds(faults.pick(4_000) as i64 - 2_000);
        Self { faults, died: Arc::new(Notify::new()), skew, started, marks: Arc::default() }
    }

    /// Runs `life` unless the process dies in one of its calls: then `None`, and the future is dropped where it was.
    pub(crate) async fn run<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            out = life => Some(out),
        }
    }

    /// One call of a part.
    pub(crate) async fn call<T>(&self, what: &'static str, effect: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
        self.late().await;
        self.may_die("fault: crash before the effect").await;
        if self.faults.strike("fault: error before the effect", 15) {
            return Err(JobError::unavailable(what, "struck before"));
        }
        let out = effect.await;
        self.may_die("fault: crash after the effect").await;
        if self.faults.strike("fault: error after the effect", 15) {
            return Err(JobError::unavailable(what, "struck after"));
        }
        self.late().await;
        out
    }

    async fn late(&self) {
        let wait = if self.faults.strike("fault: late call", 10) { self.faults.pick(8_000) } else { self.faults.pick(20) };
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// The process dies here and now.
    pub(crate) async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }

    async fn may_die(&self, name: &'static str) {
        if self.faults.strike(name, 8) {
            self.die().await;
        }
    }
}

impl Clock for Process {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = TimeDelta::milliseconds(self.started.elapsed().as_millis() as i64);
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + elapsed + self.skew
    }

    fn fresh_id(&self) -> Uuid {
        self.faults.pick_id()
    }
}
