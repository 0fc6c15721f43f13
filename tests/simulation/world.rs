//! One history: a user, workers that die, a queue that repeats itself, a sweep; then calm, and the verdict.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use headway::cancel::cancel;
use headway::pause::{pause, resume};
use headway::retry::retry;
use headway::submit::{RequestKey, Submission, put_part, seal, start_job};
use headway::sweep::sweep;
use headway::work::{Invocation, Worker};
use headway::{App, Job, JobError, JobId, Processors, UserId};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::auditor::Auditor;
use super::faults::{Faults, Process};
use super::parts::{Parts, Ports};
use super::workload::{Calls, HERE, Plan, Scripted};

/// How long faults go on.
const STORM: Duration = Duration::from_secs(90);
/// How long a function may run.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(20);
/// Calm, in which every job has to end: longer than an abandoned submission is waited for.
const CALM: Duration = Duration::from_secs(30 * 3_600);
const SWEEP_EVERY: Duration = Duration::from_secs(600);
const WORKERS: usize = 3;

#[derive(Clone)]
struct World {
    faults: Faults,
    began: Instant,
    parts: Rc<dyn Parts>,
    processors: Processors,
    calls: Arc<Calls>,
    user: UserId,
    /// The job, once its submission was answered or its record is there; whether it was acknowledged.
    job: Rc<RefCell<(Option<JobId>, bool)>>,
    auditor: Rc<RefCell<Auditor>>,
    /// The user's actions that are still to come.
    to_come: Rc<Cell<usize>>,
}

/// Plays the history of that seed; what it violates.
pub(crate) async fn history(_seed: u64, faults: Faults) -> Result<(), String> {
    let plan = Plan::of(&faults);
    let calls = Arc::new(Calls::default());
    let scripted = Scripted { fates: plan.fates.clone(), calls: calls.clone(), faults: faults.clone() };
    let world = World {
        faults: faults.clone(),
        began: Instant::now(),
        parts: Rc::new(Ports::new(faults.clone())),
        processors: Processors::new().with("scripted", scripted),
        calls: calls.clone(),
        user: UserId::new("u").ok_or("a user")?,
        job: Rc::default(),
        auditor: Rc::default(),
        to_come: Rc::default(),
    };
    let mut tasks: Vec<_> = (0..WORKERS).map(|_| tokio::task::spawn_local(work(world.clone()))).collect();
    tasks.push(tokio::task::spawn_local(sweeps(world.clone())));
    let user = tokio::task::spawn_local(submit(world.clone(), plan.clone()));
    if let Some(after) = plan.cancel_after {
        tasks.push(tokio::task::spawn_local(cancels(world.clone(), after)));
    }
    if let Some(after) = plan.pause_after {
        world.to_come.update(|n| n + 1);
        tasks.push(tokio::task::spawn_local(pauses(world.clone(), after)));
    }
    if plan.retries > 0 {
        world.to_come.update(|n| n + 1);
        tasks.push(tokio::task::spawn_local(retries(world.clone(), plan.retries)));
    }
    let storm = world.watch(STORM, Duration::from_millis(700)).await;
    faults.stop();
    let calm = world.watch(CALM, Duration::from_secs(120)).await;
    user.abort();
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    storm.and(calm)?;
    let acknowledged = world.job.borrow().1;
    let auditor = world.auditor.take();
    auditor.judge(&world.calm_app(), &plan, acknowledged, &calls, &faults).await
}

impl World {
    fn process(&self) -> Process {
        Process::new(self.faults.clone(), self.began)
    }

    fn app(&self, process: &Process) -> App {
        self.parts.app(process, self.processors.infos())
    }

    /// Tells the auditor which marks the process has left behind.
    fn left_marked(&self, process: &Process) {
        for item in std::mem::take(&mut *process.marks.lock().unwrap()).into_values() {
            self.calls.note(item, |seen| seen.left_marked += 1);
        }
    }

