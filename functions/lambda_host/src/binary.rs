//! Detects that the worker's file has changed, as after a build.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// How often the file is checked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What differs between two versions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// A file that is checked from time to time.
#[derive(Debug)]
pub(crate) struct Binary {
    file: Option<PathBuf>,
    version: Option<Version>,
}

impl Binary {
    /// The file as it is now. `None` never changes.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        let version = file.as_ref().and_then(version);
        Self { file, version }
    }

    /// Returns when the file differs from the first check and has been the same for two checks, since a linker writes
    /// for some time. A missing file does not count as changed.
    pub(crate) async fn changed(&self) {
        let Some(file) = &self.file else { return std::future::pending().await };
        let mut before = self.version;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = version(file);
            if now.is_some() && now != self.version && now == before {
                return;
            }
            before = now;
        }
    }
}

fn version(file: &PathBuf) -> Option<Version> {
    let data = fs::metadata(file).ok()?;
    Some(Version { inode: data.ino(), bytes: data.size(), modified: (data.mtime(), data.mtime_nsec()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_written_anew_has_changed_and_one_that_is_gone_for_now_has_not() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("worker");
        fs::write(&file, "one").unwrap();
        let binary = Binary::new(Some(file.clone()));
        let waited = |limit| tokio::time::timeout(limit, binary.changed());
        assert!(waited(LOOK_EVERY * 20).await.is_err(), "nothing has changed");
        fs::remove_file(&file).unwrap();
        assert!(waited(LOOK_EVERY * 20).await.is_err(), "it is gone while it is built");
        fs::write(&file, "another").unwrap();
        assert!(waited(LOOK_EVERY * 20).await.is_ok(), "it was built");
    }
}
