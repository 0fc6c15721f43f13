//! A full disk and a damaged file: a clear error, never a wrong number.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{any_schema, counts, submit};
use headway_testkit::home::{Home, ended, run};
use headway_testkit::server::{Server, eventually};

/// The size of an item here: enough of them fill a small disk and exceed what a log holds.
const ITEM_BYTES: usize = 4_000;
const ITEMS: u64 = 3_000;

/// Items that cannot be compressed.
fn bulky(home: &Home) -> String {
    let mut random = fastrand::Rng::with_seed(7);
    let mut item = || std::iter::repeat_with(|| random.alphanumeric()).take(ITEM_BYTES).collect::<String>();
    let lines: String = (0..ITEMS).map(|_| format!("\"{}\"\n", item())).collect();
    home.file("bulky.ndjson", lines)
}

/// A disk of its own in memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount(at: PathBuf, megabytes: u32) -> Option<SmallDisk> {
        fs::create_dir(&at).unwrap();
        mount(&at, &format!("size={megabytes}m")).then_some(SmallDisk(at))
    }

    fn grow(&self, megabytes: u32) {
        assert!(mount(&self.0, &format!("remount,size={megabytes}m")));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What still uses it ends with the test.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(at: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "headway-test"]).arg(at).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_is_reported_and_with_space_the_job_ends_exactly() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path().join("disk"), 8) else {
        println!("skipped: mounting a small disk takes root");
        return;
    };
    let server = home.serve(&["--data", "disk/data"]);
    let (file, schema) = (bulky(&home), any_schema(&home));
    let client = server.client(&home, &submit(&file, &schema, &["--json", "--detach"])).spawn().unwrap();
    eventually("the log says that the disk is full", || server.has_said("is full; free some space").then_some(()));
    let list = server.run(&home, &["list", "--json"]);
    assert!(list.code == Some(0) || list.stderr.contains("urn:headway:problem:storage"), "an answer, or a clear error: {list:?}");
    // A caller can tell it from load: there is no space for a large job, however often it is sent.
    let refused = eventually("a large job is refused", || Some(large_job(&server)).filter(|answer| answer.contains("503")));
    assert!(refused.contains("urn:headway:problem:storage") && refused.contains("the server's disk is full"), "{refused}");
    disk.grow(200);
    let submitted = ended(client);
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
    let id: Value = serde_json::from_str(&submitted.stdout).unwrap();
    // Messages whose results could not be recorded come back after their visibility timeout; a new process takes them
    // back at once.
    assert!(server.serving.terminate().0.success());
    let server = home.serve(&["--data", "disk/data"]);
    let id = id["id"].as_str().unwrap();
    assert_eq!(server.run(&home, &["watch", id]).code, Some(0));
    assert_eq!(counts(&server.json(&home, &["status", id])), [ITEMS, ITEMS, 0, 0]);
    drop(server);
}

/// The answer to a job of two megabytes, with its head.
fn large_job(server: &Server) -> String {
    let items = vec![format!("\"{}\"", "x".repeat(40_000)); 50].join(",");
    let body = format!(r#"{{"processor": "json-schema", "params": {{"schema": true}}, "items": [{items}]}}"#);
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        server.token,
        body.len()
    );
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// At the start: a disk without space, one that nobody may write to, and a path that is no directory.
#[test]
fn a_disk_that_cannot_be_used_is_named_at_the_start() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path().join("disk"), 1) else {
        println!("skipped: mounting a small disk takes root");
        return;
    };
    let start = |data: &str| run(home.command(&["serve", "--data", data, "--listen", "127.0.0.1:0"]), "");
    // All of it, to the last byte that the file system gives.
    let _ = fs::write(disk.0.join("other"), vec![0; 2 << 20]);
    let full = start("disk/data");
    assert_eq!((full.code, full.stdout.as_str()), (Some(1), ""), "{full:?}");
    assert!(full.stderr.contains("is full; free some space and start again"), "{full:?}");
    fs::remove_file(disk.0.join("other")).unwrap();
    assert!(home.serve(&["--data", "disk/data"]).serving.terminate().0.success(), "with space it starts");
    assert!(mount(&disk.0, "remount,ro"));
    let read_only = start("disk/data");
    assert_eq!((read_only.code, read_only.stdout.as_str()), (Some(1), ""), "{read_only:?}");
    assert!(read_only.stderr.contains("Read-only file system") && read_only.stderr.contains("disk/data"), "{read_only:?}");
    let file = home.file("file", "");
    let no_directory = start(&file);
    assert_eq!(no_directory.code, Some(1));
    assert!(no_directory.stderr.contains("it is not a directory"), "{no_directory:?}");
}

/// Bug found: a directory that was taken away was reported as load.
#[test]
fn a_directory_that_is_taken_away_is_named() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    fs::rename(home.path().join("data"), home.path().join("elsewhere")).unwrap();
    fs::remove_dir_all(home.path().join("elsewhere")).unwrap();
    let answer = large_job(&server);
    assert!(answer.contains("503") && answer.contains("urn:headway:problem:storage"), "{answer}");
    assert!(answer.contains("its log says which"), "{answer}");
    eventually("the log says what to do", || server.has_said("check the disk, then start this program again").then_some(()));
}

#[test]
fn a_damaged_file_is_named_and_not_changed() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (file, schema) = (bulky(&home), any_schema(&home));
    // Twice: the queue's log takes 16 MB before anything is written to the file itself.
    for _ in 0..2 {
        assert_eq!(server.run(&home, &submit(&file, &schema, &[])).code, Some(0));
    }
    server.serving.terminate();
    for name in ["table.db", "queue.db"] {
        let (whole, path) = (home.path().join("data"), home.path().join("damaged"));
        copy(&whole, &path);
        let damaged = damage(&path.join(name));
        let ended = run(home.command(&["serve", "--data", "damaged", "--listen", "127.0.0.1:0"]), "");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{name}: {ended:?}");
        assert!(ended.stderr.contains(name) && ended.stderr.contains("is damaged"), "{name}: {}", ended.stderr);
        assert!(fs::read(path.join(name)).unwrap() == damaged, "{name}: nothing was changed");
        fs::remove_dir_all(&path).unwrap();
    }
}

/// Damage that happens while the server runs, and so cannot be found at the start, is found when it is read.
#[test]
fn a_file_damaged_meanwhile_gives_errors_and_no_numbers() {
    let home = Home::new();
    let mut server = home.serve(&["--data", "data"]);
    let (file, schema) = (bulky(&home), any_schema(&home));
    let job = server.json(&home, &submit(&file, &schema, &[]));
    damage(&home.path().join("data/table.db"));
    let id = job["id"].as_str().unwrap();
    let mut child = server.client(&home, &["results", id, "--format", "ndjson"]).spawn().unwrap();
    eventually("the log says that the file is damaged", || {
        let whole = child.try_wait().unwrap().is_some_and(|status| status.success());
        assert!(!whole, "everything could be read: nothing was damaged");
        server.has_said("table.db is damaged").then_some(())
    });
    // It may have ended by itself, with an error.
    child.kill().unwrap();
    child.wait().unwrap();
    server.serving.kill();
}

/// Overwrites all pages but the first with noise, and returns the file's content.
fn damage(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    assert!(bytes.len() > 100_000, "{} holds too little to be damaged: {} bytes", path.display(), bytes.len());
    bytes[4_096..].fill(0xA5);
    fs::write(path, &bytes).unwrap();
    bytes
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
