//! The queues' tables, designed so that a receive costs the same with ten messages as with a million.
//!
//! A message is *ready* (may be received now) or *waiting* (delayed, or received and invisible, until `due_ms`).
//! `groups` has a row for each group with ready messages; the one with the lowest `turn` is served next. Bodies are in
//! a table of their own, so that a change of a message's state does not rewrite its body.

/// The schema's version, recorded in the file.
pub(super) const VERSION: i64 = 1;

/// Creates what does not exist yet.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    visibility_ms INTEGER NOT NULL,
    retention_ms INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL,
    wait_ms INTEGER NOT NULL,
    message_bytes_max INTEGER NOT NULL,
    dead_letters TEXT,
    receives_max INTEGER,
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL
);
INSERT OR IGNORE INTO counters VALUES (1, 0, 0, 0);
CREATE TABLE IF NOT EXISTS groups (
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    turn INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS groups_by_turn ON groups (queue, turn);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    sender_group TEXT NOT NULL,
    message_id BLOB NOT NULL,
    sent_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    receives INTEGER NOT NULL,
    first_received_ms INTEGER,
    bytes INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    source TEXT
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (queue, due_ms) WHERE ready = 0;
CREATE INDEX IF NOT EXISTS messages_ready ON messages (queue, sender_group, seq) WHERE ready = 1;
CREATE INDEX IF NOT EXISTS messages_sent ON messages (queue, sent_ms);
CREATE TABLE IF NOT EXISTS bodies (
    seq INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
";
