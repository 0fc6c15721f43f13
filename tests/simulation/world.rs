//! One history: users, workers that die, a queue that delivers messages again, a sweep; then a calm time without
//! faults, and the final check.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt as _;
use headway_core::queue::Outgoing;
use headway_core::status;
use headway_core::sweep::sweep;
use headway_core::time::Instant;
use headway_core::{App, Job, JobError, JobId, Processors, UserId};
use tokio::sync::Notify;

use super::auditor::{Auditor, Book};
use super::calls::Calls;
use super::dead_letters::DeadLetters;
use super::faults::{Faults, Process};
use super::invariant::{Invariant, Violation};
use super::ops::Role;
use super::parts::Parts;
use super::processor::Scripted;
use super::receiver::{Notes, Receiver};
use super::runtime::{self, Task};
use super::server::{Server, servers_end};
use super::theme::Theme;
use super::users;
use super::workers::work;
use super::workload::Plan;

/// The calm time in which every job must end: longer than an abandoned submission is waited for and then kept, and than the
/// rounds of a job take if an item waits with all its patience, a day, in each.
const CALM: Duration = Duration::from_secs(10 * 86_400);
/// A calm time in which even a job ends that is paused and forgotten, and sealed two days later. Another such job may begin only when
/// that one has ended and was deleted.
const LONG_CALM: Duration = Duration::from_secs(18 * 86_400);
/// How long after the end of a job the users of a history about cancelling find out alone whether it is settled.
const LEFT_TO_USERS: TimeDelta = TimeDelta::seconds(30);

/// How often the sweep runs in the calm time, and after which time only days can change most jobs.
const SWEEP_EVERY: Duration = Duration::from_secs(1_000);
const SWEEP_SELDOM: Duration = Duration::from_secs(5 * 3_600);
const SOON: Duration = Duration::from_secs(4_000);
/// How long a request may take.
const API_TIMEOUT: Duration = Duration::from_secs(29);
/// How long a sweep may take.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(60);
const WORKERS: usize = 3;

/// Everything of one history.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) faults: Faults,
    began: Instant,
    /// The parts without faults, for observers.
    pub(crate) calm: App,
    pub(crate) parts: Rc<dyn Parts>,
    pub(crate) processors: Processors,
    pub(crate) plan: Arc<Plan>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) dead_letters: Rc<DeadLetters>,
    /// What endpoints were told.
    pub(crate) notes: Arc<Notes>,
    pub(crate) users: [UserId; 2],
    /// What users were told and did, for each job.
    pub(crate) books: Rc<RefCell<BTreeMap<JobId, Book>>>,
    auditor: Rc<RefCell<Auditor>>,
    /// Starts a schedule now.
    pub(crate) sweep_now: Rc<Notify>,
    /// Reports when a sweep begins.
    pub(crate) sweep_begins: Rc<Notify>,
    /// Reports when a submission was answered.
    pub(crate) answered: Rc<Notify>,
    pub(crate) server: Rc<Server>,
    /// What users still have to do.
    to_come: Rc<Cell<usize>>,
    /// The result of the last observation, and the number of writes before it.
    looked: Rc<Cell<Option<(u64, bool)>>>,
    /// What the last observation of each job showed.
    shown: Rc<RefCell<BTreeMap<JobId, Shown>>>,
}

/// What an observation of a job showed.
#[derive(Debug, Clone, Copy)]
struct Shown {
    /// True if nothing of it changes without a write: it does not settle.
    rests: bool,
    /// True if something is still to happen to it.
    waits: bool,
}

/// Runs the history of these faults' seed, over these parts.
pub(crate) async fn history(faults: Faults, parts: Rc<dyn Parts>) -> Result<(), Violation> {
    let plan = Arc::new(Plan::of(&faults));
    let calls = Arc::new(Calls::default());
    let scripted = Scripted { plan: plan.clone(), calls: calls.clone(), faults: faults.clone() };
    let began = Instant::now();
    let world = World {
        began,
        calm: parts.calm_app(&Process::new(faults.clone(), began)),
        parts,
        processors: Processors::new().with("scripted", scripted),
        plan: plan.clone(),
        calls,
        dead_letters: Rc::default(),
        notes: Arc::default(),
        users: [UserId::new("u").unwrap(), UserId::new("v").unwrap()],
        books: Rc::default(),
        auditor: Rc::new(RefCell::new(Auditor::new(faults.clone()))),
        sweep_now: Rc::default(),
        sweep_begins: Rc::default(),
        answered: Rc::default(),
        server: Rc::default(),
        to_come: Rc::default(),
        looked: Rc::default(),
        shown: Rc::default(),
        faults,
    };
    let mut tasks: Vec<_> = (0..WORKERS).map(|_| task(&world.faults, work(world.clone()))).collect();
    tasks.extend((0..plan.sweepers).map(|_| task(&world.faults, sweeps(world.clone()))));
    if world.faults.is_one_machine() {
        tasks.push(task(&world.faults, servers_end(world.clone())));
    }
    users::begin(&world);
    let verdict = world.watch().await;
    tasks.iter().for_each(Task::abort);
    verdict?;
    let auditor = world.auditor.take();
    auditor.judge(&world).await?;
    world.faults.verdict()
}

