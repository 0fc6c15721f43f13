//! The store behind the queues: its connection, its counters and the queues' settings.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{
    attributes::{Attributes, Queue, QueueId, Redrive},
    consumer_time::{ConsumerTime, Event},
    fairness::Fairness,
    fault::{Fault, Kind},
    schema::{SCHEMA, VERSION},
};
use crate::{
    config::Clock,
    durability::{self, check_whole},
    error::OpenError,
};

/// 16 MB of log between checkpoints. A checkpoint costs two syncs, and a message that is sent and deleted between two
/// checkpoints is written to the main file only once.
const PAGES_BETWEEN_CHECKPOINTS: u32 = 4096;

/// Settings of all queues of a store.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The clock.
    pub(crate) clock: Clock,
    /// For tests: every message is stored twice.
    pub(crate) twice: bool,
    /// How receives are shared among groups.
    pub(crate) fairness: Fairness,
}

/// The queues' state.
pub(crate) struct Store {
    connection: Connection,
    settings: Settings,
    woken: Vec<QueueId>,
    consumer_time: ConsumerTime,
}

/// One transaction, and the time at which it happens.
pub(super) struct QueueTransaction<'a> {
    pub(super) tx: Transaction<'a>,
    pub(super) now_ms: u64,
    pub(super) twice: bool,
    pub(super) woken: &'a mut Vec<QueueId>,
    pub(super) counters: Counters,
    /// How receives are shared among groups.
    pub(super) fairness: Fairness,
    /// As it was before this transaction.
    pub(super) consumer_time: &'a ConsumerTime,
    events: Vec<Event>,
}

impl QueueTransaction<'_> {
    /// Records an event for when the transaction is committed.
    pub(super) fn note(&mut self, event: Event) {
        self.events.push(event);
    }
}

/// The last numbers given out: a message's, and a group's turn.
pub(super) struct Counters {
    pub(super) seq: i64,
    pub(super) turn: i64,
}

