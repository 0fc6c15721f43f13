//! Which names in the data directory are Headway's, and whether a file with such a name really is Headway's.
//!
//! The checks change nothing: no byte, no mode, no modification time.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use uuid::Uuid;

use crate::error::OpenError;

/// Bytes read from the start of a file: the length of SQLite's header.
const HEAD_BYTES: usize = 100;
/// The owner's rights to read and write.
const OWNER_READS_AND_WRITES: u32 = 0o600;
const DRAFT: &str = "-draft-";

/// The kinds of databases. Each is recorded in the database's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The table.
    Table,
    /// The queues.
    Queue,
}

impl Kind {
    /// SQLite's `application_id`: "HwTb" and "HwQu".
    pub(super) fn application_id(self) -> i32 {
        match self {
            Self::Table => i32::from_be_bytes(*b"HwTb"),
            Self::Queue => i32::from_be_bytes(*b"HwQu"),
        }
    }
}

/// The files that exist only to be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// Its lock gives the right to write. Behind its mark is the number of commits.
    Turn,
    /// Its lock shows which process receives from the queue.
    Pump,
}

impl LockKind {
    /// The length of the bytes at a lock file's start, which tell it from another program's file.
    pub(super) const MARK_BYTES: usize = 16;

    fn mark(self) -> &'static [u8; Self::MARK_BYTES] {
        match self {
            Self::Turn => b"headway turn v1\n",
            Self::Pump => b"headway pump v1\n",
        }
    }

    /// The content of a new lock file. Its length never changes.
    pub(super) fn content(self) -> Vec<u8> {
        let count: &[u8] = match self {
            Self::Turn => &[0; 8],
            Self::Pump => &[],
        };
        [self.mark(), count].concat()
    }
}

/// What a file in the data directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Database(Kind),
    /// SQLite's write-ahead log.
    Log,
    /// SQLite's index of that log.
    Index,
    /// SQLite's rollback journal, with which it undoes an interrupted change.
    Journal,
    Lock(LockKind),
}

impl Role {
    fn of(name: &str) -> Option<Self> {
        match name {
            "table.turn" | "queue.turn" => return Some(Self::Lock(LockKind::Turn)),
            "pump.lock" => return Some(Self::Lock(LockKind::Pump)),
            _ => {}
        }
        [("table.db", Kind::Table), ("queue.db", Kind::Queue)].into_iter().find_map(|(database, kind)| {
            match name.strip_prefix(database)? {
                "" => Some(Self::Database(kind)),
                "-wal" => Some(Self::Log),
                "-shm" => Some(Self::Index),
                "-journal" => Some(Self::Journal),
                _ => None,
            }
        })
    }

    /// What is wrong with a file of this role that begins with these bytes, if anything.
    fn fault(self, head: &[u8], bytes: u64) -> Option<&'static str> {
        const INDEX_VERSION: u32 = 3_007_000;
        match self {
            Self::Database(kind) => database_fault(head, kind),
            Self::Log if !begins(head, &[&0x377f_0682_u32.to_be_bytes(), &0x377f_0683_u32.to_be_bytes()]) => Some("not a log of SQLite"),
            Self::Index if !begins(head, &[&INDEX_VERSION.to_le_bytes(), &INDEX_VERSION.to_be_bytes()]) => Some("not an index of SQLite"),
            Self::Journal if !begins(head, &[&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]]) => Some("not a journal of SQLite"),
            Self::Lock(_) if head.is_empty() => Some("an empty file"),
            Self::Lock(kind) if !head.starts_with(kind.mark()) || bytes != kind.content().len() as u64 => Some("not a lock file"),
            Self::Log | Self::Index | Self::Journal | Self::Lock(_) => None,
        }
    }
}

/// True for the full names that Headway gives, and for the names of drafts, which a crash may leave behind.
pub(super) fn is_our_name(name: &str) -> bool {
    let is_draft = |name: &str| {
        name.split_once(DRAFT).is_some_and(|(of, id)| Role::of(of).is_some() && Uuid::try_parse(id.trim_end_matches("-journal")).is_ok())
    };
    Role::of(name).is_some() || is_draft(name)
}

/// A unique name for a file that is written before it is given its own name.
pub(super) fn draft_name(name: &str) -> String {
    format!("{name}{DRAFT}{}", Uuid::new_v4())
}

/// Checks the file with this path if its name is one of ours. Returns whether there is a file of ours.
///
/// # Errors
///
/// [`OpenError::Foreign`] if something else has the name; `Unfit` if it belongs to another user or its owner may not
/// write it.
pub(super) fn look_at(path: &Path) -> Result<bool, OpenError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match Role::of(&name) {
        Some(role) => look_for(path, &name, role),
        None => Ok(false),
    }
}

/// Like [`look_at`], for a lock file with any name.
///
/// # Errors
///
/// As [`look_at`].
pub(super) fn look_at_lock(path: &Path, kind: LockKind) -> Result<bool, OpenError> {
    look_for(path, "", Role::Lock(kind))
}

