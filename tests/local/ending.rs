//! Other ways in which jobs end, as scripts see them in the exit code.

use std::process::Child;

use serde_json::Value;

use crate::hostile::exchange;
use crate::{PLANES, counts, planes_schema, submit};
use headway_testkit::home::{Home, ended, example, signal};
use headway_testkit::server::{Server, eventually};

/// A job that cannot end, since it is not sealed, with two parts of it processed, and a command that follows it.
fn open_job(home: &Home, server: &Server) -> (Child, String) {
    let to = (server.url.as_str(), server.token.as_str());
    let send = |method: &str, path: &str, media_type: &str, body: &str| {
        let answer = exchange(to, method, path, &format!("content-type: {media_type}\r\n"), body.len(), body.as_bytes());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Value>(body).unwrap_or_else(|_| panic!("{path}: {answer}"))
    };
    let open = r#"{"processor":"json-schema","params":{"schema":true},"sealed":false,"chunkSize":1}"#;
    let id = send("POST", "/v1/jobs", "application/json", open)["id"].as_str().unwrap().to_owned();
    for part in 0..2 {
        let items: String = (80 * part..80 * (part + 1)).map(|n| format!("{n}\n")).collect();
        send("PUT", &format!("/v1/jobs/{id}/parts/{part}?firstIndex={}", 80 * part), "application/x-ndjson", &items);
    }
    let child = server.client(home, &["watch", &id]).spawn().unwrap();
    eventually("two whole parts of 80 chunks are worked off", || (status(home, server, &id)["processedItems"] == 160).then_some(()));
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

/// Bug found: the last line said `3000 never ran` for a job of which some were counted two seconds later.
#[test]
fn the_last_line_of_a_job_that_failed_early_is_final() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    // Each item is checked against a long list of patterns, so that some chunks still run when the job ends.
    let names: Vec<String> = (0..40).map(|n| format!("{{\"pattern\":\"^[a-z{n}]*$\"}}")).collect();
    let schema = home.file("slow.json", format!(r#"{{"schema":{{"type":"string","allOf":[{}]}}}}"#, names.join(",")));
    let items: String = (0..3_000).map(|n| if n % 97 == 50 { "5\n".to_owned() } else { format!("\"{}\"\n", "a".repeat(400)) }).collect();
    let file = home.file("early.ndjson", items);
    let last: Vec<Value> =
        (0..4).map(|_| server.json(&home, &submit(&file, &schema, &["--tolerate", "5", "--chunk-size", "25"]))).collect();
    for told in &last {
        assert_eq!((told["status"].as_str(), told["settling"].as_bool()), (Some("Failed"), Some(false)), "{told}");
    }
    // Long after: a later job has ended since, and this one is read again.
    eventually("nothing moves any more", || {
        let now: Vec<Value> = last.iter().map(|told| status(&home, &server, told["id"].as_str().unwrap())).collect();
        assert_eq!(now.iter().map(counts).collect::<Vec<_>>(), last.iter().map(counts).collect::<Vec<_>>());
        let ended = last.last().unwrap()["completedAt"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        (chrono::Utc::now() - ended > chrono::TimeDelta::seconds(5)).then_some(())
    });
}

#[test]
fn a_cancel_in_the_middle_is_6_and_final() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (child, id) = open_job(&home, &server);
    assert_eq!(server.run(&home, &["cancel", &id]).code, Some(0));
    let followed = ended(child);
    assert_eq!(followed.code, Some(6), "{followed:?}");
    assert_eq!(server.run(&home, &["watch", &id]).code, Some(6));
    let job = status(&home, &server, &id);
    assert_eq!((job["status"].as_str(), counts(&job)[1]), (Some("Cancelled"), 160), "what was done stays counted: {job}");
}

#[test]
fn a_command_that_stops_following_does_not_affect_the_job() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (child, id) = open_job(&home, &server);
    let watched = server.run(&home, &["watch", &id, "--timeout", "1s"]);
    assert_eq!(watched.code, Some(124), "{watched:?}");
    signal("INT", &child);
    let followed = ended(child);
    assert_eq!(followed.code, Some(130), "{followed:?}");
    assert!(followed.stderr.contains(&id) && followed.stderr.contains("cancel:"), "it says how to go on: {followed:?}");
    let job = status(&home, &server, &id);
    assert_eq!((job["status"].as_str(), job["sealed"].as_bool()), (Some("Processing"), Some(false)), "{job}");

    let all = home.file("all.ndjson", (0..200).map(|n| format!("{n}\n")).collect::<String>());
    let words = ["submit", &all, "--chunk-size", "1", "--continue", &id];
    assert_eq!(counts(&server.json(&home, &words)), [200, 200, 0, 0], "what was there is compared, and not counted twice");
}
