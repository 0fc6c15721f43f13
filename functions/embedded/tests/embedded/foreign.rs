//! A file that is not Headway's but has one of its names is refused by name, and nothing in the directory is changed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use headway_embedded::{Config, Embedded};

use crate::{
    private::{refused, used},
    table::until_closed,
};

/// Every name that Headway, or SQLite on its behalf, gives to a file.
const NAMES: [&str; 11] = [
    "table.db",
    "table.db-wal",
    "table.db-shm",
    "table.db-journal",
    "table.turn",
    "queue.db",
    "queue.db-wal",
    "queue.db-shm",
    "queue.db-journal",
    "queue.turn",
    "pump.lock",
];
const KINDS: [&str; 7] = ["sqlite", "garbage", "short", "empty", "symlink", "directory", "fifo"];

/// Puts a file of this kind there, readable by everybody if possible.
fn put(kind: &str, path: &Path) {
    match kind {
        "sqlite" => {
            let connection = rusqlite::Connection::open_in_memory().unwrap();
            connection.execute_batch("CREATE TABLE addresses (name TEXT)").unwrap();
            connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        }
        "garbage" => fs::write(path, [0xA5; 32_768]).unwrap(),
        "short" => fs::write(path, "dear diary").unwrap(),
        "empty" => fs::write(path, "").unwrap(),
        // Links to a file outside of the directory: following it would change or write another's file.
        "symlink" => return symlink("../elsewhere", path).unwrap(),
        "directory" => fs::create_dir(path).unwrap(),
        _ => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
    }
    fs::set_permissions(path, Permissions::from_mode(if kind == "directory" { 0o755 } else { 0o644 })).unwrap();
}

type Seen = (String, u32, i64, i64, Vec<u8>);

/// A directory and its entries: name, mode with type, modification time in seconds and nanoseconds, and bytes.
fn seen(directory: &Path) -> Vec<Seen> {
    let beside = directory.parent().unwrap().join("elsewhere");
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut seen: Vec<Seen> = entries
        .chain([directory.to_owned(), beside])
        .map(|path| {
            let found = fs::symlink_metadata(&path).unwrap();
            let bytes = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            (path.to_string_lossy().into_owned(), found.mode(), found.mtime(), found.mtime_nsec(), bytes)
        })
        .collect();
    seen.sort();
    seen
}

/// A directory that everybody may read, next to a file to which a link may point, with a copy of a store's files.
fn open_to_all(home: &Path, store: Option<&Path>) -> PathBuf {
    let directory = home.join("data");
    fs::create_dir(&directory).unwrap();
    fs::write(home.join("elsewhere"), "another's").unwrap();
    for file in store.into_iter().flat_map(|store| fs::read_dir(store).unwrap()).map(Result::unwrap) {
        let copy = directory.join(file.file_name());
        fs::copy(file.path(), &copy).unwrap();
        fs::set_permissions(copy, Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    directory
}

/// The files of a closed store.
async fn store() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    drop(used(home.path()).await);
    until_closed(home.path()).await;
    home
}

/// SQLite sometimes leaves its logs empty. An empty log is ours if its database is.
fn may_be_ours(name: &str, kind: &str, beside_ours: bool) -> bool {
    beside_ours && kind == "empty" && name.contains(".db-")
}

/// Bugs found: the directory and a foreign database were made private before they were refused; a log without its
/// database was taken for ours; a foreign file's first bytes were overwritten with a count; a foreign file was locked.
#[tokio::test]
async fn foreign_files_are_refused_and_nothing_is_changed() {
    let store = store().await;
    for (name, kind) in NAMES.into_iter().flat_map(|name| KINDS.map(|kind| (name, kind))) {
        for beside_ours in [false, true] {
            let case = format!("{name}, {kind}, beside ours: {beside_ours}");
            let home = tempfile::tempdir().unwrap();
            let directory = open_to_all(home.path(), beside_ours.then_some(store.path()));
            let path = directory.join(name);
            let _ = fs::remove_file(&path);
            put(kind, &path);
            if may_be_ours(name, kind, beside_ours) {
                drop(Embedded::open(Config::at(&directory)).expect(&case));
                continue;
            }
            let before = seen(&directory);
            let says = refused(&directory);
            assert!(says.contains(path.to_str().unwrap()) && says.contains("nothing was changed"), "{case}: {says}");
            assert!(before == seen(&directory), "{case}: something was changed");
        }
    }
}

/// Each of our files is recognised by its own kind, not only as one of ours.
#[tokio::test]
async fn our_files_under_each_others_names_are_refused() {
    let store = store().await;
    for (from, to) in [("table.db", "queue.db"), ("queue.db", "table.db"), ("table.turn", "pump.lock"), ("pump.lock", "queue.turn")] {
        let home = tempfile::tempdir().unwrap();
        let directory = open_to_all(home.path(), Some(store.path()));
        fs::copy(store.path().join(from), directory.join(to)).unwrap();
        let before = seen(&directory);
        assert!(refused(&directory).contains(to), "{from} as {to}");
        assert!(before == seen(&directory), "{from} as {to}: something was changed");
    }
}

/// A log without its database may contain data that somebody still wants.
#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    for suffix in ["-wal", "-shm"] {
        let store = tempfile::tempdir().unwrap();
        let embedded = used(store.path()).await;
        let home = tempfile::tempdir().unwrap();
        let directory = open_to_all(home.path(), None);
        let name = format!("table.db{suffix}");
        fs::copy(store.path().join(&name), directory.join(&name)).unwrap();
        let before = seen(&directory);
        let says = refused(&directory);
        assert!(says.contains(&name) && says.contains("database that is not there"), "{says}");
        assert!(before == seen(&directory), "{name}: something was changed");
        drop(embedded);
    }
}

