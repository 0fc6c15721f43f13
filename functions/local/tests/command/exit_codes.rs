//! Exit codes never change: scripts depend on them.

use crate::fake_server::{FakeServer, Fault, ID, problem};
use crate::{Ended, Home};

/// An address where nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn wrong_usage_is_2_as_text_or_as_a_problem() {
    let home = Home::new();
    for words in [
        &["frobnicate"][..],
        &["status"],
        &["status", "not-an-id"],
        &["submit", "x.csv"],
        &["list", "--limit", "0"],
        &["list", "--owner", ""],
        &["list", "--url", "127.0.0.1:7070"],
        &["submit", "-", "--processor", "p"],
        &["submit", "x.txt", "--processor", "p"],
        &["watch", ID, "--timeout", "soon"],
        &["serve", "--memory", "--data", "d"],
        &["token", "--user", ""],
        &["token", "--user", "u", "--ttl", "0"],
        &["token", "--user", "u", "--ttl", "99999999999h"],
    ] {
        assert_eq!(home.run(words).await.code, Some(2), "{words:?}");
        let json = home.run(&[words, &["--json"]].concat()).await;
        assert_eq!((json.code, json.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert_eq!(json.problem()["type"], "urn:headway:problem:usage", "{words:?}");
    }
    assert_eq!(home.run(&["--help"]).await.code, Some(0));
    let negative = home.run(&["submit", "x.csv", "--processor", "p", "--tolerate", "-1"]).await;
    assert!(negative.code == Some(2) && !negative.stderr.contains("unexpected argument"), "the value is wrong: {negative:?}");
}

/// A script may pass on words that a stranger chose. Errors repeat them, and must not steer the terminal.
#[tokio::test]
async fn errors_repeat_words_with_their_control_characters_visible() {
    let home = Home::new();
    for evil in ["\u{1b}[2J", "\u{9b}31m", "\u{1b}]0;title\u{7}", "a\rb", "\u{202e}x"] {
        for words in [
            &[evil][..],
            &["status", evil],
            &["list", "--limit", evil],
            &["list", "--status", evil],
            &["list", &format!("--{evil}")],
            &["list", "--url", evil],
            &["watch", ID, "--timeout", evil],
            &["submit", evil],
            &["submit", evil, "--processor", "p"],
            &["submit", &format!("{evil}.csv"), "--processor", "p", "--url", NOBODY],
            &["retry", ID, "--with", evil, "--url", NOBODY],
            &["token", "--user", "u", "--ttl", evil],
            &["new", evil],
        ] {
            let ended = home.run(words).await;
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(ended.code != Some(0) && !ended.stderr.contains(steers), "{words:?}: {:?}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_from_a_headway_server_is_reported_as_such() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let list = ["list", "--url", &server.url];
    let answer = |status, headers: &[(&'static str, &str)], body: &str| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        server.fault("GET", [Fault::Answer(status, headers, body.to_owned())]);
    };
    answer(404, &[("content-type", "text/html")], "<html>");
    let elsewhere = home.run(&list).await;
    assert!(elsewhere.code == Some(1) && elsewhere.stderr.contains("is the address right?"), "{elsewhere:?}");
    answer(429, &[("retry-after", "86400")], "");
    let later = home.run(&list).await;
    assert!(later.code == Some(1) && later.stderr.contains("asks to come back in 86400 s"), "{later:?}");
    answer(200, &[("content-type", "application/json")], &" ".repeat(16_000_001));
    let endless = home.run(&list).await;
    assert!(endless.code == Some(1) && endless.stderr.contains("longer than any that a Headway server sends"), "{endless:?}");
}

#[tokio::test]
async fn an_unreachable_server_is_3() {
    let home = Home::new();
    let file = home.file("a.ndjson", "1\n");
    for words in [&["status", ID][..], &["submit", &file, "--processor", "p"], &["watch", ID]] {
        let ended = home.run(&[words, &["--url", NOBODY, "--json"]].concat()).await;
        assert_eq!(ended.code, Some(3), "{words:?}: {ended:?}");
        assert_eq!(ended.problem()["type"], "urn:headway:problem:unreachable");
    }
    let words = home.run(&["status", ID, "--url", NOBODY]).await;
    assert!(words.stderr.contains("headway serve"), "it says what to do: {}", words.stderr);
}

#[tokio::test]
async fn refusals_of_the_caller_are_4_and_others_1() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let status = ["status", ID, "--url", &server.url, "--json"];
    let unknown = home.run(&status).await;
    assert_eq!((unknown.code, unknown.problem()["type"].as_str()), (Some(1), Some("urn:headway:problem:not-found")));
    let nobody = home.run_command(home.command(&status), "").await;
    assert_eq!((nobody.code, nobody.problem()["status"].as_u64()), (Some(4), Some(401)));
    server.fault("GET", [problem(403, "scope", "jobs:read is missing")]);
    let denied = home.run(&status).await;
    assert_eq!((denied.code, denied.problem()["type"].as_str()), (Some(4), Some("urn:headway:problem:scope")));
}

#[tokio::test]
async fn only_submit_and_watch_exit_with_how_the_job_ended() {
    for (ends_as, code) in [("Completed", 0), ("Failed", 5), ("Cancelled", 6)] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("a.ndjson", "1\n\"bad\"\n");
        server.world.lock().unwrap().ends_as = Some("Completed");
        let submitted = home.run(&["submit", &file, "--processor", "p", "--url", &server.url, "--detach"]).await;
        assert_eq!((submitted.code, submitted.stdout.trim()), (Some(0), ID));
        server.world.lock().unwrap().ends_as = Some(ends_as);
        let run = async |words: &[&str]| -> Ended { home.run(&[words, &["--url", &server.url]].concat()).await };
        assert_eq!(run(&["watch", ID]).await.code, Some(code), "{ends_as}");
        assert_eq!(run(&["submit", &file, "--continue", ID]).await.code, Some(code), "{ends_as}");
        assert_eq!(run(&["status", ID]).await.code, Some(0), "{ends_as}");
    }
}
