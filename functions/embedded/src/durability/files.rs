//! The files themselves: made so that they are still there after a power cut, and looked over before they are used.

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, config::DbConfig};

use super::{ours::Kind, private::private_directory};
use crate::error::OpenError;

/// Files up to this size are read through on opening, which takes about a second at most.
const LOOKED_OVER_BYTES_MAX: u64 = 256 << 20;

/// Looks at the directory before anything is changed, then makes it, private, and makes it last.
///
/// # Errors
/// If it cannot be made or written to, or anything in it is not ours: nothing was changed then.
pub(crate) fn prepare_directory(directory: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::Directory { path: directory.to_owned(), cause };
    private_directory(directory)?;
    let directory = directory.canonicalize().map_err(failed)?;
    match directory.parent() {
        Some(parent) => sync_directory(parent).map_err(failed),
        None => Ok(()),
    }
}

/// Makes names in a directory last: a file whose name is lost is lost.
///
/// # Errors
/// As the file system gives them.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Looks a database over for damage, so that it is found before it is counted with. What is damaged stays as it is:
/// closed now, it does not take its log in, which would spoil what could still be saved.
///
/// # Errors
/// `Damaged` if anything is wrong with its structure, it is no database at all, or its log is another database's.
pub(crate) fn check_whole(path: &Path, kind: Kind, connection: &Connection) -> Result<(), OpenError> {
    let failed = |cause| OpenError::from_sqlite(path, cause);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    check_log(path, kind, connection)?;
    look_over(path, connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
    Ok(())
}

/// A log says nothing of the database that it belongs to. With another database's log, this one seems to be that other.
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

/// A function that makes everything written to a database's log so far last.
///
/// The log is opened here once and never the database itself: closing a second handle to that would drop the locks
/// that SQLite holds on it for the whole process.
///
/// # Errors
/// If there is no log, which there is as soon as the database is open in WAL mode.
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
