//! A process of the system: it can die in any of its calls, and its clock is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::{ChunkId, Clock, JobError};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::faults::Faults;
use super::invariant::{Invariant, Violation};
use super::ops::{Op, Role};
use super::tally::Blow;

/// A call did not get through faults below it.
pub(crate) const GAVE_UP: &str = "fault: call that gave up";
/// Threads for calls, and one more than stuck ones make a worker end itself.
const THREADS: usize = 5;
/// How wrong a clock may be.
const SKEW_MS_MAX: i64 = 2_000;
/// How wrong where clocks agree as those of AWS do: two differ by twice that at most.
const SMALL_SKEW_MS_MAX: i64 = 200;

/// A process that can die, with its own clock.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) faults: Faults,
    pub(crate) id: u64,
    pub(crate) role: Role,
    died: Arc<Notify>,
    skew: TimeDelta,
    started: Instant,
    /// Whether its calls do not fail by themselves: its faults strike further down.
    struck_below: bool,
    /// What this process has marked, and not unmarked: an item, or `None` for preparing. Of a chunk it is one, or what was and
    /// what is to be.
    pub(crate) marks: Arc<Mutex<BTreeMap<ChunkId, BTreeSet<Option<u64>>>>>,
    /// Threads that calls which never yield have taken from it.
    pub(crate) stuck: Arc<AtomicUsize>,
    /// Whether an item or a job that was prepared kills it, and no fault.
    killed: Arc<AtomicBool>,
    /// When its invocation is stopped.
    pub(crate) deadline: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Process")
    }
}

impl Process {
    /// A process whose clock is wrong by up to two seconds; `started` is the history's begin.
    pub(crate) fn new(faults: Faults, started: Instant) -> Self {
        let most = if faults.clocks_agree() { SMALL_SKEW_MS_MAX } else { SKEW_MS_MAX };
        let skew_ms = faults.pick(2 * most as u64) as i64 - most;
        if skew_ms.abs() > SKEW_MS_MAX / 2 {
            faults.saw("fault: clock skew");
        }
        let (id, skew) = (faults.next_process(), TimeDelta::milliseconds(skew_ms));
        Self {
            faults,
            id,
            role: Role::Api,
            died: Arc::default(),
            skew,
            started,
            struck_below: false,
            marks: Arc::default(),
            stuck: Arc::default(),
            killed: Arc::default(),
            deadline: Arc::default(),
        }
    }

    pub(crate) fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same process, where faults strike below its calls.
    pub(crate) fn struck_below(&self) -> Self {
        Self { struck_below: true, ..self.clone() }
    }

    /// Runs `life` unless the process dies in one of its calls: then `None`, and the future is dropped where it was.
    pub(crate) async fn run<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died.notified() => None,
            out = life => Some(out),
        }
    }

    /// One call of the table or the queue.
    pub(crate) async fn call<T>(&self, op: Op, effect: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
        let what = op.kind.name();
        let _under_way = self.faults.begin(self.id, self.role, op);
        self.trace(&op, "called");
        if self.struck_below {
            return self.come_through(effect.await);
        }
        self.late().await;
        if self.faults.throttles() {
            return Err(JobError::unavailable(what, "throttled"));
        }
        if self.faults.blow(&op, Blow::NeverReturns) {
            std::future::pending::<()>().await;
        }
        self.may_be_struck_down(&op, Blow::CrashBefore).await;
        if self.faults.blow(&op, Blow::ErrorBefore) {
            return Err(JobError::unavailable(what, "struck before"));
        }
        let out = effect.await;
        self.trace(&op, if out.is_ok() { "done" } else { "refused" });
        self.may_be_struck_down(&op, Blow::CrashAfter).await;
        if self.faults.blow(&op, Blow::ErrorAfter) {
            if out.is_ok() && op.kind.writes() {
                self.faults.saw("fault: committed write whose answer is lost");
            }
            return Err(JobError::unavailable(what, "struck after"));
        }
        self.comes_back_late().await;
        out
    }

    /// What came of a call with faults below it.
    fn come_through<T>(&self, out: Result<T, JobError>) -> Result<T, JobError> {
        match &out {
            Err(JobError::Unavailable { .. }) => self.faults.saw(GAVE_UP),
            Err(JobError::Corrupt { .. }) => {
                self.faults.violated(Violation::new(Invariant::RowsCanBeRead, format!("{:?}", out.as_ref().err())))
            }
            _ => {}
        }
        out
    }

    /// Notes what tells this history from another; with `HEADWAY_SIM_TRACE` set it is printed.
    fn trace(&self, op: &Op, what: &str) {
        static PRINTS: LazyLock<bool> = LazyLock::new(|| std::env::var_os("HEADWAY_SIM_TRACE").is_some());
        let at = self.started.elapsed();
        self.faults.trace(&[self.id, op.kind as u64, at.as_millis() as u64]);
        if *PRINTS {
            let Op { kind, job, part, chunk } = op;
            let job = job.map(|job| job.to_string()).unwrap_or_default();
            eprintln!("{:>12.3} {:?} {} {kind:?} {what} {job:.8} {part:?} {chunk:?}", at.as_secs_f64(), self.role, self.id);
        }
    }

    /// The way there takes a moment, sometimes long.
    pub(crate) async fn late(&self) {
        let wait = if self.faults.strike("fault: late call", 10) { self.faults.pick(8_000) } else { self.faults.pick(20) };
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// The way back seldom takes as long.
    pub(crate) async fn comes_back_late(&self) {
        if self.faults.strike("fault: late answer", 80) {
            tokio::time::sleep(Duration::from_millis(self.faults.pick(2_000))).await;
        }
    }

    /// The process dies here and now.
    pub(crate) async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }

    /// What it was called with kills it: it dies at the next thing it waits for.
    pub(crate) fn is_killed(&self) {
        self.will_be_killed();
        self.died.notify_one();
    }

    /// What it was called with will end it.
    pub(crate) fn will_be_killed(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }

    /// Whether its end is the work of what it was called with.
    pub(crate) fn was_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Whether calls that never yield have taken all its threads: no other call gets anywhere.
    pub(crate) fn has_no_thread(&self) -> bool {
        self.stuck.load(Ordering::Relaxed) >= THREADS
    }

    async fn may_be_struck_down(&self, op: &Op, blow: Blow) {
        if self.faults.blow(op, blow) {
            self.die().await;
        }
    }

    /// Whether its invocation has less than this left.
    pub(crate) fn has_less_than(&self, left: Duration) -> bool {
        self.deadline.lock().unwrap().is_some_and(|deadline| Instant::now() + left >= deadline)
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
