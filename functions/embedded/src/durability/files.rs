//! The files in the data directory: created so that they survive a power cut, and checked before they are used.

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, config::DbConfig};

use super::{ours::Kind, private::private_directory};
use crate::error::OpenError;

/// A file up to this size is checked completely when it is opened, which takes about a second at most.
const LOOKED_OVER_BYTES_MAX: u64 = 256 << 20;

/// Checks the directory, then creates it if needed, makes it private and syncs its entry to disk.
///
/// # Errors
///
/// If it cannot be created or written, or contains a file that is not Headway's. Nothing was changed then.
pub(crate) fn prepare_directory(directory: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::of_directory(directory, cause);
    private_directory(directory)?;
    let directory = directory.canonicalize().map_err(failed)?;
    match directory.parent() {
        Some(parent) => sync_directory(parent).map_err(failed),
        None => Ok(()),
    }
}

/// Syncs a directory, so that the names of new files in it survive a power cut.
///
/// # Errors
///
/// As reported by the file system.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Checks a database for damage before it is used. A damaged database is left as it is, and its connection is dropped
/// without a checkpoint: writing its log into it could destroy what can still be saved.
///
/// # Errors
///
/// `Damaged` if its structure is wrong, if it is not a database, or if its log belongs to another database.
pub(crate) fn check_whole(path: &Path, kind: Kind, connection: &Connection) -> Result<(), OpenError> {
    let failed = |cause| OpenError::from_sqlite(path, cause);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    check_log(path, kind, connection)?;
    look_over(path, connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
    Ok(())
}

/// A write-ahead log does not say which database it belongs to. Opened with another database's log, this database would
/// look like the other one.
fn check_log(path: &Path, kind: Kind, connection: &Connection) -> Result<(), OpenError> {
    let failed = |cause| OpenError::from_sqlite(path, cause);
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if id == kind.application_id() {
        return Ok(());
    }
    Err(OpenError::damaged(path, format!("{} is the log of another database", wal_of(path).display())))
}

fn look_over(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let failed = |cause| OpenError::from_sqlite(path, cause);
    let bytes: u64 = connection
        .query_row("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", [], |row| row.get(0))
        .map_err(failed)?;
    if bytes > LOOKED_OVER_BYTES_MAX {
        return Ok(());
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    match verdict.as_str() {
        "ok" => Ok(()),
        detail => Err(OpenError::damaged(path, detail)),
    }
}

/// Returns a function that syncs a database's write-ahead log to disk.
///
/// It opens the log, once, and never the database: closing a second handle to the database would release SQLite's locks
/// on it for the whole process.
///
/// # Errors
///
/// If there is no log. There is one as soon as the database is open in WAL mode.
pub(crate) fn log_sync(database: &Path) -> io::Result<impl FnMut() -> io::Result<()> + Send + 'static> {
    let path = wal_of(database);
    let mut log = File::open(&path)?;
    Ok(move || {
        if log.metadata()?.nlink() == 0 {
            log = File::open(&path)?;
        }
        log.sync_data()
    })
}

fn wal_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
