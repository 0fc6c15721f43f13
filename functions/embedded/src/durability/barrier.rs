//! One `fdatasync` for all waiting callers. An answer is released only by a sync that began after its commit.
//!
//! After its commit, a caller puts its answer into a channel. The barrier's thread empties the channel, syncs, and then
//! releases the answers it took out. So each of them was committed before that sync began.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use crate::error::Unavailable;

type Release = Box<dyn FnOnce(Result<(), Unavailable>) + Send>;

/// Holds answers back until the writes behind them are on disk.
pub(crate) struct Barrier {
    held: mpsc::Sender<Release>,
    /// One more than the number of the newest commit known to be on disk; 0 while none is known.
    durable: Arc<AtomicU64>,
}

impl Barrier {
    /// Starts the thread. `committed` returns the number of the newest commit that the next `sync` will cover.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub(crate) fn start(
        name: &str,
        committed: impl Fn() -> u64 + Send + 'static,
        sync: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (held, arrivals) = mpsc::channel();
        let durable = Arc::new(AtomicU64::new(0));
        let shown = Arc::clone(&durable);
        thread::Builder::new().name(format!("{name}-sync")).spawn(move || work(&arrivals, &shown, committed, sync))?;
        Ok(Self { held, durable })
    }

    /// Calls `release` after a sync that begins after this call.
    pub(crate) fn hold(&self, release: impl FnOnce(Result<(), Unavailable>) + Send + 'static) {
        if let Err(mpsc::SendError(release)) = self.held.send(Box::new(release)) {
            release(Err(Unavailable::Stopped));
        }
    }

    /// True if every commit up to this number is already on disk.
    pub(crate) fn covers(&self, commit: u64) -> bool {
        self.durable.load(Ordering::Acquire) > commit
    }
}

fn work(arrivals: &mpsc::Receiver<Release>, durable: &AtomicU64, committed: impl Fn() -> u64, mut sync: impl FnMut() -> io::Result<()>) {
    // After a failed sync the kernel may drop the pages it could not write and report the next sync as successful. So
    // after one failure every answer fails until the process has been started again and has read what the disk really
    // holds.
    let mut failure: Option<Unavailable> = None;
    while let Ok(first) = arrivals.recv() {
        let mut waiting = vec![first];
        waiting.extend(arrivals.try_iter());
        let covered = committed();
        let outcome = match &failure {
            Some(earlier) => Err(earlier.clone()),
            None => sync().map_err(|cause| Unavailable::NotDurable(Arc::new(cause))),
        };
        match &outcome {
            Ok(()) => durable.store(covered + 1, Ordering::Release),
            Err(cause) => failure = Some(cause.clone()),
        }
        for release in waiting {
            release(outcome.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A barrier whose sync reports when it begins and ends only when the test says so.
    fn steered() -> (Barrier, mpsc::Receiver<()>, mpsc::Sender<io::Result<()>>, Arc<AtomicU64>) {
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<io::Result<()>>();
        let commits = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&commits);
        let barrier = Barrier::start(
            "test",
            move || seen.load(Ordering::SeqCst),
            move || {
                begun.send(()).unwrap();
                ends.recv().unwrap()
            },
        )
        .unwrap();
        (barrier, begins, end, commits)
    }

    /// Sends whether the held answer was released as durable.
    fn hold(barrier: &Barrier, answered: mpsc::Sender<bool>) {
        barrier.hold(move |outcome| answered.send(outcome.is_ok()).unwrap());
    }

    #[test]
    fn a_running_sync_does_not_release_a_later_commit() {
        let (barrier, begins, end, commits) = steered();
        let (answered, answers) = mpsc::channel();
        let commit = |name: &'static str| {
            commits.fetch_add(1, Ordering::SeqCst);
            let answered = answered.clone();
            barrier.hold(move |outcome| answered.send((name, outcome.is_ok())).unwrap());
        };
        commit("first");
        begins.recv().unwrap();
        commit("second");
        assert!(answers.try_recv().is_err(), "answered before any sync ended");
        end.send(Ok(())).unwrap();
        assert_eq!(answers.recv().unwrap(), ("first", true));
        begins.recv().unwrap();
        assert!(answers.try_recv().is_err(), "answered by the first sync, which began before the second commit");
        assert!(barrier.covers(1) && !barrier.covers(2));
        end.send(Ok(())).unwrap();
        assert_eq!(answers.recv().unwrap(), ("second", true));
        assert!(barrier.covers(2));
    }

    #[test]
    fn waiting_callers_share_a_sync() {
        let (barrier, begins, end, _) = steered();
        let (answered, answers) = mpsc::channel();
        let hold = || hold(&barrier, answered.clone());
        hold();
        begins.recv().unwrap();
        (0..100).for_each(|_| hold());
        end.send(Ok(())).unwrap();
        begins.recv().unwrap();
        end.send(Ok(())).unwrap();
        assert!((0..101).all(|_| answers.recv().unwrap()));
        assert!(begins.try_recv().is_err(), "a third sync was begun");
    }

    #[test]
    fn after_a_failed_sync_every_answer_fails() {
        let (barrier, begins, end, _) = steered();
        let (answered, answers) = mpsc::channel();
        let hold = || hold(&barrier, answered.clone());
        hold();
        begins.recv().unwrap();
        end.send(Err(io::Error::other("no"))).unwrap();
        assert!(!answers.recv().unwrap());
        hold();
        assert!(!answers.recv().unwrap(), "no second sync is tried");
    }
}