/// Runs beside the others. A panic in it is reported for the whole history.
fn task(faults: &Faults, life: impl Future<Output = ()> + 'static) -> Task {
    // Large, and otherwise moved several times.
    let (faults, life) = (faults.clone(), Box::pin(life));
    runtime::spawn(async move {
        if let Err(panic) = AssertUnwindSafe(life).catch_unwind().await {
            let said = panic.downcast_ref::<String>().cloned().or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()));
            faults.violated(Violation::new(Invariant::NothingPanics, said.unwrap_or_default()));
        }
    })
}

impl World {
    pub(crate) fn process(&self, role: Role) -> Process {
        Process::new(self.faults.clone(), self.began).with_role(role)
    }

    pub(crate) fn app(&self, process: &Process) -> App {
        let mut infos = self.processors.infos();
        // The processor's options may change with each deploy.
        infos.iter_mut().for_each(|info| info.chunk_size = 2 + self.faults.pick(4) as u16);
        let receiver =
            Receiver { process: process.clone(), plan: self.plan.clone(), notes: self.notes.clone(), calm: self.calm.ledger.clone() };
        App { retention_days: self.plan.retention_days, row_sizes: self.faults.row_sizes(), ..self.parts.app(process, infos) }
            .with_notices(Arc::new(receiver))
            .with_events(self.plan.bus.is_some())
    }

    /// One request of a user to the api; `None` if there was no answer. A user who asks again waits a moment before.
    pub(crate) async fn request<T>(&self, call: impl AsyncFnOnce(&App) -> Result<T, JobError>) -> Option<Result<T, JobError>> {
        let process = self.process(Role::Api);
        let app = self.app(&process);
        let answer = process.run(headway_core::time::timeout(API_TIMEOUT, Box::pin(call(&app)))).await.and_then(Result::ok);
        if matches!(answer, None | Some(Err(JobError::Unavailable { .. }))) {
            headway_core::time::sleep(self.faults.span(Duration::from_secs(1))).await;
        }
        answer
    }

    /// Does something for a user; the history continues until it is done.
    pub(crate) fn spawn(&self, act: impl Future<Output = ()> + 'static) {
        self.to_come.update(|n| n + 1);
        let (act, to_come) = (Box::pin(act), self.to_come.clone());
        task(&self.faults, async move {
            act.await;
            to_come.update(|n| n - 1);
        });
    }

    /// The job's current state.
    pub(crate) async fn job(&self, id: JobId) -> Option<Job> {
        self.calm.jobs.get(id).await.ok().flatten()
    }

    /// The job's row, even if nobody may see it any more.
    pub(crate) async fn row(&self, id: JobId) -> Option<Job> {
        self.calm.ledger.job(id).await.ok().flatten()
    }

    /// What the job's row says now, even if nobody may see it any more.
    pub(crate) async fn of_row<T>(&self, id: JobId, look: impl FnOnce(&Job) -> T) -> Option<T> {
        match self.parts.table() {
            Some(table) => table.look_at((id, 0), |job, _| job.map(look)),
            None => self.row(id).await.as_ref().map(look),
        }
    }

    /// Changes the record of the job.
    pub(crate) fn note(&self, id: JobId, change: impl FnOnce(&mut Book)) {
        change(self.books.borrow_mut().entry(id).or_default());
    }

    /// Observes every job repeatedly, in the time of faults and in the calm time after it, until nothing is left to
    /// happen.
    async fn watch(&self) -> Result<(), Violation> {
        let storm_ends = Instant::now() + self.plan.storm;
        let forgotten = self.plan.jobs.iter().filter(|job| job.forgotten_pause && job.pause_after.is_some()).count();
        let calm_ends = storm_ends + CALM.max(LONG_CALM * forgotten as u32);
        while Instant::now() < calm_ends {
            let stormy = Instant::now() < storm_ends;
            if !stormy {
                self.faults.stop();
            }
            let in_storm = Duration::from_millis(2_100) * self.plan.tempo;
            headway_core::time::sleep(if stormy { in_storm } else { self.calm_pause() / 2 }).await;
            self.faults.verdict()?;
            if self.look().await? && self.to_come.get() == 0 && self.parts.is_empty().await {
                self.faults.stop();
                return Ok(());
            }
        }
        let (acts, empty) = (self.to_come.get(), self.parts.is_empty().await);
        let mut rows = Vec::new();
        let jobs: Vec<JobId> = self.books.borrow().keys().copied().collect();
        for id in jobs {
            rows.extend(self.row(id).await);
        }
        let what = format!("not at rest: {acts} acts of users, queue empty: {empty}, {rows:?}");
        Err(Violation::new(Invariant::JobsEnd, what))
    }

