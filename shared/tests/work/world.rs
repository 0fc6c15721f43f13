//! A worker, a queue that delivers as a test says, and a processor that does what a closure says.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::outcome::Failure;
use headway_core::queue::memory::MemoryQueue;
use headway_core::records::{self, Position};
use headway_core::submit::{Submission, start_job};
use headway_core::work::{Delivery, Invocation, RunningWorkers, Worked, Worker};
use headway_core::{App, Item, ItemError, ItemProcessor, Job, JobId, Options, Output, OwnedJob, Processors, ToleratedFailures, UserId};
use headway_testkit::{VirtualClock, json::numbers, messages};
use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a worker function may take.
pub(crate) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);

/// One call of the processor.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) index: u64,
    pub(crate) attempt: u32,
    pub(crate) at: Instant,
}

pub(crate) type Answer = BoxFuture<'static, Result<Output, ItemError>>;

/// The results of a call with several items.
pub(crate) type Answers = BoxFuture<'static, Vec<Result<Output, ItemError>>>;
type Many = Arc<dyn Fn(&[Item]) -> Option<Answers> + Send + Sync>;

#[derive(Clone)]
struct Script {
    answer: Arc<dyn Fn(&Item) -> Answer + Send + Sync>,
    /// What a call with several items does, if it does not just call each.
    many: Many,
    /// The items of each such call.
    groups: Arc<Mutex<Vec<Vec<u64>>>>,
    options: Options,
    calls: Arc<Mutex<Vec<Call>>>,
    prepared: Arc<AtomicUsize>,
    refusal: Arc<Mutex<Option<ItemError>>>,
}

#[async_trait]
impl ItemProcessor for Script {
    fn prepare(&self, _: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        self.prepared.fetch_add(1, Ordering::Relaxed);
        self.refusal.lock().unwrap().clone().map_or(Ok(None), Err)
    }

    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        self.calls.lock().unwrap().push(Call { index: item.index, attempt: item.attempt, at: Instant::now() });
        (self.answer)(&item).await
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        self.groups.lock().unwrap().push(items.iter().map(|item| item.index).collect());
        if let Some(answers) = (self.many)(&items) {
            let call = |item: &Item| Call { index: item.index, attempt: item.attempt, at: Instant::now() };
            self.calls.lock().unwrap().extend(items.iter().map(call));
            return answers.await;
        }
        let mut results = Vec::new();
        for item in items {
            results.push(self.process(item).await);
        }
        results
    }

    fn options(&self) -> Options {
        self.options.clone()
    }
}

/// A message in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) body: String,
    pub(crate) delay: Duration,
    pub(crate) received: u32,
}

/// Jobs whose processor kills the worker that prepares it, and whether it has done so.
#[derive(Clone, Default)]
pub(crate) struct Killers {
    pub(crate) jobs: Arc<Mutex<BTreeSet<JobId>>>,
    killed: Arc<Notify>,
}

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) table: Arc<MemoryLedger>,
    pub(crate) user: UserId,
    pub(crate) messages: VecDeque<Held>,
    /// The results of all deliveries, except those to workers that died.
    pub(crate) worked: Worked,
    /// How long a delivery may take.
    pub(crate) function_timeout: Duration,
    queue: Arc<MemoryQueue>,
    processors: Processors,
    pub(crate) worker: Worker,
    calls: Arc<Mutex<Vec<Call>>>,
    groups: Arc<Mutex<Vec<Vec<u64>>>>,
    prepared: Arc<AtomicUsize>,
    /// The error with which preparing the processor fails.
    pub(crate) refusal: Arc<Mutex<Option<ItemError>>>,
    /// Jobs whose processor kills the worker that prepares it.
    pub(crate) killers: Killers,
    /// Whether its worker is the only one there is.
    alone: bool,
    ended_with_server: Option<DateTime<Utc>>,
    /// What its server knows of its workers, if it sees them end.
    running_workers: Option<RunningWorkers>,
}

/// An item that succeeds.
pub(crate) fn done() -> Answer {
    Box::pin(async { Ok(Output::None) })
}

/// An item that succeeds after some time.
pub(crate) fn done_after(wait: Duration) -> Answer {
    Box::pin(async move {
        tokio::time::sleep(wait).await;
        Ok(Output::None)
    })
}

/// An item that fails.
pub(crate) fn fails(error: ItemError) -> Answer {
    Box::pin(async { Err(error) })
}

/// An item that never ends.
pub(crate) fn hangs() -> Answer {
    Box::pin(std::future::pending())
}

impl World {
    pub(crate) fn new(options: Options, answer: impl Fn(&Item) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_script(options, Arc::new(answer), Arc::new(|_| None))
    }

