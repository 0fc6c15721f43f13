//! Lets only one process at a time write to a data directory.
//!
//! SQLite's own locks are not enough: its waiting writers poll and give up, and a reader could not tell whether another
//! process's commit is on disk yet. So there is a small file. The process that holds its lock may write; the kernel releases
//! the lock if the process dies. Eight bytes after the file's mark count the commits; the count is odd during a commit.

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

/// How long a writer waits for another process before the call fails as busy.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where the count begins in the file.
const COUNT_OFFSET: u64 = LockKind::MARK_BYTES as u64;

/// The file whose lock is the turn to write.
pub(crate) struct WriteTurn {
    file: File,
}

/// The turn to write, until it is dropped.
pub(crate) struct TakenTurn<'a> {
    turn: &'a WriteTurn,
    commit: u64,
}

impl WriteTurn {
    /// Opens the file, creating it if needed.
    ///
    /// # Errors
    ///
    /// If it is not Headway's, or cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: open_lock(path, LockKind::Turn)? })
    }

    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// `Busy` if another process kept it too long, or an error of the file system.
    pub(crate) fn take(&self) -> Result<TakenTurn<'_>, Unavailable> {
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
        // Odd, whatever count a process that died left behind.
        let held = TakenTurn { turn: self, commit: (count + 1) | 1 };
        self.file.write_all_at(&held.commit.to_le_bytes(), COUNT_OFFSET)?;
        Ok(held)
    }

    /// The number of the newest commit, or the odd number before it while it is being made.
    ///
    /// # Errors
    ///
    /// As reported by the file system.
    pub(crate) fn count(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, COUNT_OFFSET)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The number of the newest complete commit; 0, which no reader counts as durable, if it cannot be read.
    pub(crate) fn committed(&self) -> u64 {
        self.count().unwrap_or(0) & !1
    }
}

impl Drop for TakenTurn<'_> {
    fn drop(&mut self) {
        // If this fails, the count stays odd and readers wait for a sync that they may not need.
        let _ = self.turn.file.write_all_at(&(self.commit + 1).to_le_bytes(), COUNT_OFFSET);
        let _ = self.turn.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_turn_and_continues_after_a_dead_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("turn");
        let turn = WriteTurn::open(&path).unwrap();
        let other = WriteTurn::open(&path).unwrap();
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