    /// What the job's row says, if its owner may see it: for users who only wait, its parts need not be counted.
    pub(crate) async fn standing<T>(&self, id: JobId, look: impl FnOnce(&Job) -> T) -> Option<T> {
        let now = self.calm.clock.now();
        self.of_row(id, |row| (!row.is_gone(now)).then(|| look(row))).await.flatten()
    }

    /// Observes every job that may have changed since it was observed last; returns true if none will change by itself.
    async fn look(&self) -> Result<bool, Violation> {
        let writes = self.parts.writes();
        if let (Some((before, over)), Some(now)) = (self.looked.get(), writes)
            && before == now
        {
            return Ok(over);
        }
        let changed = self.faults.take_changed();
        if writes.is_some() || !changed.is_empty() {
            self.find_jobs().await?;
        }
        let ids: Vec<JobId> = self.books.borrow().keys().copied().collect();
        for id in ids {
            let is_same = writes.is_none() && !changed.contains(&id) && self.shown.borrow().get(&id).is_some_and(|shown| shown.rests);
            if !is_same {
                let shown = self.look_at(id).await?;
                self.shown.borrow_mut().insert(id, shown);
            }
        }
        let over = !self.shown.borrow().values().any(|shown| shown.waits);
        self.looked.set(writes.map(|writes| (writes, over)));
        Ok(over)
    }

    /// Also finds jobs whose submission was never answered.
    async fn find_jobs(&self) -> Result<(), Violation> {
        for user in &self.users {
            let found = self.calm.ledger.jobs_of(user, None, 50).await;
            let found = found.map_err(|error| Violation::new(Invariant::NothingPanics, error.to_string()))?;
            found.ids.into_iter().for_each(|id| self.note(id, |_| ()));
        }
        Ok(())
    }

    /// Observes one job.
    async fn look_at(&self, id: JobId) -> Result<Shown, Violation> {
        let (app, book) = (&self.calm, self.books.borrow()[&id].clone());
        // A read without faults would be faster than those of the user who waits for a cancelled job.
        let left_to_users = |row: &Job| {
            let ended = row.completed_at.is_some_and(|ended| app.clock.now() < ended + LEFT_TO_USERS);
            ended && self.faults.theme() == Some(Theme::Cancel)
        };
        let reader = |row: &Job| (!left_to_users(row)).then(|| row.user_id.clone());
        let owner = if self.faults.clocks_agree() { self.of_row(id, reader).await.flatten() } else { None };
        let seen = match &owner {
            // If clocks agree, any reader finds out whether a job is settled; otherwise the sweep does.
            Some(owner) => status::get(app, owner, id).await.ok(),
            None => self.job(id).await,
        };
        let waits = |row: &Job| row.is_watched() || row.deleting || self.plan.until_expired;
        let row = self.of_row(id, |row| (row.top_part, waits(row))).await;
        let (top_part, waits) = row.unwrap_or_default();
        let rests = !seen.as_ref().is_some_and(Job::is_settling);
        self.auditor.borrow_mut().look(id, top_part, seen, &book, &self.calls, app.clock.now())?;
        Ok(Shown { rests, waits })
    }

    /// How long the sweep waits in the calm time.
    fn calm_pause(&self) -> Duration {
        let late = self.began.elapsed() > self.plan.storm + SOON;
        if late { SWEEP_SELDOM } else { SWEEP_EVERY }
    }

    /// Waits until workers run, if none does just now.
    pub(crate) async fn outage(&self) {
        if let Some((after, long)) = self.plan.outage {
            let (from, until) = (self.began + after, self.began + after + long);
            if (from..until).contains(&Instant::now()) {
                self.faults.saw("fault: no worker for a while");
                headway_core::time::sleep_until(until).await;
            }
        }
    }
}

async fn sweeps(world: World) {
    loop {
        let pause = if world.faults.on() { world.plan.sweep_every } else { world.calm_pause() };
        tokio::select! {
            biased;
            () = world.sweep_now.notified() => {}
            () = headway_core::time::sleep(pause) => {}
        }
        world.sweep_begins.notify_waiters();
        let process = world.process(Role::Sweep);
        let app = world.app(&process);
        if let Some(Ok(Ok(swept))) = process.run(headway_core::time::timeout(SWEEP_TIMEOUT, Box::pin(sweep(&app)))).await {
            for (name, count) in [
                ("sweep: deleted", swept.deleted),
                ("sweep: revived", swept.revived),
                ("sweep: reconciled", swept.reconciled),
                ("sweep: ended a job", swept.ended),
                ("sweep: abandoned", swept.abandoned),
                ("sweep: asked for a notice", swept.notices),
            ] {
                (0..count).for_each(|_| world.faults.saw(name));
            }
        }
    }
}

/// Sends a message that is not one of Headway's.
pub(crate) async fn send_foreign(world: World) {
    let body = "{\"v\":9,\"kind\":\"chunk\"}".to_owned();
    loop {
        let message = Outgoing { body: body.clone(), delay: Duration::ZERO };
        if let Some(Ok(())) = world.request(async |app| app.queue.send(&world.users[0], vec![message]).await).await {
            world.faults.saw("state: foreign message");
            return;
        }
    }
}