    /// With a processor that gets several items in a call. Where `many` says nothing, each succeeds.
    pub(crate) fn with_many(options: Options, many: impl Fn(&[Item]) -> Option<Answers> + Send + Sync + 'static) -> Self {
        Self::with_script(options, Arc::new(|_| done()), Arc::new(many))
    }

    fn with_script(options: Options, answer: Arc<dyn Fn(&Item) -> Answer + Send + Sync>, many: Many) -> Self {
        let (table, queue) = (Arc::new(MemoryLedger::default()), Arc::new(MemoryQueue::default()));
        let (calls, groups, prepared, refusal) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        let script = Script {
            answer,
            many,
            groups: Arc::clone(&groups),
            options,
            calls: Arc::clone(&calls),
            prepared: Arc::clone(&prepared),
            refusal: Arc::clone(&refusal),
        };
        let killers = Killers::default();
        let processors = Processors::new().with("script", script);
        let app = App::new(table.clone(), queue.clone(), VirtualClock::new()).with_processors(processors.infos());
        let worker = worker(&app, &processors, &killers);
        Self {
            app,
            table,
            user: UserId::new("u").unwrap(),
            messages: VecDeque::new(),
            worked: Worked::default(),
            function_timeout: FUNCTION_TIMEOUT,
            queue,
            processors,
            worker,
            calls,
            groups,
            prepared,
            refusal,
            killers,
            alone: false,
            ended_with_server: None,
            running_workers: None,
        }
    }

    /// With a worker that is the only one there is.
    pub(crate) fn alone(self) -> Self {
        Self { worker: worker(&self.app, &self.processors, &self.killers).alone(), alone: true, ..self }
    }

    /// With a worker of a server that starts now, after an earlier one has ended with all its workers.
    pub(crate) fn restart_server(&mut self) {
        self.ended_with_server = Some(self.app.clock.now() + FUNCTION_TIMEOUT);
        self.worker = worker(&self.app, &self.processors, &self.killers).ended_with_server(self.ended_with_server);
    }

    /// With workers whose server sees each of them end.
    pub(crate) fn watched(mut self) -> Self {
        self.running_workers = Some(RunningWorkers { server: "server".to_owned(), ..RunningWorkers::default() });
        self.worker = self.next_worker();
        self
    }

    /// The worker after one that died.
    fn next_worker(&mut self) -> Worker {
        let next = worker(&self.app, &self.processors, &self.killers).ended_with_server(self.ended_with_server);
        let next = if self.alone { next.alone() } else { next };
        let Some(known) = &mut self.running_workers else { return next };
        let name = RunningWorkers::name_of(&known.server, known.next);
        known.running = [known.next].into();
        known.next += 1;
        next.hears_of(known.clone());
        next.named(Some(name))
    }

    /// With a worker that calls each processor on a thread of its own.
    pub(crate) fn with_threads(self) -> Self {
        Self { worker: worker(&self.app, &self.processors, &self.killers).with_threads().unwrap(), ..self }
    }

    /// With another app, and a worker on it.
    pub(crate) fn take_app(&mut self, app: App) {
        self.worker = worker(&app, &self.processors, &self.killers);
        self.app = app;
    }

    /// Starts a job of this many items; each item is its own index.
    pub(crate) async fn start(&mut self, items: u64, chunk_size: u16, tolerated: ToleratedFailures) -> JobId {
        let job = start_job(&self.app, self.submission(Some(numbers(items)), chunk_size, tolerated)).await.unwrap();
        self.take_sent();
        job.id
    }

    pub(crate) fn submission(&self, items: Option<Vec<Box<RawValue>>>, chunk_size: u16, tolerated: ToleratedFailures) -> Submission {
        Submission { tolerated, chunk_size: Some(chunk_size), ..Submission::new(self.user.clone(), "script", items) }
    }

    /// The row of an existing job.
    pub(crate) async fn owned(&self, id: JobId) -> OwnedJob {
        self.app.owned(&self.user, id).await.unwrap()
    }

    /// Moves newly sent messages behind those in the queue.
    pub(crate) fn take_sent(&mut self) {
        let held = |(_, sent): (UserId, headway_core::queue::Outgoing)| Held { body: sent.body, delay: sent.delay, received: 0 };
        self.messages.extend(self.queue.take().into_iter().map(held));
    }