    /// The parts without faults, for those who watch.
    fn calm_app(&self) -> App {
        self.parts.calm_app(&self.process())
    }

    async fn job(&self) -> Result<Option<Job>, JobError> {
        let app = self.calm_app();
        let query = headway::jobs::JobQuery { page_size: 10, ..Default::default() };
        // Without a key a submission whose answer is lost may leave one job more behind; the last is looked at.
        let known = self.job.borrow().0;
        match known {
            Some(id) => app.jobs.get(id).await,
            None => Ok(app.jobs.get_by_user(&self.user, &query).await?.jobs.into_iter().next()),
        }
    }

    /// Looks at the job now and then; ends early when it has ended and nothing is left to do.
    async fn watch(&self, how_long: Duration, every: Duration) -> Result<(), String> {
        let end = Instant::now() + how_long;
        while Instant::now() < end {
            tokio::time::sleep(every).await;
            if let Some(job) = self.job().await.map_err(|e| e.to_string())? {
                let over = job.is_terminal() && self.to_come.get() == 0 && self.parts.is_empty().await;
                if self.job.borrow().0.is_some() {
                    self.auditor.borrow_mut().look(job)?;
                }
                if over && (self.faults.on() || Instant::now() + how_long > end + 2 * SWEEP_EVERY) {
                    break;
                }
            }
        }
        Ok(())
    }
}

async fn work(world: World) {
    loop {
        let process = world.process();
        let worker = Worker::new(world.app(&process), world.processors.clone());
        let life = async {
            loop {
                if !world.parts.has_visible().await {
                    tokio::time::sleep(Duration::from_millis(if world.faults.on() { 200 } else { 5_000 })).await;
                    continue;
                }
                let visibility = if world.faults.strike("fault: visibility ran out", 30) { 1 } else { 40 };
                let batch = world.parts.receive(1 + world.faults.pick(4), Duration::from_secs(visibility)).await;
                let began = Instant::now();
                let invocation = Invocation { began, deadline: began + FUNCTION_TIMEOUT };
                let ids: Vec<String> = batch.iter().map(|delivery| delivery.message_id.clone()).collect();
                let Ok(worked) = tokio::time::timeout_at(invocation.deadline, worker.work(batch, invocation)).await else {
                    world.left_marked(&process);
                    continue;
                };
                world.left_marked(&process);
                for id in ids.iter().filter(|id| !worked.undone.contains(id)) {
                    if !world.faults.strike("fault: lost delete", 30) {
                        world.parts.delete(id).await;
                    }
                }
            }
        };
        let _: Option<()> = HERE.scope(process.clone(), process.run(life)).await;
        world.left_marked(&process);
        tokio::time::sleep(Duration::from_millis(world.faults.pick(3_000))).await;
    }
}

async fn sweeps(world: World) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let process = world.process();
        let app = world.app(&process);
        if let Some(Ok(swept)) = process.run(sweep(&app)).await {
            for (name, count) in [
                ("sweep: revived", swept.revived),
                ("sweep: reconciled", swept.reconciled),
                ("sweep: ended a job", swept.ended),
                ("sweep: abandoned", swept.abandoned),
            ] {
                (0..count).for_each(|_| world.faults.saw(name));
            }
        }
    }
}

async fn cancels(world: World, after: Duration) {
    tokio::time::sleep(after).await;
    for _ in 0..200 {
        let known = world.job.borrow().0;
        let Some(id) = known else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let process = world.process();
        let app = world.app(&process);
        match process.run(cancel(&app, &world.user, id)).await {
            Some(Ok(_)) => {
                world.auditor.borrow_mut().cancelled_at = Some(Instant::now());
                return;
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            _ => {}
        }
    }
}

async fn pauses(world: World, after: Duration) {
    tokio::time::sleep(after).await;
    let mut paused = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(world.faults.pick(4_000))).await;
        let known = world.job.borrow().0;
        let Some(id) = known else { continue };
        let process = world.process();
        let app = world.app(&process);
        let answer =
            if paused { process.run(resume(&app, &world.user, id)).await } else { process.run(pause(&app, &world.user, id)).await };
        match answer {
            Some(Ok(_)) if paused => {
                world.faults.saw("job: paused and resumed");
                if world.faults.pick(2) == 0 {
                    break;
                }
                paused = false;
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => break,
            // An answer that was lost may have been a pause.
            _ => paused = true,
        }
    }
    world.to_come.update(|n| n - 1);
}

