//! All access to a store goes through its lane. Calls run one after another: for files on a thread of the store's own, in
//! memory on the caller's thread.
//!
//! In memory, this keeps a simulation with one thread and virtual time deterministic. For files, it keeps a slow disk
//! from blocking the runtime's threads.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

use super::{barrier::Barrier, write_turn::WriteTurn};
use crate::error::Unavailable;

type StoreCall<S> = Box<dyn FnOnce(&mut S) + Send>;

/// What a call needs: whether it writes, and whether its answer waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only reads. The answer is held back until everything it could have seen is on disk. Otherwise a worker could
    /// read that a chunk is settled and delete its message, and a power cut could then lose the settlement.
    Read,
    /// Only reads, and nothing durable depends on the answer, so it does not wait for the disk.
    Look,
    /// Writes. The answer waits for the disk.
    Write,
    /// Writes, but the answer does not wait for the disk: losing a receive or a delete only means another delivery.
    WriteWithoutSync,
}

/// The access to a store of type `S`, one call after another.
pub(crate) enum Lane<S> {
    /// In memory.
    Inline(Mutex<S>),
    /// In files, on a thread of its own.
    Thread {
        /// Sends calls to the thread.
        work: mpsc::Sender<StoreCall<S>>,
        /// Takes the turn for writes and holds answers back until they are durable.
        guards: Arc<CallGuards>,
    },
}

/// What is done around each call on files.
pub(crate) struct CallGuards {
    turn: Arc<WriteTurn>,
    barrier: Barrier,
}

impl<S: Send + 'static> Lane<S> {
    /// A lane to a store in memory.
    pub(crate) fn inline(store: S) -> Self {
        Self::Inline(Mutex::new(store))
    }

    /// Moves the store to a thread of its own.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub(crate) fn thread(name: &str, mut store: S, turn: Arc<WriteTurn>, barrier: Barrier) -> io::Result<Self> {
        let (work, arrivals) = mpsc::channel::<StoreCall<S>>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Ok(work) = arrivals.recv() {
                work(&mut store);
            }
        })?;
        Ok(Self::Thread { work, guards: Arc::new(CallGuards { turn, barrier }) })
    }

    /// Runs a call and returns its answer as `access` asks. A call that has begun is finished even if the caller has
    /// gone away.
    ///
    /// # Errors
    ///
    /// If it was not done, or is not known to be on disk.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&mut S) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        match self {
            Self::Inline(store) => {
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                done(&mut *store, work)
            }
            Self::Thread { work: lane, guards } => {
                let (answer, answered) = oneshot::channel();
                let guards = Arc::clone(guards);
                lane.send(Box::new(move |store| guards.pass(access, store, work, answer))).map_err(|_| Unavailable::Stopped)?;
                answered.await.unwrap_or(Err(Unavailable::Stopped))
            }
        }
    }
}

impl CallGuards {
    fn pass<S, R: Send + 'static>(
        &self,
        access: Access,
        store: &mut S,
        work: impl FnOnce(&mut S) -> R,
        answer: oneshot::Sender<Result<R, Unavailable>>,
    ) {
        // Sending fails if the caller has gone away. It needs no answer then.
        match self.in_turn(access, store, work) {
            Ok(result) if self.must_wait(access) => self.barrier.hold(move |outcome| {
                let _ = answer.send(outcome.map(|()| result));
            }),
            outcome => {
                let _ = answer.send(outcome);
            }
        }
    }

    fn in_turn<S, R>(&self, access: Access, store: &mut S, work: impl FnOnce(&mut S) -> R) -> Result<R, Unavailable> {
        let _held = match access {
            Access::Read | Access::Look => None,
            Access::Write | Access::WriteWithoutSync => Some(self.turn.take()?),
        };
        done(store, work)
    }

    fn must_wait(&self, access: Access) -> bool {
        match access {
            Access::Write => true,
            Access::WriteWithoutSync | Access::Look => false,
            Access::Read => !self.turn.count().is_ok_and(|commit| self.barrier.covers(commit)),
        }
    }
}

fn done<S, R>(store: &mut S, work: impl FnOnce(&mut S) -> R) -> Result<R, Unavailable> {
    catch_unwind(AssertUnwindSafe(|| work(store))).map_err(|_| Unavailable::Panicked)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn an_answer_waits_unless_what_it_read_is_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let turn = Arc::new(WriteTurn::open(&dir.path().join("turn")).unwrap());
        let elsewhere = WriteTurn::open(&dir.path().join("turn")).unwrap();
        let syncs = Arc::new(AtomicUsize::new(0));
        let (counted, count) = (Arc::clone(&syncs), Arc::clone(&turn));
        let sync = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let barrier = Barrier::start("test", move || count.committed(), sync).unwrap();
        let lane = Lane::thread("test", (), turn, barrier).unwrap();
        let after = async |access| {
            lane.run(access, |()| ()).await.unwrap();
            syncs.load(Ordering::SeqCst)
        };
        assert_eq!(after(Access::Read).await, 1, "what an earlier process left may not be on disk");
        assert_eq!(after(Access::Read).await, 1);
        assert_eq!(after(Access::Write).await, 2);
        assert_eq!(after(Access::Read).await, 2);
        assert_eq!(after(Access::WriteWithoutSync).await, 2);
        assert_eq!(after(Access::Look).await, 2);
        assert_eq!(after(Access::Read).await, 3, "a write without a sync may have been read");
        drop(elsewhere.take().unwrap());
        assert_eq!(after(Access::Read).await, 4, "another process's write may have been read");
        assert_eq!(after(Access::Read).await, 4);
    }

    #[tokio::test]
    async fn a_panic_fails_only_its_own_call() {
        let lane = Lane::inline(1);
        let failed = lane.run(Access::Write, |_| panic!("on purpose")).await;
        assert!(matches!(failed, Err::<(), _>(Unavailable::Panicked)));
        assert_eq!(lane.run(Access::Read, |store| *store).await.unwrap(), 1);
    }
}