    /// Takes a batch of up to `most` messages out of the queue, after waiting for their delays.
    pub(crate) async fn receive(&mut self, most: usize) -> Vec<Held> {
        let batch: Vec<Held> = self.messages.drain(..most.min(self.messages.len())).collect();
        if let Some(wait) = batch.iter().map(|held| held.delay).max().filter(|wait| !wait.is_zero()) {
            tokio::time::sleep(wait).await;
        }
        batch.into_iter().map(|held| Held { received: held.received + 1, delay: Duration::ZERO, ..held }).collect()
    }

    /// Delivers a batch to the worker. Messages that are not done go back into the queue.
    pub(crate) async fn deliver(&mut self, batch: Vec<Held>) -> usize {
        let worked = self.worker.work(deliveries(&batch, false), self.invocation()).await;
        self.give_back(batch, &worked.undone);
        let undone = worked.undone.len();
        self.worked += worked;
        undone
    }

    /// The same, but the worker's process is told to stop after `when`.
    pub(crate) async fn deliver_to_one_who_stops(&mut self, batch: Vec<Held>, when: impl Future<Output = ()>) -> usize {
        let work = self.worker.work(deliveries(&batch, false), self.invocation());
        let stop = async {
            when.await;
            self.worker.stop();
        };
        let (worked, ()) = futures::join!(work, stop);
        self.give_back(batch, &worked.undone);
        worked.undone.len()
    }

    /// The same as [`Self::deliver`], but the worker dies after `life`, or because of a killer: the whole batch goes back. Returns true if
    /// it died.
    pub(crate) async fn deliver_to_one_who_dies(&mut self, batch: Vec<Held>, life: Duration) -> bool {
        let work = self.worker.work(deliveries(&batch, false), self.invocation());
        let killed = Arc::clone(&self.killers.killed);
        let ended = tokio::select! {
            biased;
            () = killed.notified() => None,
            ended = tokio::time::timeout(life, work) => ended.ok(),
        };
        let undone = ended.as_ref().map_or_else(|| (0..batch.len()).map(|n| n.to_string()).collect(), |worked| worked.undone.clone());
        self.give_back(batch, &undone);
        if ended.is_none() {
            self.worker = self.next_worker();
        }
        ended.is_none()
    }

    /// Delivers a message to the worker as a dead letter. Returns true if it is done.
    pub(crate) async fn deliver_dead(&mut self, message: Held) -> bool {
        let undone = self.worker.work(deliveries(&[message], true), self.invocation()).await.undone;
        self.take_sent();
        undone.is_empty()
    }

    fn invocation(&self) -> Invocation {
        messages::invocation(self.function_timeout)
    }

    fn give_back(&mut self, batch: Vec<Held>, undone: &[String]) {
        let back = batch.into_iter().enumerate().filter(|(n, _)| undone.contains(&n.to_string())).map(|(_, held)| held);
        self.messages.extend(back);
        self.take_sent();
    }

    /// Processes all messages, ten at a time.
    pub(crate) async fn work_off(&mut self) {
        while !self.messages.is_empty() {
            let batch = self.receive(10).await;
            self.deliver(batch).await;
        }
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        self.app.jobs.get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn failures(&self, id: JobId) -> Vec<(u64, Failure)> {
        let job = self.job(id).await;
        records::failures(&self.app, &job, Position::default(), 1_000).await.unwrap().records
    }

    /// How often the processor was prepared.
    pub(crate) fn prepared(&self) -> usize {
        self.prepared.load(Ordering::Relaxed)
    }

    /// Every call of the processor so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The items of each call with several, or with one where there might be several.
    pub(crate) fn groups(&self) -> Vec<Vec<u64>> {
        self.groups.lock().unwrap().clone()
    }

    /// The items of those calls, in order.
    pub(crate) fn called(&self) -> Vec<u64> {
        self.calls().iter().map(|call| call.index).collect()
    }

    /// The calls for one item.
    pub(crate) fn calls_of(&self, index: u64) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.index == index).collect()
    }
}

/// A worker that dies when it prepares the processor of a killer.
fn worker(app: &App, processors: &Processors, killers: &Killers) -> Worker {
    let killers = killers.clone();
    let meanwhile = move |job| {
        if !killers.jobs.lock().unwrap().contains(&job) {
            return async {}.boxed();
        }
        killers.killed.notify_one();
        std::future::pending().boxed()
    };
    Worker::new(app.clone(), processors.clone()).preparing_beside(Arc::new(meanwhile))
}

fn deliveries(batch: &[Held], dead_letter: bool) -> Vec<Delivery> {
    let delivery =
        |(n, held): (usize, &Held)| Delivery { receive_count: held.received, dead_letter, ..messages::delivery(n.to_string(), &held.body) };
    batch.iter().enumerate().map(delivery).collect()
}
