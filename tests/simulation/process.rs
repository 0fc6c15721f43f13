//! A process of the system. It can die in any of its calls, and its clock is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::task::AtomicWaker;
use headway_core::chunk::Message;
use headway_core::time::{Instant, sleep};
use headway_core::work::Delivery;
use headway_core::{ChunkId, Clock, JobError, JobId};
use uuid::Uuid;

use super::charges::Charges;
use super::dead_letters::Received;
use super::faults::Faults;
use super::invariant::{Invariant, Violation};
use super::ops::{Kind, Op, Role};
use super::tally::Blow;

/// A call failed because of faults below it.
pub(crate) const GAVE_UP: &str = "fault: call that gave up";
/// The number of threads for calls: one more than the number of stuck threads at which a worker ends itself.
const THREADS: usize = 5;
/// How wrong a clock may be.
const SKEW_MS_MAX: i64 = 2_000;
/// How wrong a clock may be if clocks agree as AWS's do: two clocks differ by at most twice that.
const SMALL_SKEW_MS_MAX: i64 = 200;

/// What killed a process: an item of a job, or `None` for preparing it.
pub(crate) type Killer = (JobId, Option<u64>);

/// What a process has marked: an item of a chunk, or `None` for preparing its job, and the round for which the mark counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Marked {
    pub(crate) item: Option<u64>,
    pub(crate) round: u32,
    /// Its strikes before.
    pub(crate) strikes: u32,
}

/// What a process has for itself. All that make calls for it share it.
#[derive(Default)]
pub(crate) struct Own {
    has_died: AtomicBool,
    waker: AtomicWaker,
    /// The marks that this process has written and not removed. A chunk has one mark, or the old and the next one.
    pub(crate) marks: Mutex<BTreeMap<ChunkId, BTreeSet<Marked>>>,
    /// What kills it, if that is not a fault.
    killer: Mutex<Option<Killer>>,
    /// When its invocation is stopped.
    pub(crate) deadline: Mutex<Option<Instant>>,
    /// The messages of its invocation.
    pub(crate) at_work: Mutex<Vec<Received>>,
    /// What the calls of its invocation charged.
    pub(crate) charges: Mutex<Charges>,
    /// True if a fault struck it in its invocation.
    pub(crate) is_struck: AtomicBool,
}

impl Own {
    fn has_died(&self) -> bool {
        self.has_died.load(Ordering::Relaxed)
    }

    fn dies(&self) {
        self.has_died.store(true, Ordering::Relaxed);
        self.waker.wake();
    }
}

/// A process that can die, with its own clock.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) faults: Faults,
    pub(crate) id: u64,
    pub(crate) role: Role,
    pub(crate) own: Arc<Own>,
    /// What its clock shows when the history begins.
    clock_began: DateTime<Utc>,
    started: Instant,
    /// True if its calls do not fail themselves because its faults occur further down.
    struck_below: bool,
    /// The number of its threads that calls which never yield have blocked.
    pub(crate) stuck: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Process")
    }
}

impl Process {
    /// A process whose clock is wrong by up to two seconds; `started` is the beginning of the history.
    pub(crate) fn new(faults: Faults, started: Instant) -> Self {
        let most = if faults.clocks_agree() { SMALL_SKEW_MS_MAX } else { SKEW_MS_MAX };
        let drawn = faults.pick(2 * most as u64) as i64 - most;
        let skew_ms = if faults.is_one_machine() { 0 } else { drawn };
        if skew_ms.abs() > SKEW_MS_MAX / 2 {
            faults.saw("fault: clock skew");
        }
        let id = faults.next_process();
        Self {
            faults,
            id,
            role: Role::Api,
            own: Arc::default(),
            clock_began: DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(skew_ms),
            started,
            struck_below: false,
            stuck: Arc::default(),
        }
    }

    pub(crate) fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// The same process, with faults below its calls.
    pub(crate) fn struck_below(&self) -> Self {
        Self { struck_below: true, ..self.clone() }
    }