/// Like [`look_at`], for a database with any name.
///
/// # Errors
///
/// As [`look_at`].
pub(super) fn look_at_database(path: &Path, kind: Kind) -> Result<bool, OpenError> {
    look_for(path, "", Role::Database(kind))
}

fn look_for(path: &Path, name: &str, role: Role) -> Result<bool, OpenError> {
    let failed = |cause| OpenError::of_file(path, cause);
    let foreign = |found: &str| OpenError::Foreign { file: path.to_owned(), found: found.to_owned() };
    let Some(found) = found(path).map_err(failed)? else { return Ok(false) };
    if !found.is_file() {
        return Err(foreign(if found.is_symlink() { "a symbolic link" } else { "not a file" }));
    }
    check_owner(&found, path)?;
    check_rights(&found, path, OWNER_READS_AND_WRITES)?;
    // SQLite removes its logs when another process closes the database.
    let Some((head, bytes)) = head(path, role).map_err(failed)? else { return Ok(false) };
    if let Some(fault) = role.fault(&head, bytes) {
        return Err(foreign(fault));
    }
    // Look for the database last: it exists before its log does, and is not removed.
    let database = name.rsplit_once('-').map(|(database, _)| path.with_file_name(database));
    match database {
        Some(database) if self::found(&database).map_err(failed)?.is_none() => Err(foreign("a file of a database that is not there")),
        _ => Ok(true),
    }
}

/// The metadata of what is there. Symbolic links are not followed.
fn found(path: &Path) -> io::Result<Option<fs::Metadata>> {
    unless_missing(fs::symlink_metadata(path))
}

fn head(path: &Path, role: Role) -> io::Result<Option<(Vec<u8>, u64)>> {
    let Some(file) = unless_missing(File::open(path))? else { return Ok(None) };
    let mut head = Vec::with_capacity(HEAD_BYTES);
    (&file).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let bytes = file.metadata()?.len();
    if matches!(role, Role::Database(_) | Role::Index) {
        // The file is kept open on purpose. If this process has the same directory open already, closing it would
        // release SQLite's locks on it. There are four such files, and each is usually opened once.
        std::mem::forget(file);
    }
    Ok(Some((head, bytes)))
}

fn unless_missing<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// True if a SQLite file begins with one of these marks. A file that is empty, cut off or filled with zeros counts too:
/// SQLite creates it empty, and a power cut may leave it so.
fn begins(head: &[u8], marks: &[&[u8]]) -> bool {
    head.iter().all(|byte| *byte == 0) || marks.iter().any(|mark| head.iter().zip(*mark).all(|(found, wanted)| found == wanted))
}

fn database_fault(head: &[u8], kind: Kind) -> Option<&'static str> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    const APPLICATION_ID: std::ops::Range<usize> = 68..72;
    match (head.starts_with(MAGIC), head.get(APPLICATION_ID)) {
        _ if head.is_empty() => Some("an empty file"),
        (true, Some(id)) if *id == kind.application_id().to_be_bytes() => None,
        (true, _) => Some("another program's SQLite database"),
        (false, _) => Some("not a SQLite database"),
    }
}

/// Refuses a file that belongs to another user.
///
/// # Errors
///
/// `Unfit`, naming both users.
pub(super) fn check_owner(found: &fs::Metadata, path: &Path) -> Result<(), OpenError> {
    let this = rustix::process::geteuid().as_raw();
    if found.uid() == this {
        return Ok(());
    }
    let why =
        format!("it belongs to the user with id {}, and this program runs as {this}: change its owner, or choose another", found.uid());
    Err(OpenError::Unfit { path: path.to_owned(), why })
}

/// Refuses a file that its owner may not read or write. Headway only removes permissions and never grants any.
///
/// # Errors
///
/// `Unfit`, with the mode that was found.
pub(super) fn check_rights(found: &fs::Metadata, path: &Path, needed: u32) -> Result<(), OpenError> {
    if found.mode() & needed == needed {
        return Ok(());
    }
    let rights = if needed & 0o100 == 0 { "u+rw" } else { "u+rwx" };
    let why =
        format!("its owner may not read and write it (mode {:04o}): run chmod {rights} on it, or choose another", found.mode() & 0o7777);
    Err(OpenError::Unfit { path: path.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_names_are_ours() {
        for name in ["table.db", "queue.db-wal", "table.db-shm", "queue.db-journal", "table.turn", "queue.turn", "pump.lock"] {
            assert!(is_our_name(name) && is_our_name(&draft_name(name)), "{name}");
        }
        assert!(is_our_name(&format!("{}-journal", draft_name("table.db"))), "of a draft that a crash left");
        for name in ["table.db-", "table.db-old", "table.db-draft", "table.db-draft-mine", "queue.turn-wal", "pump.lock~", "notes.txt"] {
            assert!(!is_our_name(name), "{name}");
        }
    }
}
