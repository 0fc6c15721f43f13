//! All queues of one store, and the way to them.

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
    receive::{self, Found, Received},
    store::{Settings, Store, Work},
    wish::Wish,
};
use crate::{
    config::Clock,
    durability::{Barrier, Care, Kind, Lane, Turn, log_sync, private_database},
    error::OpenError,
};

const FILE: &str = "queue.db";

/// Nobody waits longer than this without looking: another process may have sent something.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Queues that are to be there, with these settings.
pub(crate) type Wanted = [(String, Attributes)];

fn make(store: &mut Store, wanted: &Wanted) -> Result<(), OpenError> {
    for (name, attributes) in wanted {
        store.create(name, attributes, true).map_err(|fault| OpenError::Queue(fault.message))?;
    }
    Ok(())
}

/// All queues of one store, and the way to them.
pub(crate) struct Queues {
    lane: Lane<Store>,
    clock: Clock,
    /// A count for each queue that rises when there may be something new to receive.
    news: Mutex<HashMap<QueueId, watch::Sender<u64>>>,
}

impl Queues {
    /// Queues in memory, these among them.
    ///
    /// # Errors
    /// If SQLite cannot be started.
    pub(crate) fn in_memory(wanted: &Wanted, settings: Settings) -> Result<Self, OpenError> {
        let clock = Arc::clone(&settings.clock);
        let mut store = Store::in_memory(settings)?;
        make(&mut store, wanted)?;
        Ok(Self::with(Lane::inline(store), clock))
    }

    /// The queues in this directory, these among them.
    ///
    /// # Errors
    /// If their file is damaged, or the directory cannot be used.
    pub(crate) fn in_directory(directory: &Path, wanted: &Wanted, settings: Settings) -> Result<Self, OpenError> {
        let file = directory.join(FILE);
        let unusable = |cause| OpenError::Directory { path: directory.to_owned(), cause };
        let clock = Arc::clone(&settings.clock);
        let turn = Arc::new(Turn::open(&directory.join("queue.turn"))?);
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

    /// Works on the store; wakes who waits for what this made receivable.
    ///
    /// # Errors
    /// The work's own fault, or that the store is not available.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        care: Care,
        work: impl FnOnce(&mut Store) -> Result<R, Fault> + Send + 'static,
    ) -> Result<R, Fault> {
        let (outcome, woken) = self
            .lane
            .run(care, move |store| {
                let outcome = work(store);
                (outcome, store.take_woken())
            })
            .await?;
        for queue in woken {
            self.news_of(queue).send_modify(|count| *count += 1);
        }
        outcome
    }

    /// Receives what there is, at most waiting `wait` for something.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn receive(&self, wish: &Wish, wait: Duration) -> Result<Vec<Received>, Fault> {
        let deadline = Instant::now() + wait;
        loop {
            let mut news = self.news(wish.queue);
            let found = self.receive_now(wish).await?;
            if !found.messages.is_empty() || Instant::now() >= deadline {
                return Ok(found.messages);
            }
            let _ = timeout_at(deadline, self.wait(&mut news, found.due_ms)).await;
        }
    }

    /// Receives what there is now. Not to be dropped halfway: what was received would be out of sight for nothing.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn receive_now(&self, wish: &Wish) -> Result<Found, Fault> {
        let wish = wish.clone();
        self.run(Care::WriteUnhurried, move |store| receive::receive(store, &wish)).await
    }

    /// Subscribes to what is new in a queue from now on.
    pub(crate) fn news(&self, queue: QueueId) -> watch::Receiver<u64> {
        self.news_of(queue).subscribe()
    }

    /// Waits until another look at the queue is worth while: news, a message due, or a second gone.
    pub(crate) async fn wait(&self, news: &mut watch::Receiver<u64>, due_ms: Option<u64>) {
        let due = due_ms.map_or(LOOK_EVERY, |due_ms| Duration::from_millis(due_ms.saturating_sub((self.clock)()).max(1)));
        // Whatever ended the wait, the next look tells.
        let _ = timeout(due.min(LOOK_EVERY), news.changed()).await;
    }

    /// Brings back at once what was received and never deleted. Only for who knows that nobody is at work on it.
    ///
    /// A process that dies takes everything it has in hand with it, and it may have been ended from outside. So its death alone
    /// makes no message a dead letter: each comes back at least once more.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) async fn bring_back(&self) -> Result<usize, Fault> {
        let bring = |work: &mut Work<'_>| {
            let due = "UPDATE messages SET due_ms = min(due_ms, ?1), receives = min(receives, coalesce(
                         (SELECT receives_max - 1 FROM queues WHERE id = messages.queue), receives))
                       WHERE ready = 0 AND receives > 0";
            Ok(work.tx.execute(due, [work.now_ms])?)
        };
        self.run(Care::WriteUnhurried, move |store| store.work(bring)).await
    }

    fn news_of(&self, queue: QueueId) -> watch::Sender<u64> {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.entry(queue).or_insert_with(|| watch::Sender::new(0)).clone()
    }
}