    /// Runs `life`. If the process dies in one of its calls, returns `None`, and the future is dropped where it was.
    pub(crate) async fn run<T>(&self, life: impl Future<Output = T>) -> Option<T> {
        let mut life = pin!(life);
        let mut known: Option<Waker> = None;
        poll_fn(|context| {
            // Another task may kill it later.
            if !known.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                self.own.waker.register(context.waker());
                known = Some(context.waker().clone());
            }
            let out = if self.own.has_died() { Poll::Pending } else { life.as_mut().poll(context) };
            if self.own.has_died() { Poll::Ready(None) } else { out.map(Some) }
        })
        .await
    }

    /// One call of the table or the queue.
    pub(crate) async fn call<T>(&self, op: Op, effect: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
        let what = op.kind.name();
        let _under_way = self.faults.begin(self.id, self.role, op);
        self.trace(&op, "called");
        if self.struck_below {
            return self.come_through(effect.await);
        }
        self.late(Some(op.kind)).await;
        if self.faults.throttles() {
            self.is_struck();
            return Err(JobError::unavailable(what, "throttled"));
        }
        match self.faults.first_blow(&op, &[Blow::NeverReturns, Blow::CrashBefore, Blow::ErrorBefore]) {
            None => {}
            Some(Blow::NeverReturns) => {
                self.is_struck();
                std::future::pending().await
            }
            Some(Blow::CrashBefore) => self.die().await,
            Some(_) => {
                self.is_struck();
                return Err(JobError::unavailable(what, "struck before"));
            }
        }
        let out = effect.await;
        if let Some(job) = op.job.filter(|_| op.kind.writes() && op.kind != Kind::Send) {
            self.faults.changed(job);
        }
        self.trace(&op, if out.is_ok() { "done" } else { "refused" });
        match self.faults.first_blow(&op, &[Blow::CrashAfter, Blow::ErrorAfter]) {
            None => {}
            Some(Blow::CrashAfter) => self.die().await,
            Some(_) => {
                if out.is_ok() && op.kind.writes() {
                    self.faults.saw("fault: committed write whose answer is lost");
                }
                self.is_struck();
                return Err(JobError::unavailable(what, "struck after"));
            }
        }
        self.comes_back_late().await;
        out
    }

    /// The result of a call with faults below it.
    fn come_through<T>(&self, out: Result<T, JobError>) -> Result<T, JobError> {
        match &out {
            Err(JobError::Unavailable { .. }) => {
                self.faults.saw(GAVE_UP);
                self.is_struck();
            }
            Err(JobError::Corrupt { .. }) => {
                self.faults.violated(Violation::new(Invariant::RowsCanBeRead, format!("{:?}", out.as_ref().err())))
            }
            _ => {}
        }
        out
    }

    /// Adds to the history's hash; with `HEADWAY_SIM_TRACE` set it is also printed.
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

    /// The request takes a moment, sometimes long.
    pub(crate) async fn late(&self, kind: Option<Kind>) {
        sleep(self.faults.late_by(kind)).await;
    }

    /// The answer seldom takes as long.
    pub(crate) async fn comes_back_late(&self) {
        if self.faults.strike("fault: late answer", 80) {
            sleep(Duration::from_millis(self.faults.pick(2_000))).await;
        }
    }

    /// The process dies at this point.
    pub(crate) async fn die(&self) {
        self.is_struck();
        self.own.dies();
        std::future::pending::<()>().await;
    }

    fn is_struck(&self) {
        self.own.is_struck.store(true, Ordering::Relaxed);
    }

    /// An invocation begins with these messages, of which `alive` are no dead letters.
    pub(crate) fn begins(&self, batch: &[Delivery], alive: Vec<Received>, deadline: Instant) {
        *self.own.deadline.lock().unwrap() = Some(deadline);
        *self.own.at_work.lock().unwrap() = alive;
        *self.own.charges.lock().unwrap() = Charges::of(batch);
        self.own.is_struck.store(false, Ordering::Relaxed);
    }

    /// It sends these messages.
    pub(crate) fn sends<'a>(&self, messages: impl Iterator<Item = &'a Message> + Clone) {
        self.faults.sends(messages.clone());
        for message in messages {
            if let Message::Chunk(rest) = message
                && let Some(what) = self.own.charges.lock().unwrap().forgotten_by(rest)
            {
                self.faults.violated(Violation::new(Invariant::ChargesAreKept, what));
            }
        }
    }

    /// The messages of its invocation that have no end yet. It does not go on with them.
    pub(crate) fn leaves(&self) -> Vec<Received> {
        std::mem::take(&mut *self.own.at_work.lock().unwrap())
    }

    /// True if a fault struck it in its invocation, and nothing that it was called with ends it.
    pub(crate) fn fails_by_chance(&self) -> bool {
        self.own.is_struck.load(Ordering::Relaxed) && self.killer().is_none()
    }

    /// What the process was called with kills it: it dies when it next waits for something.
    pub(crate) fn is_killed(&self, killer: Killer) {
        self.will_be_killed(killer);
        self.own.dies();
    }

    /// What the process was called with will end it.
    pub(crate) fn will_be_killed(&self, killer: Killer) {
        self.own.killer.lock().unwrap().get_or_insert(killer);
    }

    /// What causes its end, if it was called with that.
    pub(crate) fn killer(&self) -> Option<Killer> {
        *self.own.killer.lock().unwrap()
    }

    /// True if calls that never yield have blocked all its threads, so that no other call progresses.
    pub(crate) fn has_no_thread(&self) -> bool {
        self.stuck.load(Ordering::Relaxed) >= THREADS
    }

    /// True if its invocation has less than this time left.
    pub(crate) fn has_less_than(&self, left: Duration) -> bool {
        self.own.deadline.lock().unwrap().is_some_and(|deadline| Instant::now() + left >= deadline)
    }
}

impl Clock for Process {
    fn now(&self) -> DateTime<Utc> {
        self.clock_began + TimeDelta::milliseconds(self.started.elapsed().as_millis() as i64)
    }

    fn fresh_id(&self) -> Uuid {
        self.faults.pick_id()
    }
}
