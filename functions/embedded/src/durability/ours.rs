//! Which names in the data directory are Headway's, and whether what has such a name is Headway's too.
//!
//! Looking changes nothing: no byte, no mode, no time of change.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use uuid::Uuid;

use crate::error::OpenError;

/// Bytes read of a file: the whole of SQLite's header.
const HEAD_BYTES: usize = 100;
/// The owner's rights to read and write.
const OWNER_READS_AND_WRITES: u32 = 0o600;
const DRAFT: &str = "-draft-";

/// The kinds of databases here. Each says in its header which one it is.
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

/// The files that are only there to be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// Whose turn it is to write; behind the mark is the count of commits.
    Turn,
    /// Which process works the queue off.
    Pump,
}

impl LockKind {
    /// The bytes that such a file begins with, so that it is not taken for another program's.
    pub(super) const MARK_BYTES: usize = 16;

    fn mark(self) -> &'static [u8; Self::MARK_BYTES] {
        match self {
            Self::Turn => b"headway turn v1\n",
            Self::Pump => b"headway pump v1\n",
        }
    }

    /// What a new file contains. Its length never changes.
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
    /// SQLite's journal, from which it takes a change back that was interrupted.
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

    /// What is wrong with a file of this role that begins like this, if anything.
    fn fault(self, head: &[u8], bytes: u64) -> Option<&'static str> {
        const INDEX_VERSION: u32 = 3_007_000;
        match self {
            Self::Database(kind) => database_fault(head, kind),
            Self::Log if !begins(head, &[&0x377f_0682_u32.to_be_bytes(), &0x377f_0683_u32.to_be_bytes()]) => Some("no log of SQLite's"),
            Self::Index if !begins(head, &[&INDEX_VERSION.to_le_bytes(), &INDEX_VERSION.to_be_bytes()]) => Some("no index of SQLite's"),
            Self::Journal if !begins(head, &[&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]]) => Some("no journal of SQLite's"),
            Self::Lock(_) if head.is_empty() => Some("an empty file"),
            Self::Lock(kind) if !head.starts_with(kind.mark()) || bytes != kind.content().len() as u64 => Some("no lock file"),
            Self::Log | Self::Index | Self::Journal | Self::Lock(_) => None,
        }
    }
}

/// Whether a name is one that Headway gives, in full: or the name of a draft, which a crash may leave.
pub(super) fn is_our_name(name: &str) -> bool {
    let is_draft = |name: &str| {
        name.split_once(DRAFT).is_some_and(|(of, id)| Role::of(of).is_some() && Uuid::try_parse(id.trim_end_matches("-journal")).is_ok())
    };
    Role::of(name).is_some() || is_draft(name)
}

/// A name under which a file is written before it gets its own: no other file can have it.
pub(super) fn draft_name(name: &str) -> String {
    format!("{name}{DRAFT}{}", Uuid::new_v4())
}

/// Looks at what has this name, if it is one of ours. Says whether there is a file of ours.
///
/// # Errors
/// [`OpenError::Foreign`] if there is something else; `Unfit` if it is another user's, or its owner may not write it.
pub(super) fn look_at(path: &Path) -> Result<bool, OpenError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match Role::of(&name) {
        Some(role) => look_for(path, &name, role),
        None => Ok(false),
    }
}

/// As [`look_at`], for a lock file under any name.
///
/// # Errors
/// As [`look_at`].
pub(super) fn look_at_lock(path: &Path, kind: LockKind) -> Result<bool, OpenError> {
    look_for(path, "", Role::Lock(kind))
}

/// As [`look_at`], for a database under any name.
///
/// # Errors
/// As [`look_at`].
pub(super) fn look_at_database(path: &Path, kind: Kind) -> Result<bool, OpenError> {
    look_for(path, "", Role::Database(kind))
}

fn look_for(path: &Path, name: &str, role: Role) -> Result<bool, OpenError> {
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
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
    // The database is looked for last: it is there before its log, and stays.
    let database = name.rsplit_once('-').map(|(database, _)| path.with_file_name(database));
    match database {
        Some(database) if self::found(&database).map_err(failed)?.is_none() => Err(foreign("a file of a database that is not there")),
        _ => Ok(true),
    }
}

/// What is there, and links are not followed.
fn found(path: &Path) -> io::Result<Option<fs::Metadata>> {
    unless_missing(fs::symlink_metadata(path))
}

fn head(path: &Path, role: Role) -> io::Result<Option<(Vec<u8>, u64)>> {
    let Some(file) = unless_missing(File::open(path))? else { return Ok(None) };
    let mut head = Vec::with_capacity(HEAD_BYTES);
    (&file).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let bytes = file.metadata()?.len();
    if matches!(role, Role::Database(_) | Role::Index) {
        // Kept open on purpose. To close it would drop the locks that SQLite holds on it for this process, if this
        // process has the same directory open already. There are four such files, and they are opened once as a rule.
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

/// Whether a file of SQLite's begins with one of these. SQLite makes it empty, and a power cut may leave it so, or
/// cut off, or filled with zeros.
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
        (false, _) => Some("no SQLite database"),
    }
}

/// Refuses what belongs to another user.
///
/// # Errors
/// `Unfit`, naming both users.
pub(super) fn check_owner(found: &fs::Metadata, path: &Path) -> Result<(), OpenError> {
    let this = rustix::process::geteuid().as_raw();
    if found.uid() == this {
        return Ok(());
    }
    let why = format!("it belongs to the user with id {}, and this program runs as {this}: change its owner, or name another", found.uid());
    Err(OpenError::Unfit { path: path.to_owned(), why })
}

/// Refuses what its owner has taken rights from: rights are only ever taken away here, never given.
///
/// # Errors
/// `Unfit`, with the mode that was found.
pub(super) fn check_rights(found: &fs::Metadata, path: &Path, needed: u32) -> Result<(), OpenError> {
    if found.mode() & needed == needed {
        return Ok(());
    }
    let rights = if needed & 0o100 == 0 { "u+rw" } else { "u+rwx" };
    let why =
        format!("its owner may not read and write it (mode {:04o}): run chmod {rights} on it, or name another", found.mode() & 0o7777);
    Err(OpenError::Unfit { path: path.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_given_in_full_are_ours() {
        for name in ["table.db", "queue.db-wal", "table.db-shm", "queue.db-journal", "table.turn", "queue.turn", "pump.lock"] {
            assert!(is_our_name(name) && is_our_name(&draft_name(name)), "{name}");
        }
        assert!(is_our_name(&format!("{}-journal", draft_name("table.db"))), "of a draft that a crash left");
        for name in ["table.db-", "table.db-old", "table.db-draft", "table.db-draft-mine", "queue.turn-wal", "pump.lock~", "notes.txt"] {
            assert!(!is_our_name(name), "{name}");
        }
    }
}