impl Store {
    /// Opens a store in memory.
    ///
    /// # Errors
    ///
    /// If SQLite cannot be started.
    pub(super) fn in_memory(settings: Settings) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::from_sqlite(Path::new(":memory:"), cause);
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Self::with(connection, settings).map_err(failed)
    }

    /// Opens the store in this file. Call it only while holding the turn.
    ///
    /// # Errors
    ///
    /// If the file is damaged, was written by a later version, or cannot be opened.
    pub(super) fn in_file(file: &Path, settings: Settings) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::from_sqlite(file, cause);
        let connection = Connection::open(file).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(failed)?;
        check_whole(file, durability::Kind::Queue, &connection)?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if found > VERSION {
            return Err(OpenError::Newer { file: file.to_owned(), found, known: VERSION });
        }
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON;
                 PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}; PRAGMA cache_size = -16000;
                 BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            ))
            .map_err(failed)?;
        let mut store = Self::with(connection, settings).map_err(failed)?;
        store.follow_the_clock_back().map_err(failed)?;
        Ok(store)
    }

    fn with(connection: Connection, settings: Settings) -> rusqlite::Result<Self> {
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, settings, woken: Vec::new(), consumer_time: ConsumerTime::default() })
    }

    /// If the machine's clock was set back since, shortens all waits by the same time, so that no message stays
    /// invisible for longer.
    fn follow_the_clock_back(&mut self) -> rusqlite::Result<()> {
        let now_ms = (self.settings.clock)();
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last_ms: u64 = tx.query_row("SELECT clock_ms FROM counters", [], |row| row.get(0))?;
        if let Some(back_ms) = last_ms.checked_sub(now_ms) {
            tx.execute("UPDATE messages SET due_ms = max(0, due_ms - ?1) WHERE ready = 0", [back_ms])?;
            tx.execute("UPDATE counters SET clock_ms = ?1", [now_ms])?;
        }
        tx.commit()
    }

    /// Does the work in one transaction: all of it, or none of it if it fails.
    pub(super) fn work<R>(&mut self, work: impl FnOnce(&mut QueueTransaction<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        let (result, events) = self.commit(work)?;
        events.into_iter().for_each(|event| self.consumer_time.note(event));
        Ok(result)
    }

    fn commit<R>(&mut self, work: impl FnOnce(&mut QueueTransaction<'_>) -> Result<R, Fault>) -> Result<(R, Vec<Event>), Fault> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (seq, turn): (i64, i64) =
            tx.prepare_cached("SELECT seq, turn FROM counters")?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut work_now = QueueTransaction {
            tx,
            now_ms: (self.settings.clock)(),
            twice: self.settings.twice,
            woken: &mut self.woken,
            counters: Counters { seq, turn },
            fairness: self.settings.fairness,
            consumer_time: &self.consumer_time,
            events: Vec::new(),
        };
        let result = work(&mut work_now)?;
        let QueueTransaction { tx, now_ms, counters, events, .. } = work_now;
        if (counters.seq, counters.turn) != (seq, turn) {
            tx.prepare_cached("UPDATE counters SET seq = ?1, turn = ?2, clock_ms = ?3")?.execute(params![
                counters.seq,
                counters.turn,
                now_ms
            ])?;
        }
        tx.commit()?;
        Ok((result, events))
    }

    /// Only reads.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Connection, u64) -> rusqlite::Result<R>) -> Result<R, Fault> {
        Ok(look(&self.connection, (self.settings.clock)())?)
    }

    /// The queues that may have newly receivable messages.
    pub(super) fn take_woken(&mut self) -> Vec<QueueId> {
        std::mem::take(&mut self.woken)
    }

    /// The queue with this name.
    pub(crate) fn queue(&self, name: &str) -> Result<Queue, Fault> {
        find(&self.connection, name)?
            .ok_or_else(|| Fault::new(Kind::QueueDoesNotExist, format!("the queue {name} does not exist: create it first")))
    }

    /// Creates the queue, or returns the existing one. If its settings differ, `replace` decides whether they are
    /// replaced or the call fails.
    pub(crate) fn create(&mut self, name: &str, attributes: &Attributes, replace: bool) -> Result<Queue, Fault> {
        let (name, wanted) = (name.to_owned(), attributes.clone());
        self.work(move |work| {
            match find(&work.tx, &name)? {
                None => insert(work, &name, &wanted)?,
                Some(queue) if queue.attributes == wanted => {}
                Some(queue) if replace => update(work, queue.id, &wanted)?,
                Some(_) => {
                    let words = format!("a queue {name} with other attributes exists");
                    return Err(Fault::new(Kind::QueueNameExists, words));
                }
            }
            find(&work.tx, &name)?.ok_or_else(|| Fault::internal("the queue was not stored"))
        })
    }
}

/// Finds a queue by its name.
pub(super) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Queue>> {
    connection.prepare_cached("SELECT * FROM queues WHERE name = ?1")?.query_row([name], read).optional()
}

/// The queue with this number.
pub(super) fn get(connection: &Connection, queue: QueueId) -> rusqlite::Result<Queue> {
    connection.prepare_cached("SELECT * FROM queues WHERE id = ?1")?.query_row([queue], read)
}

/// Changes a queue's settings.
fn update(work: &QueueTransaction<'_>, queue: QueueId, wanted: &Attributes) -> rusqlite::Result<()> {
    work.tx.execute(
        "UPDATE queues SET visibility_ms = ?2, retention_ms = ?3, delay_ms = ?4, wait_ms = ?5, message_bytes_max = ?6,
         dead_letters = ?7, receives_max = ?8, modified_ms = ?9 WHERE id = ?1",
        params![
            queue,
            wanted.visibility_ms,
            wanted.retention_ms,
            wanted.delay_ms,
            wanted.wait_ms,
            wanted.message_bytes_max,
            wanted.redrive.as_ref().map(|redrive| &redrive.dead_letters),
            wanted.redrive.as_ref().map(|redrive| redrive.receives_max),
            work.now_ms,
        ],
    )?;
    Ok(())
}

