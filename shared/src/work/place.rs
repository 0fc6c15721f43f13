//! Where processors are called. They are others' code: a call that computes without ever yielding must not keep the worker
//! from its leases, checkpoints and deadlines, nor from other items. So each has a thread of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

/// A thread that does not come back this long after its call's time limit is stuck.
const GRACE: Duration = Duration::from_millis(500);
/// Calls of items side by side; more wait for a thread.
const THREADS_MAX: usize = 512;
/// Threads beyond those: for stuck ones, for preparing, and for careful calls, of which there is one at a time.
const THREADS_BESIDE: usize = 64;
/// How long a thread is kept that has nothing to do.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// With so many threads stuck a process is spent: it hands back what it has, and ends.
const STUCK_MAX: usize = 4;

/// How a call went.
#[derive(Debug)]
pub(super) enum Went<T> {
    /// It gave this.
    Done(T),
    /// It panicked.
    Panicked(Box<dyn Any + Send>),
    /// It took longer than it may.
    Overran,
}

/// Where processors are called.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Each call on a thread of its own; without, on the worker's own thread, as in tests whose time is virtual.
    threads: Option<Threads>,
    /// Threads that did not come back. A simulation, which has no threads, counts them itself.
    stuck: Arc<AtomicUsize>,
    given_up: AtomicBool,
}

impl Place {
    /// Calls on threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn on_threads() -> std::io::Result<Self> {
        let stuck = Arc::default();
        Ok(Self { threads: Some(Threads::new(Arc::clone(&stuck))?), stuck, given_up: AtomicBool::default() })
    }

    /// Calls on the worker's own thread, with stuck threads as this counter has them.
    pub(super) fn simulated(stuck: Arc<AtomicUsize>) -> Self {
        Self { stuck, ..Self::default() }
    }

    /// Leave to call a processor on a thread of its own, once there is one: the time until then is not the call's.
    pub(super) async fn thread(&self, own_thread: bool) -> Option<SemaphorePermit<'_>> {
        let threads = self.threads.as_ref().filter(|_| own_thread)?;
        // It is never closed.
        threads.free.acquire().await.ok()
    }

    /// Waits for what a processor does with an item, no longer than this.
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

    /// Waits for what a processor computes, no longer than this.
    pub(super) async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static, limit: Duration) -> Went<T> {
        let caught = || catch_unwind(AssertUnwindSafe(work)).map_or_else(Went::Panicked, Went::Done);
        match &self.threads {
            None => caught(),
            Some(threads) => threads.run(caught, limit).await,
        }
    }

    /// Whether this process is to end: too many threads are stuck, or one is while what may have killed a worker needs a
    /// process in which nothing else can.
    pub(super) fn is_spent(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.stuck.load(Ordering::Relaxed) >= STUCK_MAX
    }

    /// Whether a call that has a strike against it may begin here. A stuck thread may still kill the process, and nobody could
    /// tell which of the two it was; so the process is given up instead.
    pub(super) fn takes_suspects(&self) -> bool {
        if self.stuck.load(Ordering::Relaxed) > 0 {
            self.given_up.store(true, Ordering::Relaxed);
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

/// Threads for calls of processors, with a runtime that drives what they wait for.
#[derive(Debug)]
struct Threads {
    handle: Handle,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
    free: Semaphore,
    stuck: Arc<AtomicUsize>,
}

impl Threads {
    /// None yet; they are started as they are needed.
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

    /// Runs what keeps to the limit by itself, unless it never yields.
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

    /// Counts a stuck thread until it comes back, if ever.
    fn watch<T: Send + 'static>(&self, task: JoinHandle<Went<T>>) {
        let stuck = Arc::clone(&self.stuck);
        let threads = stuck.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(threads, "a processor computes past its time limit and cannot be stopped: its thread is left to it");
        self.handle.spawn(async move {
            // Whatever it gives comes too late.
            let _ = task.await;
            stuck.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Without waiting for threads that may never come back.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What broke it: a call that waited for a thread was timed out for it, and counted as stuck.
    #[test]
    fn who_waits_for_a_thread_is_not_being_called_yet() {
        let place = Place::on_threads().unwrap();
        let mut held: Vec<_> = (0..THREADS_MAX).map(|_| place.thread(true).now_or_never()).collect();
        assert!(held.iter().all(|held| matches!(held, Some(Some(_)))));
        assert!(place.thread(true).now_or_never().is_none(), "it waits");
        assert!(matches!(place.thread(false).now_or_never(), Some(None)), "a call that only waits needs none");
        held.pop();
        assert!(place.thread(true).now_or_never().is_some());
        assert!(!place.is_spent());
    }
}