/// Retries the job whenever it has ended with failures.
async fn retries(world: World, times: u64) {
    let mut done = 0;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(500 + world.faults.pick(5_000))).await;
        let Ok(Some(job)) = world.job().await else { continue };
        let known = world.job.borrow().0;
        if known.is_none() || !job.is_terminal() {
            continue;
        }
        let process = world.process();
        let app = world.app(&process);
        match process.run(retry(&app, &world.user, job.id, Some(job.round))).await {
            Some(Ok(_)) => {
                done += 1;
                world.faults.saw(if done == 1 { "job: retried" } else { "job: retried twice" });
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => break,
            _ => {}
        }
        if done == times {
            break;
        }
    }
    world.to_come.update(|n| n - 1);
}

/// The user's client: sends again what was not answered, if that is safe.
async fn submit(world: World, plan: Plan) {
    for attempt in 0..1_000 {
        if attempt > 0 {
            world.faults.saw("job: submission sent again");
        }
        let process = world.process();
        let app = world.app(&process);
        match process.run(start_job(&app, submission(&world, &plan))).await {
            Some(Ok(job)) => {
                *world.job.borrow_mut() = (Some(job.id), plan.streamed.is_none());
                break;
            }
            _ if plan.keyed => {}
            // Nothing was acknowledged: the record, if there is one, is the sweep's.
            _ => return,
        }
    }
    let id = world.job.borrow().0;
    if let (Some(id), Some(parts)) = (id, &plan.streamed) {
        world.faults.saw("job: streamed in parts");
        stream(&world, &plan, id, parts).await;
    }
}

fn submission(world: &World, plan: &Plan) -> Submission {
    Submission {
        user_id: world.user.clone(),
        created_by: "u".to_owned(),
        processor: "scripted".to_owned(),
        params: Arc::from(RawValue::NULL.to_owned()),
        items: plan.streamed.is_none().then(|| plan.items(0..plan.fates.len())),
        id_field: None,
        tolerated: plan.tolerated,
        chunk_size: Some(plan.chunk_size),
        metadata: None,
        callback: None,
        key: plan.keyed.then(|| RequestKey { key_hash: "k".to_owned(), fingerprint: "f".to_owned() }),
    }
}

async fn stream(world: &World, plan: &Plan, id: JobId, parts: &[usize]) {
    let starts = parts.iter().scan(0, |next, len| {
        let start = *next;
        *next += len;
        Some(start)
    });
    let mut waiting: Vec<(u32, usize, usize)> = starts.zip(parts).enumerate().map(|(n, (start, len))| (n as u32, start, *len)).collect();
    while !waiting.is_empty() {
        let (number, start, len) = waiting[world.faults.pick(waiting.len() as u64) as usize];
        let process = world.process();
        let app = world.app(&process);
        let items = plan.items(start..start + len);
        match process.run(put_part(&app, &world.user, id, number, start as u64, items)).await {
            Some(Ok(_)) => waiting.retain(|(other, ..)| *other != number),
            Some(Err(JobError::Conflict(_))) => return,
            _ => {}
        }
    }
    if !plan.sealed_by_client {
        return;
    }
    loop {
        let process = world.process();
        let app = world.app(&process);
        match process.run(seal(&app, &world.user, id, parts.len() as u32)).await {
            Some(Ok(_)) => {
                world.job.borrow_mut().1 = true;
                return;
            }
            Some(Err(JobError::Conflict(_))) => return,
            _ => {}
        }
    }
}
