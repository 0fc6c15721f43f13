//! A disk that was full has room again, and the server goes on without a restart.

use std::fs::{self, File};
use std::process::Stdio;

use serde_json::Value;

use crate::preload::preload;
use crate::{any_schema, counts, indexes, submit};
use headway_testkit::home::{Home, ended, run};
use headway_testkit::server::eventually;

const ITEMS: u64 = 20_000;
/// Longer than a visibility timeout and a lease, and shorter than a token is valid.
const LATER_SECONDS: &str = "1000";

/// While the disk is full one job runs and another one is sent. Messages whose results could not be recorded
/// come back after their visibility timeout.
#[test]
fn with_room_again_the_server_goes_on_and_nothing_is_lost() {
    let home = Home::new();
    let (library, full, later) = (preload(&home, "full_disk.c"), home.path().join("full"), home.path().join("later"));
    let paths = [&full, &later].map(|path| path.to_str().unwrap());
    let environment = [("LD_PRELOAD", library.as_str()), ("FULL_DISK", paths[0]), ("LATER", paths[1]), ("LATER_SECONDS", LATER_SECONDS)];
    let server = home.serve_with(&["--data", "data"], &environment);
    let (schema, file) = (any_schema(&home), home.file("items.ndjson", (0..ITEMS).map(|n| format!("{n}\n")).collect::<String>()));
    let words = submit(&file, &schema, &["--detach", "--chunk-size", "20"]);
    let id = |job: &Value| job["id"].as_str().unwrap().to_owned();

    let running = id(&server.json(&home, &words));
    fs::write(&full, "").unwrap();
    let sending = server.client(&home, &[&words[..], &["--json"]].concat()).spawn().unwrap();
    eventually("the log says that the disk is full", || server.has_said("is full; free some space").then_some(()));
    let job = server.json(&home, &["status", &running]);
    assert_eq!(counts(&job)[0], ITEMS, "what was accepted can be read: {job}");

    fs::remove_file(&full).unwrap();
    let sent = ended(sending);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let sent = id(&serde_json::from_str(&sent.stdout).unwrap());
    fs::write(&later, "").unwrap();
    for job in [&running, &sent] {
        let watched = server.run(&home, &["watch", job]);
        assert_eq!(watched.code, Some(0), "{watched:?}");
        assert_eq!(counts(&server.json(&home, &["status", job])), [ITEMS, ITEMS, 0, 0]);
        assert!(indexes(&home, &server, "results", job).into_iter().eq(0..ITEMS), "each item is there once");
    }
    assert!(server.serving.terminate().0.success());
}

/// Bug found: a server that wrote its log and its errors to files on the full disk was ended by the first line that found no room.
#[test]
fn a_log_on_the_full_disk_does_not_end_the_server() {
    let home = Home::new();
    let (library, full, log) = (preload(&home, "full_disk.c"), home.path().join("full"), home.path().join("log"));
    let mut command = home.command(&["serve", "--json", "--listen", "127.0.0.1:0", "--data", "data"]);
    command.env("LD_PRELOAD", library).env("FULL_DISK", &full);
    let file = File::create(&log).unwrap();
    let mut serving = command.stdout(Stdio::from(file.try_clone().unwrap())).stderr(Stdio::from(file)).spawn().unwrap();
    let page = eventually("it is ready", || {
        let (_, url) = fs::read_to_string(&log).unwrap().split_once(r#""url":""#).map(|(before, rest)| (before.len(), rest.to_owned()))?;
        url.split_once('"').map(|(url, _)| url.to_owned())
    });
    let (url, token) = page.split_once("/#token=").unwrap();
    let list = || {
        let mut list = home.command(&["list", "--json", "--url", url]);
        list.env("HEADWAY_TOKEN", token);
        run(list, "")
    };
    let lines = || fs::read_to_string(&log).unwrap().lines().count();
    fs::write(&full, "").unwrap();
    let before = lines();
    for _ in 0..3 {
        let listed = list();
        assert!(listed.code == Some(0) || listed.stderr.contains("urn:headway:problem:storage"), "an answer, or a clear error: {listed:?}");
    }
    assert_eq!(lines(), before, "nothing could be logged");
    fs::remove_file(&full).unwrap();
    assert_eq!(list().code, Some(0));
    eventually("with room it logs again", || (lines() > before).then_some(()));
    assert!(serving.try_wait().unwrap().is_none(), "it still runs");
    serving.kill().unwrap();
    serving.wait().unwrap();
}