/// A log's header does not name its database: SQLite would show the other database instead of ours and then overwrite
/// ours with it.
#[tokio::test]
async fn another_databases_log_beside_ours_is_refused() {
    let store = store().await;
    for name in ["table.db", "queue.db"] {
        let home = tempfile::tempdir().unwrap();
        let directory = open_to_all(home.path(), Some(store.path()));
        let connection = rusqlite::Connection::open(home.path().join("other.db")).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE addresses (name TEXT)").unwrap();
        let log = directory.join(format!("{name}-wal"));
        fs::copy(home.path().join("other.db-wal"), &log).unwrap();
        let says = refused(&directory);
        assert!(says.contains(log.to_str().unwrap()) && says.contains("log of another database"), "{says}");
        assert_eq!(fs::read(directory.join(name)).unwrap(), fs::read(store.path().join(name)).unwrap(), "{name}");
        assert_eq!(fs::read(log).unwrap(), fs::read(home.path().join("other.db-wal")).unwrap(), "{name}");
    }
}

/// A foreign file that appears while the server runs is refused too when it is opened.
#[tokio::test]
async fn a_foreign_lock_file_that_comes_later_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(Config::at(home.path().join("data"))).unwrap();
    let path = home.path().join("data/pump.lock");
    fs::write(&path, "dear diary").unwrap();
    let says = embedded.take_over().await.expect_err("the foreign file was accepted").to_string();
    assert!(says.contains("pump.lock") && says.contains("nothing was changed"), "{says}");
    assert_eq!(fs::read(&path).unwrap(), b"dear diary");
}

/// Headway takes rights away and never grants any: a file that its owner made read-only stays so. The check looks at
/// the mode, so it is the same for root.
#[tokio::test]
async fn what_is_read_only_is_refused_and_stays_read_only() {
    let store = store().await;
    for (name, mode) in [("", 0o500), ("", 0o555), ("table.db", 0o400), ("queue.turn", 0o444), ("pump.lock", 0o200)] {
        let home = tempfile::tempdir().unwrap();
        let directory = open_to_all(home.path(), Some(store.path()));
        let path = directory.join(name);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        // A file that may not be read cannot be compared byte by byte.
        let before = if mode & 0o400 == 0 { Vec::new() } else { seen(&directory) };
        let says = refused(&directory);
        assert!(says.contains("chmod u+rw") && says.contains(&format!("{mode:04o}")), "{name} {mode:o}: {says}");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode, "{name}");
        assert!(before.is_empty() || before == seen(&directory), "{name} {mode:o}: something was changed");
        // So that the temporary directory can be removed.
        fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    }
}

/// Skipped for root, who may create a directory anywhere.
#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let home = tempfile::tempdir().unwrap();
    let parent = home.path().join("parent");
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, Permissions::from_mode(0o500)).unwrap();
    if fs::write(parent.join("probe"), "").is_ok() {
        return;
    }
    let says = refused(&parent.join("data"));
    assert!(says.contains("parent/data") && says.contains("may be written"), "{says}");
    fs::set_permissions(&parent, Permissions::from_mode(0o700)).unwrap();
}