fn insert(work: &QueueTransaction<'_>, name: &str, wanted: &Attributes) -> rusqlite::Result<()> {
    work.tx.execute(
        "INSERT INTO queues (name, visibility_ms, retention_ms, delay_ms, wait_ms, message_bytes_max, created_ms,
         modified_ms) VALUES (?1, 0, 0, 0, 0, 0, ?2, ?2)",
        params![name, work.now_ms],
    )?;
    update(work, work.tx.last_insert_rowid(), wanted)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Queue> {
    let dead_letters: Option<String> = row.get("dead_letters")?;
    let receives_max: Option<u32> = row.get("receives_max")?;
    Ok(Queue {
        id: row.get("id")?,
        name: row.get("name")?,
        attributes: Attributes {
            visibility_ms: row.get("visibility_ms")?,
            retention_ms: row.get("retention_ms")?,
            delay_ms: row.get("delay_ms")?,
            wait_ms: row.get("wait_ms")?,
            message_bytes_max: row.get("message_bytes_max")?,
            redrive: dead_letters.zip(receives_max).map(|(dead_letters, receives_max)| Redrive { dead_letters, receives_max }),
        },
        created_ms: row.get("created_ms")?,
        modified_ms: row.get("modified_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::queue::{
        receive::receive,
        receive_request::ReceiveRequest,
        send::{Outgoing, send},
    };

    fn open(file: &Path, now_ms: u64) -> (Store, Queue) {
        let settings = Settings { clock: Arc::new(move || now_ms), twice: false, fairness: Fairness::Turns };
        durability::private_database(file, durability::Kind::Queue).unwrap();
        let mut store = Store::in_file(file, settings).unwrap();
        let queue = store.create("jobs", &Attributes::default(), true).unwrap();
        (store, queue)
    }

    fn receive_one(store: &mut Store, queue: &Queue) -> usize {
        let request = ReceiveRequest {
            queue: queue.id,
            messages_max: 1,
            bytes_max: u64::MAX,
            visibility_ms: None,
            groups_left_out: Vec::new(),
            of_one_group: false,
        };
        receive(store, &request).unwrap().messages.len()
    }

    fn send_one(store: &mut Store, queue: &Queue, body: String) -> Result<(), Fault> {
        let message = Outgoing::new(body, None, None)?;
        store.work(|work| send(work, queue, &[message]))
    }

    #[test]
    fn a_clock_set_back_keeps_nothing_out_of_sight_for_longer() {
        const HOUR_MS: u64 = 3_600_000;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("queue.db");
        let (mut store, queue) = open(&file, 10 * HOUR_MS);
        send_one(&mut store, &queue, "held".to_owned()).unwrap();
        assert_eq!(receive_one(&mut store, &queue), 1);
        drop(store);
        let (mut store, queue) = open(&file, 9 * HOUR_MS);
        assert_eq!(receive_one(&mut store, &queue), 0, "still out of sight");
        drop(store);
        let (mut store, queue) = open(&file, 9 * HOUR_MS + 30_000);
        assert_eq!(receive_one(&mut store, &queue), 1);
    }

    #[test]
    fn a_full_disk_is_named_and_keeps_what_there_was() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, queue) = open(&dir.path().join("queue.db"), 1);
        send_one(&mut store, &queue, "first".to_owned()).unwrap();
        store.connection.pragma_update(None, "max_page_count", 40).unwrap();
        let fault = send_one(&mut store, &queue, "x".repeat(500_000)).unwrap_err();
        assert!(fault.message.contains("is full"), "{fault}");
        assert_eq!(fault.answer().status, 500, "the SDK repeats it");
        assert_eq!((receive_one(&mut store, &queue), receive_one(&mut store, &queue)), (1, 0));
    }
}
