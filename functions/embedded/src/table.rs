//! The embedded DynamoDB: dynoxide behind a connector, so that production's adapter runs unchanged.
//!
//! Every answer, also of a read, waits until what it shows is on disk (see [`crate::durability`]). Several processes
//! may have the file open: writers take turns, and conditional writes are transactions. Dynoxide caches only the
//! descriptions of tables, so a table in a file is never changed or deleted once it exists.

mod connector;
mod creating;
mod faults;
mod operations;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use dynoxide::Database;
use rusqlite::Connection;

use crate::{
    durability::{Access, Barrier, Kind, Lane, WriteTurn, check_whole, log_sync, private_database},
    error::{OpenError, Unavailable},
    queue::QUEUE_FILE,
};
pub(crate) use connector::Connector;

const FILE: &str = "table.db";

/// The table's store and the lane to it.
pub(crate) struct Table {
    lane: Lane<Store>,
    file: Option<PathBuf>,
    /// Set when the file turns out to be damaged: nothing is read from it any more, since it may be wrong.
    damaged: AtomicBool,
}

struct Store {
    database: Database,
    /// A second connection to the same file, for what dynoxide does not offer; `None` in memory.
    beside: Option<Connection>,
}

impl Table {
    /// Opens a table in memory.
    ///
    /// # Errors
    ///
    /// If SQLite cannot be started.
    pub(crate) fn in_memory() -> Result<Self, OpenError> {
        let database = Database::memory().map_err(|cause| faults::opening(Path::new(":memory:"), cause))?;
        Ok(Self { lane: Lane::inline(Store { database, beside: None }), file: None, damaged: AtomicBool::new(false) })
    }

    /// Opens the table in this directory.
    ///
    /// # Errors
    ///
    /// If it is damaged, or the directory cannot be used.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, OpenError> {
        let file = directory.join(FILE);
        let unusable = |cause| OpenError::of_directory(directory, cause);
        // The queue is made after the table, so that nobody who begins anew has one alone.
        if directory.join(QUEUE_FILE).exists() && !file.exists() {
            return Err(OpenError::damaged(&file, format!("it is missing beside {QUEUE_FILE}")));
        }
        let turn = Arc::new(WriteTurn::open(&directory.join("table.turn"))?);
        let store = {
            let _held = turn.take()?;
            private_database(&file, Kind::Table)?;
            Store::open(&file)?
        };
        let count = Arc::clone(&turn);
        let sync = log_sync(&file).map_err(unusable)?;
        let barrier = Barrier::start("table", move || count.committed(), sync).map_err(unusable)?;
        Ok(Self { lane: Lane::thread("table", store, turn, barrier).map_err(unusable)?, file: Some(file), damaged: AtomicBool::new(false) })
    }

    /// Deletes expired rows. Returns how many.
    ///
    /// # Errors
    ///
    /// If the store is not available.
    pub(crate) async fn sweep_expired_rows(&self) -> Result<usize, Unavailable> {
        self.lane.run(Access::Write, |store| store.database.sweep_ttl()).await?.map_err(|fault| Unavailable::Store(fault.to_string()))
    }
}

impl Store {
    fn open(file: &Path) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::from_sqlite(file, cause);
        let beside = Connection::open(file).map_err(failed)?;
        check_whole(file, Kind::Table, &beside)?;
        creating::repair(&beside).map_err(failed)?;
        creating::check_items(file, &beside)?;
        let name = file.to_str().ok_or_else(|| OpenError::damaged(file, "its name is not UTF-8"))?;
        let opening = |cause| faults::opening(file, cause);
        let database = Database::new(name).map_err(opening)?;
        // Dynoxide has no direct way to set `synchronous=NORMAL`. The first of these calls sets it, together with other
        // settings that the second resets to SQLite's defaults.
        database.enable_bulk_loading().map_err(opening)?;
        database.disable_bulk_loading().map_err(opening)?;
        Ok(Self { database, beside: Some(beside) })
    }
}
