//! The data directory is its owner's alone: items lie in it. It and its files are made private, and found private or made so,
//! whatever the umask says; what is not Headway's is refused and left as it is.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use crate::error::OpenError;

/// What the files are called here: with their logs, which SQLite names after them.
const OURS: [&str; 5] = ["table.db", "queue.db", "table.turn", "queue.turn", "pump.lock"];
const PRIVATE_DIRECTORY: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
/// Of a directory in which everybody may make files, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// What some file systems put into their root.
const LOST_AND_FOUND: &str = "lost+found";

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
    fn application_id(self) -> i32 {
        match self {
            Self::Table => i32::from_be_bytes(*b"HwTb"),
            Self::Queue => i32::from_be_bytes(*b"HwQu"),
        }
    }
}

/// Makes the directory, or makes the one there is private, with all files of ours in it.
///
/// # Errors
/// If it is none, another user's, holds other files for others to read, or cannot be used.
pub(crate) fn private_directory(directory: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::Directory { path: directory.to_owned(), cause };
    let unfit = |why: String| OpenError::Unfit { path: directory.to_owned(), why };
    let made = match fs::symlink_metadata(directory) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(directory).map_err(failed)?;
            true
        }
        Err(cause) => return Err(failed(cause)),
        Ok(found) if found.is_symlink() => {
            let target = fs::read_link(directory).map_err(failed)?;
            return Err(unfit(format!("it is a symbolic link to {}: name that instead", target.display())));
        }
        Ok(found) if !found.is_dir() => return Err(unfit("it is not a directory: name another".to_owned())),
        Ok(_) => false,
    };
    let found = fs::symlink_metadata(directory).map_err(failed)?;
    check_owner(&found, directory)?;
    let names = names(directory).map_err(failed)?;
    if made || found.mode() & 0o7777 != PRIVATE_DIRECTORY {
        let others = names.iter().find(|name| !is_ours(name) && name.as_str() != LOST_AND_FOUND);
        if let Some(other) = others.filter(|_| found.mode() & 0o077 != 0 || found.mode() & STICKY != 0) {
            let why = format!(
                "others on this machine may look into it, and it holds files of others, such as {other}: name an empty or a new one"
            );
            return Err(unfit(why));
        }
        fs::set_permissions(directory, Permissions::from_mode(PRIVATE_DIRECTORY)).map_err(failed)?;
    }
    names.iter().filter(|name| is_ours(name)).try_for_each(|name| private_file(&directory.join(name)))
}

/// Opens a file of ours for writing, made if there is none; private in any case.
///
/// # Errors
/// As the file system gives them.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(PRIVATE_FILE).open(path)?;
    file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    Ok(file)
}

/// Sees to it that there is a database of ours, whose logs are then as private as it is; only while holding its turn.
///
/// # Errors
/// [`OpenError::Foreign`] if there is something else, which is left as it is.
pub(crate) fn private_database(path: &Path, kind: Kind) -> Result<(), OpenError> {
    if is_ours_already(path, kind)? {
        return Ok(());
    }
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
    // It appears under its name with its header, or not at all.
    let draft = PathBuf::from(format!("{}-draft", path.display()));
    let _ = fs::remove_file(&draft);
    open_private(&draft).map_err(failed)?;
    let of_sqlite = |cause| OpenError::from_sqlite(path, cause);
    let connection = Connection::open(&draft).map_err(of_sqlite)?;
    connection.pragma_update(None, "application_id", kind.application_id()).map_err(of_sqlite)?;
    drop(connection);
    fs::rename(&draft, path).map_err(failed)
}

/// Whether there is a database of ours; not if there is nothing at all.
///
/// # Errors
/// As [`private_database`].
pub(crate) fn is_ours_already(path: &Path, kind: Kind) -> Result<bool, OpenError> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    const APPLICATION_ID: std::ops::Range<usize> = 68..72;
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
    let mut head = Vec::new();
    match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(failed(cause)),
        // The header alone, so that not even the log of another program's database is touched.
        Ok(file) => file.take(100).read_to_end(&mut head).map_err(failed)?,
    };
    let foreign = |found: &str| OpenError::Foreign { file: path.to_owned(), found: found.to_owned() };
    match (head.starts_with(MAGIC), head.get(APPLICATION_ID)) {
        _ if head.is_empty() => Err(foreign("an empty file")),
        (true, Some(id)) if *id == kind.application_id().to_be_bytes() => Ok(true),
        (true, _) => Err(foreign("another program's SQLite database")),
        (false, _) => Err(foreign("no SQLite database")),
    }
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn is_ours(name: &str) -> bool {
    OURS.iter().any(|ours| name.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

fn private_file(path: &Path) -> Result<(), OpenError> {
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
    let found = match fs::symlink_metadata(path) {
        // SQLite takes its logs away when another process closes the database.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(failed)?,
    };
    if !found.is_file() {
        let what = if found.is_symlink() { "a symbolic link" } else { "not a file" };
        return Err(OpenError::Foreign { file: path.to_owned(), found: what.to_owned() });
    }
    check_owner(&found, path)?;
    match found.mode() & 0o7777 {
        PRIVATE_FILE => Ok(()),
        _ => match fs::set_permissions(path, Permissions::from_mode(PRIVATE_FILE)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            set => set.map_err(failed),
        },
    }
}

fn check_owner(found: &fs::Metadata, path: &Path) -> Result<(), OpenError> {
    let this = rustix::process::geteuid().as_raw();
    if found.uid() == this {
        return Ok(());
    }
    let why = format!("it belongs to the user with id {}, and this program runs as {this}: change its owner, or name another", found.uid());
    Err(OpenError::Unfit { path: path.to_owned(), why })
}
