//! Keeps the data directory private to its owner, since it contains items. The directory and its files are made private
//! whatever the umask is. Everything is checked first: if anything is not Headway's, nothing is changed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::ours::{Kind, LockKind, check_owner, check_rights, draft_name, is_our_name, look_at, look_at_database, look_at_lock};
use crate::error::OpenError;

const PRIVATE_DIRECTORY: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
/// The mode bit of a directory in which everybody may create files, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// A directory that some file systems create in their root.
const LOST_AND_FOUND: &str = "lost+found";

/// Creates the directory. If it exists, checks everything in it and then makes it and our files in it private.
///
/// # Errors
///
/// If it is not a directory, belongs to another user, or cannot be used. Also if it contains other files that other users may
/// read, or a file that has one of Headway's names but is not Headway's. Then nothing was changed.
pub(crate) fn private_directory(directory: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::of_directory(directory, cause);
    match fs::symlink_metadata(directory) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(directory).map_err(failed)?;
            // Needed if the umask takes away even the owner's rights.
            fs::set_permissions(directory, Permissions::from_mode(PRIVATE_DIRECTORY)).map_err(failed)
        }
        Err(cause) => Err(failed(cause)),
        Ok(found) => {
            let ours = look_over(directory, &found)?;
            tighten(directory, PRIVATE_DIRECTORY).map_err(failed)?;
            ours.iter().try_for_each(|file| tighten(file, PRIVATE_FILE).map_err(|cause| OpenError::of_file(file, cause)))
        }
    }
}

/// Opens a lock file of ours, creating it if needed, and makes it private.
///
/// # Errors
///
/// [`OpenError::Foreign`] if something else has the name. It is left as it is.
pub(crate) fn open_lock(path: &Path, kind: LockKind) -> Result<File, OpenError> {
    let failed = |cause| OpenError::of_file(path, cause);
    if !look_at_lock(path, kind)? {
        make_lock(path, kind).map_err(failed)?;
        look_at_lock(path, kind)?;
    }
    tighten(path, PRIVATE_FILE).map_err(failed)?;
    OpenOptions::new().read(true).write(true).open(path).map_err(failed)
}

/// Makes sure that the database exists, is ours and is private; SQLite gives its logs the same mode. Call it only while
/// holding the turn.
///
/// # Errors
///
/// [`OpenError::Foreign`] if something else has the name. It is left as it is.
pub(crate) fn private_database(path: &Path, kind: Kind) -> Result<(), OpenError> {
    if look_at_database(path, kind)? {
        return Ok(());
    }
    let failed = |cause| OpenError::of_file(path, cause);
    let of_sqlite = |cause| OpenError::from_sqlite(path, cause);
    let draft = draft_of(path);
    let drafted = || {
        create_private(&draft).map_err(failed)?;
        let connection = Connection::open(&draft).map_err(of_sqlite)?;
        connection.pragma_update(None, "application_id", kind.application_id()).map_err(of_sqlite)
    };
    drafted().and_then(|()| publish(&draft, path).map_err(failed)).inspect_err(|_| discard(&draft))?;
    look_at_database(path, kind).map(drop)
}

/// Checks the directory and returns our files in it.
fn look_over(directory: &Path, found: &fs::Metadata) -> Result<Vec<PathBuf>, OpenError> {
    let failed = |cause| OpenError::of_directory(directory, cause);
    let unfit = |why: String| OpenError::Unfit { path: directory.to_owned(), why };
    if found.is_symlink() {
        let target = fs::read_link(directory).map_err(failed)?;
        return Err(unfit(format!("it is a symbolic link to {}: use that path instead", target.display())));
    }
    if !found.is_dir() {
        return Err(unfit("it is not a directory: choose another".to_owned()));
    }
    check_owner(found, directory)?;
    check_rights(found, directory, PRIVATE_DIRECTORY)?;
    let names = names(directory).map_err(failed)?;
    let others = names.iter().find(|name| !is_our_name(name) && name.as_str() != LOST_AND_FOUND);
    if let Some(other) = others.filter(|_| found.mode() & 0o077 != 0 || found.mode() & STICKY != 0) {
        return Err(unfit(format!(
            "others on this machine may read it, and it contains other files, such as {other}: choose an empty or a new directory"
        )));
    }
    let mut ours = Vec::new();
    for path in names.iter().map(|name| directory.join(name)) {
        if look_at(&path)? {
            ours.push(path);
        }
    }
    Ok(ours)
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    // Sorted, so that the error always names the same one of two bad files.
    names.sort();
    Ok(names)
}

/// Takes rights away from others. SQLite may remove a log in between, when another process closes the database.
fn tighten(path: &Path, mode: u32) -> io::Result<()> {
    let set = || match fs::symlink_metadata(path)?.mode() & 0o7777 {
        found if found == mode => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode)),
    };
    match set() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn make_lock(path: &Path, kind: LockKind) -> io::Result<()> {
    let draft = draft_of(path);
    let drafted = || {
        let mut file = create_private(&draft)?;
        file.write_all(&kind.content())?;
        file.sync_all()
    };
    drafted().and_then(|()| publish(&draft, path)).inspect_err(|_| discard(&draft))
}

/// Leaves nothing behind on a full disk.
fn discard(draft: &Path) {
    let _ = fs::remove_file(draft);
}

fn draft_of(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(draft_name(&name))
}

fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(path)?;
    file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    Ok(file)
}

/// Gives the complete draft its final name in one step, and never replaces a file: another process may have created it
/// in between.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    let linked = match fs::hard_link(draft, path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread};

    use super::*;

    /// Two files under one name would be two locks, and two processes would write at once.
    #[test]
    fn concurrent_creators_get_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queue.turn");
        let made: BTreeSet<u64> = thread::scope(|scope| {
            let open = || open_lock(&path, LockKind::Turn).unwrap().metadata().unwrap().ino();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(made.len(), 1);
        assert_eq!(names(dir.path()).unwrap(), ["queue.turn"], "no draft is left");
    }
}
