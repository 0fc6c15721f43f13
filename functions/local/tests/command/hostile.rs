//! Texts of items, endpoints and owners come from anywhere. In what people read they must neither steer the terminal nor begin
//! a line of their own, and the colours of the command must stay colours.

use serde_json::json;

use crate::fake_server::{FakeServer, ID, problem};
use crate::{Ended, Home};

const HOSTILE: &str = "bad\r\nCompleted: 9 processed, 0 failed\u{1b}[2J\rx\u{85}\u{2028}\u{9b}31m\ty";

/// A server all of whose texts are hostile.
async fn hostile(ends_as: Option<&'static str>) -> FakeServer {
    let server = FakeServer::start().await;
    let more = json!({"errorMessage": HOSTILE, "title": HOSTILE, "processor": HOSTILE, "createdAt": HOSTILE, "failedItems": 1,
        "callback": HOSTILE, "callbackState": HOSTILE, "cost": {"usd": HOSTILE},
        "waitingFor": {"detail": HOSTILE, "until": HOSTILE, "lastError": HOSTILE}});
    let job = {
        let mut job = json!({"id": ID, "status": "Failed", "progressPercentage": 0.0, "totalItems": 1, "processedItems": 0,
            "pendingItems": 0, "round": 1, "sealed": true, "paused": false, "completedAt": HOSTILE});
        job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        job
    };
    {
        let mut world = server.world.lock().unwrap();
        (world.exists, world.sealed, world.ends_as) = (true, ends_as.is_some(), ends_as);
        world.more = more.as_object().unwrap().clone();
    }
    let failure = json!({"index": 7, "id": HOSTILE, "kind": "Permanent", "code": HOSTILE, "message": HOSTILE, "attempts": 1, "item": 1});
    let group = json!({"code": HOSTILE, "kind": HOSTILE, "count": 1, "examples": [failure]});
    let part = json!({"part": 0, "firstIndex": 0, "totalItems": 1, "chunks": 1, "settled": HOSTILE, "open": HOSTILE, "parked": HOSTILE,
        "processedItems": 0, "failedItems": 1});
    let processor = json!({"name": HOSTILE, "description": HOSTILE, "paramsSchema": {}, "chunkSize": 2, "batch": 1, "maxAttempts": 1,
        "itemTimeoutSeconds": 1});
    for (path, body) in [
        ("/v1/jobs?pageSize=20".to_owned(), json!({"jobs": [job], "nextPageToken": null})),
        (format!("/v1/jobs/{ID}/failures?pageSize=1000"), json!({"failures": [failure], "nextPageToken": null})),
        (format!("/v1/jobs/{ID}/failures/groups"), json!({"groups": [group], "countedFailures": 1, "complete": true})),
        (format!("/v1/jobs/{ID}/parts?pageSize=100"), json!({"parts": [part], "nextPageToken": null})),
        ("/v1/processors".to_owned(), json!({"processors": [processor]})),
    ] {
        server.can(&path, &[], &body.to_string());
    }
    server
}

/// The text without the colours of the command.
fn without_colours(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('m') {
            Some((codes, rest)) if codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') => plain.push_str(rest),
            _ => plain.push_str(&format!("\u{1b}[{piece}")),
        }
    }
    plain
}

fn check(words: &[&str], ended: &Ended) {
    assert!(!(ended.stdout.is_empty() && ended.stderr.is_empty()), "{words:?}: nothing was printed");
    for stream in [&ended.stdout, &ended.stderr] {
        let plain = without_colours(stream);
        assert!(!plain.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{2028}'), "{words:?}: {stream:?}");
        let forged = plain.lines().find(|line| line.starts_with("Completed: 9"));
        assert!(forged.is_none(), "{words:?}: a text from elsewhere has a line of its own: {stream}");
        assert!(!plain.contains("\\u001b[0m"), "{words:?}: a colour is shown as text: {stream}");
    }
}

/// Bugs found: on a terminal with colours the last line of `submit` and `watch` showed their codes, and a message with a line
/// break wrote a line that looked like the command's own.
#[tokio::test]
async fn every_output_keeps_its_lines_and_its_colours() {
    for ends_as in [Some("Completed"), Some("Failed"), Some("Cancelled")] {
        let (home, server) = (Home::new(), hostile(ends_as).await);
        for words in [
            &["watch", ID][..],
            &["status", ID],
            &["cancel", ID],
            &["pause", ID],
            &["retry", ID],
            &["list"],
            &["failures", ID],
            &["failures", ID, "--groups"],
            &["parts", ID],
            &["processors"],
            &["doctor"],
        ] {
            let words = [words, &["--url", &server.url, "--color", "always"]].concat();
            check(&words, &home.run(&words).await);
        }
    }
}

#[tokio::test]
async fn a_submission_keeps_its_lines_and_its_colours() {
    let home = Home::new();
    let file = home.file("a.ndjson", "1\n\"bad\"\n3\n");
    for (ends_as, code, colour) in [("Completed", 0, "\u{1b}[32m"), ("Failed", 5, "\u{1b}[31m"), ("Cancelled", 6, "\u{1b}[33m")] {
        let server = hostile(None).await;
        server.world.lock().unwrap().ends_as = Some(ends_as);
        let words = ["submit", &file, "--processor", "p", "--url", &server.url, "--color", "always"];
        let ended = home.run(&words).await;
        check(&words, &ended);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        let last = format!("{colour}\u{1b}[1m{ends_as}\u{1b}[0m: ");
        assert!(ended.stderr.lines().any(|line| line.starts_with(&last)), "{last:?}: {:?}", ended.stderr);
    }
}

#[tokio::test]
async fn an_answer_that_refuses_keeps_its_lines() {
    let (home, server) = (Home::new(), hostile(Some("Failed")).await);
    for words in [&["status", ID][..], &["retry", ID], &["list"], &["watch", ID], &["failures", ID, "--groups"]] {
        server.fault("GET", [problem(409, "conflict", HOSTILE)]);
        let words = [words, &["--url", &server.url, "--color", "always"]].concat();
        check(&words, &home.run(&words).await);
    }
}
