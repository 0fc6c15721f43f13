//! All queues of one store, and access to it.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{
    attributes::{Attributes, QueueId},
    fault::Fault,
    receive::{self, ReceiveResult, Received},
    receive_request::ReceiveRequest,
    store::{QueueTransaction, Settings, Store},
};
use crate::{
    config::Clock,
    durability::{Access, Barrier, Kind, Lane, WriteTurn, log_sync, private_database},
    error::OpenError,
};

/// The file with the messages of a data directory.
pub(crate) const FILE: &str = "queue.db";

/// A waiting receiver looks at least this often: another process may have sent a message.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Queues that must exist, with these settings.
pub(crate) type Wanted = [(String, Attributes)];

fn make(store: &mut Store, wanted: &Wanted) -> Result<(), OpenError> {
    for (name, attributes) in wanted {
        store.create(name, attributes, true).map_err(|fault| OpenError::Queue(fault.message))?;
    }
    Ok(())
}

/// All queues of one store, and access to it.
pub(crate) struct Queues {
    lane: Lane<Store>,
    clock: Clock,
    /// For each queue, a number that rises when there may be something new to receive.
    news: Mutex<HashMap<QueueId, watch::Sender<u64>>>,
}

impl Queues {
    /// Opens queues in memory and creates those in `wanted`.
    ///
    /// # Errors
    ///
    /// If SQLite cannot be started.
    pub(crate) fn in_memory(wanted: &Wanted, settings: Settings) -> Result<Self, OpenError> {
        let clock = Arc::clone(&settings.clock);
        let mut store = Store::in_memory(settings)?;
        make(&mut store, wanted)?;
        Ok(Self::with(Lane::inline(store), clock))
    }

    /// Opens the queues in this directory and creates those in `wanted` that do not exist.
    ///
    /// # Errors
    ///
    /// If their file is damaged, or the directory cannot be used.
    pub(crate) fn in_directory(directory: &Path, wanted: &Wanted, settings: Settings) -> Result<Self, OpenError> {
        let file = directory.join(FILE);
        let unusable = |cause| OpenError::of_directory(directory, cause);
        let clock = Arc::clone(&settings.clock);
        let turn = Arc::new(WriteTurn::open(&directory.join("queue.turn"))?);
        let store = {
            let _held = turn.take()?;
            private_database(&file, Kind::Queue)?;
            let mut store = Store::in_file(&file, settings)?;
            make(&mut store, wanted)?;
            store
        };
        let count = Arc::clone(&turn);
        let sync = log_sync(&file).map_err(unusable)?;
        let barrier = Barrier::start("queue", move || count.committed(), sync).map_err(unusable)?;
        let lane = Lane::thread("queue", store, turn, barrier).map_err(unusable)?;
        Ok(Self::with(lane, clock))
    }

    fn with(lane: Lane<Store>, clock: Clock) -> Self {
        Self { lane, clock, news: Mutex::default() }
    }

    /// Runs `work` on the store, and wakes receivers if it made messages receivable.
    ///
    /// # Errors
    ///
    /// An error of `work`, or that the store is not available.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&mut Store) -> Result<R, Fault> + Send + 'static,
    ) -> Result<R, Fault> {
        let (outcome, woken) = self
            .lane
            .run(access, move |store| {
                let outcome = work(store);
                (outcome, store.take_woken())
            })
            .await?;
        for queue in woken {
            self.news_of(queue).send_modify(|count| *count += 1);
        }
        outcome
    }

    /// Receives messages. If there are none, waits for `wait` at most.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub(crate) async fn receive(&self, request: &ReceiveRequest, wait: Duration) -> Result<Vec<Received>, Fault> {
        let deadline = Instant::now() + wait;
        loop {
            let mut news = self.news(request.queue);
            let found = self.receive_now(request).await?;
            if !found.messages.is_empty() || Instant::now() >= deadline {
                return Ok(found.messages);
            }
            let _ = timeout_at(deadline, self.wait(&mut news, found.due_ms)).await;
        }
    }

    /// Receives the messages that are there now. The future must not be dropped before it ends: received messages would be invisible
    /// although no caller has them.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub(crate) async fn receive_now(&self, request: &ReceiveRequest) -> Result<ReceiveResult, Fault> {
        let request = request.clone();
        self.run(Access::WriteWithoutSync, move |store| receive::receive(store, &request)).await
    }

    /// Subscribes to a queue's changes from now on.
    pub(crate) fn news(&self, queue: QueueId) -> watch::Receiver<u64> {
        self.news_of(queue).subscribe()
    }

    /// Waits until it is worth looking at the queue again: after a change, when a message is due, or after a second.
    pub(crate) async fn wait(&self, news: &mut watch::Receiver<u64>, due_ms: Option<u64>) {
        let due = due_ms.map_or(LOOK_EVERY, |due_ms| Duration::from_millis(due_ms.saturating_sub((self.clock)()).max(1)));
        // The reason why the wait ended does not matter: the next look shows what there is.
        let _ = timeout(due.min(LOOK_EVERY), news.changed()).await;
    }

    /// Makes all received and undeleted messages visible at once. Only call it when nobody is working on them.
    ///
    /// A process may have been killed from outside, with many messages in flight. So its death alone makes no message a dead letter:
    /// each message is delivered at least once more.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub(crate) async fn bring_back(&self) -> Result<usize, Fault> {
        let bring = |work: &mut QueueTransaction<'_>| {
            let due = "UPDATE messages SET due_ms = min(due_ms, ?1), receives = min(receives, coalesce(
                         (SELECT receives_max - 1 FROM queues WHERE id = messages.queue), receives))
                       WHERE ready = 0 AND receives > 0";
            Ok(work.tx.execute(due, [work.now_ms])?)
        };
        self.run(Access::WriteWithoutSync, move |store| store.work(bring)).await
    }

    fn news_of(&self, queue: QueueId) -> watch::Sender<u64> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.entry(queue).or_insert_with(|| watch::Sender::new(0)).clone()
    }
}
