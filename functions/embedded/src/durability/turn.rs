//! Whose turn it is to write, over all processes that have the same data directory open.
//!
//! SQLite alone would do, but its waiting writers poll and give up; and a reader could not tell whether what it read
//! is on disk already, since another process may have committed it. A small file gives both: its lock is the turn
//! (the kernel frees it if the holder dies), and eight bytes behind its mark count commits, odd while one is being made.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{ours::LockKind, private::open_lock};
use crate::error::{OpenError, Unavailable};

/// How long a writer waits for another process before its caller is told to try again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where the count is in the file.
const COUNT_OFFSET: u64 = LockKind::MARK_BYTES as u64;

/// The file that says whose turn it is.
pub(crate) struct Turn {
    file: File,
}

/// The turn, until dropped.
pub(crate) struct Held<'a> {
    turn: &'a Turn,
    commit: u64,
}

impl Turn {
    /// Opens the file, made if there is none.
    ///
    /// # Errors
    /// If it is not Headway's, or cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: open_lock(path, LockKind::Turn)? })
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// `Busy` if another process has kept it too long; what the file system gives otherwise.
    pub(crate) fn take(&self) -> Result<Held<'_>, Unavailable> {
        let since = Instant::now();
        let mut pause = Duration::from_micros(50);
        loop {
            match self.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => return Err(Unavailable::Busy(PATIENCE)),
                Err(TryLockError::Error(cause)) => return Err(cause.into()),
            }
        }
        let count = self.count().inspect_err(|_| {
            let _ = self.file.unlock();
        })?;
        // Odd whatever a holder that died left behind.
        let held = Held { turn: self, commit: (count + 1) | 1 };
        self.file.write_all_at(&held.commit.to_le_bytes(), COUNT_OFFSET)?;
        Ok(held)
    }

    /// The number of the newest commit, or the odd number before it while it is being made.
    ///
    /// # Errors
    /// As the file system gives them.
    pub(crate) fn count(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, COUNT_OFFSET)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The newest commit that has been made in full; 0, which claims nothing, if it cannot be told.
    pub(crate) fn committed(&self) -> u64 {
        self.count().unwrap_or(0) & !1
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // If this fails the count stays odd: readers then wait for a sync they may not have needed.
        let _ = self.turn.file.write_all_at(&(self.commit + 1).to_le_bytes(), COUNT_OFFSET);
        let _ = self.turn.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_turn_and_goes_on_after_a_holder_that_died() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        let turn = Turn::open(&path).unwrap();
        let other = Turn::open(&path).unwrap();
        drop(turn.take().unwrap());
        assert_eq!((turn.count().unwrap(), other.committed()), (2, 2));
        let held = other.take().unwrap();
        assert_eq!((turn.count().unwrap(), turn.committed()), (3, 2), "in the middle of a commit");
        std::mem::forget(held);
        drop(other); // as the kernel does for a process that was killed
        drop(turn.take().unwrap());
        assert_eq!(turn.count().unwrap(), 6);
    }
}
