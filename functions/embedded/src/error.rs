//! Errors of the embedded table and queue, each with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use headway_core::error::StorageFault;
use rusqlite::ErrorCode;

/// Why the embedded table or queue could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The data directory cannot be made, read or written.
    #[error("the data directory {} cannot be used; check that this user may write to it, or choose another", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the file system said.
        #[source]
        cause: io::Error,
    },
    /// The data directory, or something in it, must not be used.
    #[error("{} cannot be used as the data directory: {why}", path.display())]
    Unfit {
        /// The directory or file.
        path: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// A file cannot be made, read or written.
    #[error("the file {} cannot be used; check that it may be read and written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        #[source]
        cause: io::Error,
    },
    /// Something that is not Headway's has the name of one of its files.
    #[error("{} is {found}, not a file of this program; nothing was changed: move it away, or choose another directory", file.display())]
    Foreign {
        /// Its path.
        file: PathBuf,
        /// What it is.
        found: String,
    },
    /// A file does not contain what was written to it.
    #[error(
        "the file {} is damaged ({detail}); nothing was changed: put a good copy of the whole directory in its place, \
         or move the directory away to begin anew", file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The disk is full.
    #[error("the disk that holds {} is full; free some space and start again; nothing that was acknowledged is lost", file.display())]
    Full {
        /// The file that could not grow.
        file: PathBuf,
    },
    /// A file was written by a later version.
    #[error("the file {} was written by a later version of this program ({found}, this version knows up to {known}); use that later version", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The version this program writes.
        known: i64,
    },
    /// The embedded table could not be opened.
    #[error("the table in {} cannot be opened", file.display())]
    Table {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        cause: dynoxide::DynoxideError,
    },
    /// SQLite could not open a file.
    #[error("the file {} cannot be opened", file.display())]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        cause: rusqlite::Error,
    },
    /// A queue setting is out of range.
    #[error("the embedded queue cannot be set up: {0}")]
    Queue(String),
    /// Another process keeps the turn to write, or a thread could not be started.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl OpenError {
    /// The directory cannot be used.
    pub(crate) fn of_directory(path: &Path, cause: io::Error) -> Self {
        if is_full(&cause) { Self::Full { file: path.to_owned() } } else { Self::Directory { path: path.to_owned(), cause } }
    }

    /// A file cannot be used.
    pub(crate) fn of_file(path: &Path, cause: io::Error) -> Self {
        if is_full(&cause) { Self::Full { file: path.to_owned() } } else { Self::File { path: path.to_owned(), cause } }
    }

    pub(crate) fn damaged(file: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), detail: detail.into() }
    }

    pub(crate) fn from_sqlite(file: &Path, cause: rusqlite::Error) -> Self {
        let file = file.to_owned();
        match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { file, detail: cause.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full { file },
            _ => Self::Sqlite { file, cause },
        }
    }
}

/// Why a call on an open store was not done, or is not known to be on disk. It is safe to repeat, as with AWS.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The store has been closed.
    #[error("the embedded store has stopped")]
    Stopped,
    /// Another process has been writing for too long.
    #[error("another process has kept the data directory locked for {} s; is a process that uses it suspended?", .0.as_secs())]
    Busy(Duration),
    /// The disk did not confirm a write.
    #[error("the disk did not confirm a write ({0}); check the disk, then start this program again")]
    NotDurable(Arc<io::Error>),
    /// A file operation failed.
    #[error("the data directory cannot be used ({0})")]
    File(Arc<io::Error>),
    /// The call panicked inside the store.
    #[error("the embedded store failed on this call")]
    Panicked,
    /// The store's own error.
    #[error("{0}")]
    Store(String),
}

impl Unavailable {
    /// The code for the store's answer, if somebody has to repair the store before a call can succeed.
    pub(crate) fn storage_code(&self) -> Option<&'static str> {
        match self {
            Self::File(cause) if is_full(cause) => Some(StorageFault::FULL),
            Self::File(_) | Self::NotDurable(_) => Some(StorageFault::BROKEN),
            Self::Stopped | Self::Busy(_) | Self::Panicked | Self::Store(_) => None,
        }
    }
}

/// True if there is no space left on the disk, or for this user.
fn is_full(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<io::Error> for Unavailable {
    fn from(cause: io::Error) -> Self {
        Self::File(Arc::new(cause))
    }
}
