//! The data directory is private, and only Headway's own files in it are changed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use headway_embedded::{Config, Embedded, OpenError};

use crate::{
    table::{create, raise},
    world::send,
};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn modes(directory: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(&entry.path()))).collect()
}

pub(crate) async fn used(directory: &Path) -> Embedded {
    let embedded = Embedded::open(Config::at(directory)).unwrap();
    create(&embedded.dynamodb()).await;
    raise(&embedded.dynamodb(), "a", 0).await;
    send(&embedded, "item", None).await;
    drop(embedded.take_over().await.unwrap());
    embedded
}

pub(crate) fn refused(directory: &Path) -> String {
    Embedded::open(Config::at(directory)).expect_err("a directory that must be refused was opened").to_string()
}

/// Bug found: another user could read an item. Logs and locks are checked too, both new ones and ones that were open to
/// others before.
#[tokio::test]
async fn everything_is_for_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("some/where/data");
    for again in [false, true] {
        let embedded = if again { Embedded::open(Config::at(&directory)).unwrap() } else { used(&directory).await };
        raise(&embedded.dynamodb(), "a", u64::from(again)).await;
        send(&embedded, "item", None).await;
        assert_eq!(mode(&directory), 0o700);
        let found = modes(&directory);
        assert!(found.iter().all(|(_, mode)| *mode == 0o600), "{found:?}");
        let logs = found.iter().filter(|(name, _)| name.ends_with("-wal") || name.ends_with("-shm")).count();
        assert_eq!((logs, found.iter().any(|(name, _)| name == "pump.lock")), (4, true), "{found:?}");
        drop(embedded);
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(&directory).unwrap() {
            // SQLite removes a log with the last connection, a moment after it is closed: it may be gone by now.
            let _ = fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o666));
        }
    }
}

/// One umask that grants everybody everything, and one that takes away even the owner's rights. Runs in a process of
/// its own.
#[tokio::test]
async fn no_umask_matters() {
    if let Ok(directory) = std::env::var("HEADWAY_EMBEDDED_PRIVATE") {
        drop(used(Path::new(&directory)).await);
        return;
    }
    for umask in ["000", "022", "777"] {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let words = format!("umask {umask} && exec \"$0\" --exact private::no_umask_matters");
        let test = std::env::current_exe().unwrap();
        let status = Command::new("sh").args(["-c", &words]).arg(test).env("HEADWAY_EMBEDDED_PRIVATE", &directory).output().unwrap();
        assert!(status.status.success(), "umask {umask}: {}", String::from_utf8_lossy(&status.stdout));
        assert_eq!(mode(&directory), 0o700, "umask {umask}");
        let found = modes(&directory);
        assert!(found.iter().all(|(_, mode)| *mode == 0o600), "umask {umask}: {found:?}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_private_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("real")).unwrap();
    symlink(at("real"), at("link")).unwrap();
    fs::create_dir(at("shared")).unwrap();
    fs::write(at("shared/notes.txt"), "").unwrap();
    fs::set_permissions(at("shared"), Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(at("linked")).unwrap();
    symlink(at("file"), at("linked/table.db")).unwrap();
    fs::create_dir_all(at("nested/queue.db")).unwrap();
    let cases = [
        ("file", "not a directory"),
        ("link", "symbolic link"),
        ("shared", "notes.txt"),
        ("linked", "symbolic link"),
        ("nested", "not a file"),
    ];
    for (name, word) in cases {
        let says = refused(&at(name));
        assert!(says.contains(word) && says.contains(home.path().to_str().unwrap()), "{name}: {says}");
    }
    assert_eq!(mode(&at("shared")), 0o755, "nothing was changed");
    assert_eq!(fs::read_dir(at("real")).unwrap().count(), 0);
}

/// Only root can give a directory to another user, so this runs for root only.
#[tokio::test]
async fn another_users_directory_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    fs::create_dir(&directory).unwrap();
    if std::os::unix::fs::chown(&directory, Some(12_345), None).is_err() {
        return;
    }
    let error = Embedded::open(Config::at(&directory)).unwrap_err();
    assert!(matches!(error, OpenError::Unfit { .. }) && error.to_string().contains("12345"), "{error}");
}
