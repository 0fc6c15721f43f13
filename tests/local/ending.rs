//! How jobs end otherwise, as scripts see it by the exit code.

use std::io::Write;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::server::{Server, eventually};
use crate::serving::{Home, ended, example, signal};
use crate::{PLANES, any_schema, counts, planes_schema, submit};

/// A job that cannot end, since its submitter has more to say, with some items worked off: the submitter, and the id.
fn open_job(home: &Home, server: &Server) -> (Child, String) {
    let schema = any_schema(home);
    let mut client = server.client(home, &submit("-", &schema, &["--format", "ndjson", "--chunk-size", "1"]));
    let mut child = client.stdin(Stdio::piped()).spawn().unwrap();
    let items: String = (0..200).map(|n| format!("{n}\n")).collect();
    child.stdin.as_mut().unwrap().write_all(items.as_bytes()).unwrap();
    let id = eventually("two whole parts of 80 chunks are worked off", || {
        let list = server.json(home, &["list"]);
        let job = list["jobs"].get(0)?;
        (job["processedItems"] == 160).then(|| job["id"].as_str().unwrap().to_owned())
    });
    (child, id)
}

fn status(home: &Home, server: &Server, id: &str) -> Value {
    server.json(home, &["status", id])
}

#[test]
fn too_many_failures_are_5() {
    let (home, planes, schema) = (Home::new(), example("planes.csv"), planes_schema());
    let server = home.serve(&["--data", "data"]);
    let ended = server.run(&home, &submit(&planes, &schema, &["--tolerate", "69", "--json"]));
    let job: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, job["status"].as_str()), (Some(5), Some("Failed")), "{ended:?}");
    let [total, processed, failed, pending] = counts(&job);
    assert!(failed >= 70 && processed + failed + pending == total && total == PLANES, "{job}");
    assert!(job["errorMessage"].as_str().unwrap().contains("/year"), "it says which error ended it: {job}");
    assert_eq!(server.run(&home, &["watch", job["id"].as_str().unwrap()]).code, Some(5));
}

#[test]
fn a_cancel_in_the_middle_is_6_and_stands() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (child, id) = open_job(&home, &server);
    assert_eq!(server.run(&home, &["cancel", &id]).code, Some(0));
    let submitted = ended(child);
    assert_eq!(submitted.code, Some(6), "{submitted:?}");
    assert_eq!(server.run(&home, &["watch", &id]).code, Some(6));
    let job = status(&home, &server, &id);
    assert_eq!((job["status"].as_str(), counts(&job)[1]), (Some("Cancelled"), 160), "what was done stays counted: {job}");
}

#[test]
fn who_stops_following_leaves_the_job_alone() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (child, id) = open_job(&home, &server);
    let watched = server.run(&home, &["watch", &id, "--timeout", "1s"]);
    assert_eq!(watched.code, Some(124), "{watched:?}");
    signal("INT", &child);
    let submitted = ended(child);
    assert_eq!(submitted.code, Some(130), "{submitted:?}");
    assert!(submitted.stderr.contains(&id) && submitted.stderr.contains("--continue"), "it says how to go on: {submitted:?}");
    let job = status(&home, &server, &id);
    assert_eq!((job["status"].as_str(), job["sealed"].as_bool()), (Some("Processing"), Some(false)), "{job}");

    let all = home.file("all.ndjson", (0..200).map(|n| format!("{n}\n")).collect::<String>());
    let words = ["submit", &all, "--chunk-size", "1", "--continue", &id];
    assert_eq!(counts(&server.json(&home, &words)), [200, 200, 0, 0], "what it had sent is not sent again, nor counted twice");
}
