//! Where processors are called. They are other people's code: a call that computes without ever yielding must not keep
//! the worker from its leases, checkpoints and deadlines, or from other items. So each call has a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::time::timeout;

/// A thread that has not returned this long after its call's time limit counts as stuck.
const GRACE: Duration = Duration::from_millis(500);
/// How many items are called at a time. Further calls wait for a thread.
const THREADS_MAX: usize = 512;
/// How many threads there are in addition: for stuck ones, for preparing, and for careful calls, which run one at a time.
const THREADS_BESIDE: usize = 64;
/// How long an idle thread is kept.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// With this many stuck threads a process returns its work and ends.
const STUCK_MAX: usize = 4;

/// How a call ended.
#[derive(Debug)]
pub(super) enum Went<T> {
    /// It gave this.
    Done(T),
    /// It panicked.
    Panicked(Box<dyn Any + Send>),
    /// It took longer than its limit.
    Overran,
}

/// Where processors are called.
#[derive(Debug, Default)]
pub(super) struct CallThreads {
    /// Threads for the calls. `None`: calls run on the worker's own thread, as in tests with virtual time.
    threads: Option<Threads>,
    /// The number of threads that did not return. A simulation has no threads and counts them itself.
    stuck: Arc<AtomicUsize>,
    given_up: AtomicBool,
    stopping: AtomicBool,
}

impl CallThreads {
    /// Runs calls on threads.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(super) fn on_threads() -> std::io::Result<Self> {
        let stuck = Arc::default();
        Ok(Self { threads: Some(Threads::new(Arc::clone(&stuck))?), stuck, ..Self::default() })
    }

    /// Runs calls on the worker's own thread, and takes the number of stuck threads from this counter.
    pub(super) fn simulated(stuck: Arc<AtomicUsize>) -> Self {
        Self { stuck, ..Self::default() }
    }

    /// Waits until a thread is free for a call, if the processor needs one. That time does not count for the call's limit.
    pub(super) async fn thread(&self, own_thread: bool) -> Option<SemaphorePermit<'_>> {
        let threads = self.threads.as_ref().filter(|_| own_thread)?;
        // The semaphore is never closed.
        threads.free.acquire().await.ok()
    }

    /// Waits for a processor's call with an item, up to this limit.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        own_thread: bool,
        work: impl Future<Output = T> + Send + 'static,
        limit: Duration,
    ) -> Went<T> {
        match self.threads.as_ref().filter(|_| own_thread) {
            None => within(work, limit).await,
            Some(threads) => {
                let (handle, work) = (threads.handle.clone(), work.in_current_span());
                threads.run(move || handle.block_on(within(work, limit)), limit).await
            }
        }
    }

    /// Waits for a processor's computation, up to this limit.
    pub(super) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static, limit: Duration) -> Went<T> {
        let caught = || catch_unwind(AssertUnwindSafe(work)).map_or_else(Went::Panicked, Went::Done);
        match &self.threads {
            None => caught(),
            Some(threads) => threads.run(caught, limit).await,
        }
    }

    /// True if this process shall end: too many threads are stuck, or it was given up.
    pub(super) fn is_spent(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.stuck.load(Ordering::Relaxed) >= STUCK_MAX
    }

    /// True if nothing begins here any more: the process is spent, or was told to stop.
    pub(super) fn begins_nothing(&self) -> bool {
        self.is_stopping() || self.is_spent()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// From now on nothing begins here: the process was told to stop.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// From now on nothing begins here, and the process ends.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// True if an item with a strike may begin here. A stuck thread may still kill the process, and then nobody could tell
    /// which of the two was the cause; so the process is given up instead.
    pub(super) fn takes_suspects(&self) -> bool {
        if self.stuck.load(Ordering::Relaxed) > 0 {
            self.give_up();
        }
        !self.is_spent()
    }
}

async fn within<T>(work: impl Future<Output = T>, limit: Duration) -> Went<T> {
    let called = AssertUnwindSafe(work).catch_unwind();
    match timeout(limit, called).await {
        Ok(Ok(out)) => Went::Done(out),
        Ok(Err(panic)) => Went::Panicked(panic),
        Err(_) => Went::Overran,
    }
}

/// Threads for calls of processors, with a runtime for what they wait for.
#[derive(Debug)]
struct Threads {
    handle: Handle,
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
    free: Semaphore,
    stuck: Arc<AtomicUsize>,
}

impl Threads {
    /// Without any threads yet; they are started when needed.
    fn new(stuck: Arc<AtomicUsize>) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(THREADS_MAX + THREADS_BESIDE)
            .thread_keep_alive(KEPT_FOR)
            .thread_name("headway-items")
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime), free: Semaphore::new(THREADS_MAX), stuck })
    }

    /// Runs a call that keeps the limit itself, unless it never yields.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Went<T> + Send + 'static, limit: Duration) -> Went<T> {
        let mut task = self.handle.spawn_blocking(work);
        match timeout(limit.saturating_add(GRACE), &mut task).await {
            Ok(Ok(went)) => went,
            Ok(Err(failed)) => failed.try_into_panic().map_or(Went::Overran, Went::Panicked),
            Err(_) => {
                self.watch(task);
                Went::Overran
            }
        }
    }

    /// Counts a stuck thread until it returns, if it ever does.
    fn watch<T: Send + 'static>(&self, task: JoinHandle<Went<T>>) {
        let stuck = Arc::clone(&self.stuck);
        let threads = stuck.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(threads, "a processor exceeds its time limit and cannot be stopped: its thread is abandoned");
        self.handle.spawn(async move {
            // Its result comes too late.
            let _ = task.await;
            stuck.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Without waiting for threads that may never return.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: while a call waited for a thread, its time limit passed, and it counted as stuck.
    #[test]
    fn who_waits_for_a_thread_is_not_being_called_yet() {
        let threads = CallThreads::on_threads().unwrap();
        let mut held: Vec<_> = (0..THREADS_MAX).map(|_| threads.thread(true).now_or_never()).collect();
        assert!(held.iter().all(|held| matches!(held, Some(Some(_)))));
        assert!(threads.thread(true).now_or_never().is_none(), "it waits");
        assert!(matches!(threads.thread(false).now_or_never(), Some(None)), "a call that only waits needs none");
        held.pop();
        assert!(threads.thread(true).now_or_never().is_some());
        assert!(!threads.is_spent());
    }
}
