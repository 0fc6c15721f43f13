//! The one way to a store: work is done in order, by a thread of the store's own for files, on the spot in memory.
//!
//! On the spot means that a simulation on one thread and virtual time stays deterministic; a thread of its own means
//! that a disk that takes its time never stalls the runtime's workers.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

use super::{barrier::Barrier, turn::Turn};
use crate::error::Unavailable;

type Work<S> = Box<dyn FnOnce(&mut S) + Send>;

/// What a piece of work needs around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Only reads. Its answer waits for the disk if what it may have read is not there yet: who reads that a chunk is
    /// settled deletes the message, so the settlement must not be lost afterwards.
    Read,
    /// Only reads, and nobody builds on what it finds.
    Look,
    /// Writes, and its answer waits for the disk.
    Write,
    /// Writes what may be lost with the power: a lost receive or delete is only another delivery.
    WriteUnhurried,
}

/// The way to a store of type `S`.
pub(crate) enum Lane<S> {
    /// In memory.
    Inline(Mutex<S>),
    /// In files.
    Thread {
        /// Where the thread takes its work from.
        work: mpsc::Sender<Work<S>>,
        /// What answers pass.
        gate: Arc<Gate>,
    },
}

/// What stands around work on files.
pub(crate) struct Gate {
    turn: Arc<Turn>,
    barrier: Barrier,
}

impl<S: Send + 'static> Lane<S> {
    /// A lane to a store in memory.
    pub(crate) fn inline(store: S) -> Self {
        Self::Inline(Mutex::new(store))
    }

    /// Gives the store to a thread of its own.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(crate) fn thread(name: &str, mut store: S, turn: Arc<Turn>, barrier: Barrier) -> io::Result<Self> {
        let (work, arrivals) = mpsc::channel::<Work<S>>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Ok(work) = arrivals.recv() {
                work(&mut store);
            }
        })?;
        Ok(Self::Thread { work, gate: Arc::new(Gate { turn, barrier }) })
    }

    /// Does the work and answers as `care` asks. Once begun it is done, whether or not the caller still waits.
    ///
    /// # Errors
    /// If it was not done, or is not known to be on disk.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        care: Care,
        work: impl FnOnce(&mut S) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        match self {
            Self::Inline(store) => {
                let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                done(&mut *store, work)
            }
            Self::Thread { work: lane, gate } => {
                let (answer, answered) = oneshot::channel();
                let gate = Arc::clone(gate);
                lane.send(Box::new(move |store| gate.pass(care, store, work, answer))).map_err(|_| Unavailable::Stopped)?;
                answered.await.unwrap_or(Err(Unavailable::Stopped))
            }
        }
    }
}

impl Gate {
    fn pass<S, R: Send + 'static>(
        &self,
        care: Care,
        store: &mut S,
        work: impl FnOnce(&mut S) -> R,
        answer: oneshot::Sender<Result<R, Unavailable>>,
    ) {
        // A caller that has gone away needs no answer, so sending may fail.
        match self.in_turn(care, store, work) {
            Ok(result) if self.must_wait(care) => self.barrier.hold(move |outcome| {
                let _ = answer.send(outcome.map(|()| result));
            }),
            outcome => {
                let _ = answer.send(outcome);
            }
        }
    }

    fn in_turn<S, R>(&self, care: Care, store: &mut S, work: impl FnOnce(&mut S) -> R) -> Result<R, Unavailable> {
        let _held = match care {
            Care::Read | Care::Look => None,
            Care::Write | Care::WriteUnhurried => Some(self.turn.take()?),
        };
        done(store, work)
    }

    fn must_wait(&self, care: Care) -> bool {
        match care {
            Care::Write => true,
            Care::WriteUnhurried | Care::Look => false,
            Care::Read => !self.turn.count().is_ok_and(|commit| self.barrier.covers(commit)),
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
    async fn an_answer_waits_for_the_disk_unless_what_it_tells_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let turn = Arc::new(Turn::open(&dir.path().join("turn")).unwrap());
        let elsewhere = Turn::open(&dir.path().join("turn")).unwrap();
        let syncs = Arc::new(AtomicUsize::new(0));
        let (counted, count) = (Arc::clone(&syncs), Arc::clone(&turn));
        let sync = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let barrier = Barrier::start("test", move || count.committed(), sync).unwrap();
        let lane = Lane::thread("test", (), turn, barrier).unwrap();
        let after = async |care| {
            lane.run(care, |()| ()).await.unwrap();
            syncs.load(Ordering::SeqCst)
        };
        assert_eq!(after(Care::Read).await, 1, "what an earlier process left may not be on disk");
        assert_eq!(after(Care::Read).await, 1);
        assert_eq!(after(Care::Write).await, 2);
        assert_eq!(after(Care::Read).await, 2);
        assert_eq!(after(Care::WriteUnhurried).await, 2);
        assert_eq!(after(Care::Look).await, 2);
        assert_eq!(after(Care::Read).await, 3, "an unhurried write may have been read");
        drop(elsewhere.take().unwrap());
        assert_eq!(after(Care::Read).await, 4, "another process's write may have been read");
        assert_eq!(after(Care::Read).await, 4);
    }

    #[tokio::test]
    async fn a_panic_costs_one_call() {
        let lane = Lane::inline(1);
        let failed = lane.run(Care::Write, |_| panic!("on purpose")).await;
        assert!(matches!(failed, Err::<(), _>(Unavailable::Panicked)));
        assert_eq!(lane.run(Care::Read, |store| *store).await.unwrap(), 1);
    }
}
