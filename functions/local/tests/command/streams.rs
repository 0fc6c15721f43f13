//! If stdout or stderr is closed, a submission continues, and its exit code stays the same.

use std::fs::File;
use std::process::Stdio;

use crate::fake_server::{FakeServer, ID, TOKEN};
use crate::terminal::Terminal;
use crate::{Ended, Home};

async fn ending_as(status: &'static str) -> (Home, FakeServer, String) {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("a.ndjson", "1\n\"bad\"\n");
    server.world.lock().unwrap().ends_as = Some(status);
    (home, server, file)
}

/// A pipe whose reader has gone away.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[tokio::test]
async fn a_closed_stdout_neither_stops_a_submission_nor_changes_its_exit_code() {
    for (status, code) in [("Completed", 0), ("Failed", 5)] {
        for json in [false, true] {
            for streams in
                [|| (unread(), Stdio::piped()), || (Stdio::piped(), unread()), || (unread(), unread()), || (Stdio::null(), full())]
            {
                let (home, server, file) = ending_as(status).await;
                let mut words = vec!["submit", &file, "--processor", "p", "--url", &server.url];
                words.extend(json.then_some("--json"));
                let (stdout, stderr) = streams();
                let mut command = home.command(&words);
                command.env("HEADWAY_TOKEN", TOKEN).stdout(stdout).stderr(stderr);
                assert_eq!(home.run_command(command, "").await.code, Some(code), "{status} {json}");
                assert!(server.items().len() == 2 && server.world.lock().unwrap().sealed);
                let mut command = home.command(&["watch", ID, "--json", "--url", &server.url]);
                let (stdout, stderr) = streams();
                command.env("HEADWAY_TOKEN", TOKEN).stdout(stdout).stderr(stderr);
                assert_eq!(home.run_command(command, "").await.code, Some(code), "watch: {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_behind_stdout_is_reported_after_the_submission() {
    for (status, code) in [("Completed", 1), ("Failed", 5)] {
        let (home, server, file) = ending_as(status).await;
        let mut command = home.command(&["submit", &file, "--processor", "p", "--url", &server.url]);
        command.env("HEADWAY_TOKEN", TOKEN).stdout(full());
        let ended = home.run_command(command, "").await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(server.items().len() == 2 && server.world.lock().unwrap().sealed);
        assert_eq!(ended.stderr.contains("cannot write to stdout"), status == "Completed", "{}", ended.stderr);
    }
}

#[tokio::test]
async fn numbers_are_final_when_they_are_printed() {
    let (home, server, file) = ending_as("Failed").await;
    server.world.lock().unwrap().settling_looks = 3;
    let submitted = home.run(&["submit", &file, "--processor", "p", "--url", &server.url]).await;
    assert!(submitted.code == Some(5) && submitted.stderr.contains("Failed: 1 processed, 1 failed\n"), "{submitted:?}");
    server.world.lock().unwrap().settling_looks = 3;
    let watched = home.run(&["watch", ID, "--json", "--url", &server.url]).await;
    let jobs: Vec<serde_json::Value> = watched.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        jobs.iter().map(|job| (job["settling"].as_bool(), job["pendingItems"].as_u64())).collect::<Vec<_>>(),
        [(Some(true), Some(1)), (Some(false), Some(0))]
    );
}

#[tokio::test]
async fn without_a_tolerance_a_note_explains_the_default() {
    let (home, server, file) = ending_as("Completed").await;
    let run =
        async |words: &[&str]| -> Ended { home.run(&[&["submit", &file, "--processor", "p", "--url", &server.url], words].concat()).await };
    assert!(run(&[]).await.stderr.contains("no failure is tolerated: the first item that fails ends the job"));
    for quiet in [&["--tolerate", "0"][..], &["--quiet"], &["--json"]] {
        assert!(!run(quiet).await.stderr.contains("no failure is tolerated"), "{quiet:?}");
    }
}

#[tokio::test]
async fn a_dumb_terminal_gets_no_bar() {
    for (term, drawn) in [(Some("xterm"), true), (Some("dumb"), false), (None, false)] {
        let (home, server, file) = ending_as("Completed").await;
        let mut command = home.command(&["submit", &file, "--processor", "p", "--url", &server.url]);
        command.env("HEADWAY_TOKEN", TOKEN).env("NO_COLOR", "1");
        command.envs(term.map(|term| ("TERM", term)));
        let (code, shown) = Terminal::run(command).await;
        assert_eq!((code, shown.contains('\u{1b}')), (Some(0), drawn), "{term:?}: {shown:?}");
        assert!(shown.contains("Completed: 1 processed, 1 failed"), "{shown:?}");
    }
}

#[tokio::test]
async fn item_text_cannot_control_a_terminal_in_any_format() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().exists = true;
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r";
    let json = serde_json::json!({"index": 0, "id": evil, "kind": "Permanent", "code": evil, "message": evil, "attempts": 1, "item": evil})
        .to_string();
    let (path, page) = (format!("/v1/jobs/{ID}"), "pageSize=1000");
    server.can(&format!("{path}/failures?{page}"), &[], &format!("{{\"failures\":[{json}],\"nextPageToken\":null}}"));
    for list in ["failures", "results"] {
        server.can(&format!("{path}/{list}?format=csv&{page}"), &[], &format!("index,id\r\n0,{evil}\r\n"));
        server.can(&format!("{path}/{list}?format=ndjson&{page}"), &[], &format!("{json}\n"));
    }
    let groups = format!(
        r#"{{"groups":[{{"code":{0},"kind":"Permanent","count":1,"examples":[{{"index":0,"id":null,"message":{0}}}]}}],"countedFailures":1,"complete":true}}"#,
        serde_json::to_string(evil).unwrap()
    );
    server.can(&format!("{path}/failures/groups"), &[], &groups);
    {
        let mut world = server.world.lock().unwrap();
        for name in ["errorMessage", "processor", "createdAt", "title"] {
            world.more.insert(name.to_owned(), evil.into());
        }
        let job = format!(
            "{{\"id\":{0},\"status\":\"Failed\",\"progressPercentage\":0.0,\"totalItems\":1,\"processedItems\":0,\"failedItems\":1,\
            \"pendingItems\":0,\"errorMessage\":{0},\"processor\":{0},\"round\":1,\"sealed\":true,\"paused\":false,\"createdAt\":{0},\
            \"completedAt\":{0},\"itemsPerSecond\":null}}",
            serde_json::to_string(evil).unwrap()
        );
        world.canned.insert("/v1/jobs?pageSize=20".to_owned(), (Vec::new(), format!("{{\"jobs\":[{job}],\"nextPageToken\":null}}")));
        (world.sealed, world.ends_as) = (true, Some("Failed"));
    }
    for words in [
        &["failures", ID][..],
        &["failures", ID, "--format", "csv"],
        &["failures", ID, "--format", "ndjson"],
        &["failures", ID, "--json"],
        &["failures", ID, "--groups"],
        &["failures", ID, "--groups", "--json"],
        &["results", ID],
        &["results", ID, "--format", "csv"],
        &["results", ID, "--json"],
        &["status", ID],
        &["status", ID, "--json"],
        &["list"],
        &["list", "--json"],
        &["pause", ID],
        &["pause", ID, "--json"],
        &["watch", ID],
        &["watch", ID, "--json"],
    ] {
        let mut command = home.command(&[words, &["--url", &server.url]].concat());
        command.env("HEADWAY_TOKEN", TOKEN).env("NO_COLOR", "1").env("TERM", "dumb");
        let (_, shown) = Terminal::run(command).await;
        // The terminal itself puts a CR before each LF.
        let shown = shown.replace("\r\r\n", "\n").replace("\r\n", "\n");
        let steering: String = shown.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert_eq!(steering, "", "{words:?}: {shown:?}");
        assert!(words[0] == "pause" || shown.contains("\\u001b]0"), "{words:?}: it is visible: {shown:?}");
    }
    let piped = home.run(&["results", ID, "--format", "csv", "--url", &server.url]).await;
    assert_eq!(piped.stdout, format!("index,id\r\n0,{evil}\r\n"), "a pipe gets what came");
}

/// Bug found: the first write to the record of what was sent ended the process, and left a job without items.
#[tokio::test]
async fn a_limit_on_the_size_of_files_does_not_end_a_submission() {
    let (home, server, file) = ending_as("Completed").await;
    let plain = home.command(&["submit", &file, "--processor", "p", "--url", &server.url]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -f 0 && exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    limited.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("HEADWAY_TOKEN", TOKEN);
    limited.current_dir(home.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = home.run_command(limited, "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(server.items().len() == 2 && server.world.lock().unwrap().sealed);
}
