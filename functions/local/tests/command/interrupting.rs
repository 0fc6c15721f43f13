//! Ctrl-C at every moment: what is said is true, whether a request was under way or not.

use std::process::{Child, Command};

use headway_testkit::home::{LONG, signal, wait};

use crate::fake_server::{FakeServer, Fault, ID, TOKEN, busy};
use crate::terminal::Terminal;
use crate::{Ended, Home};

fn start(home: &Home, server: &FakeServer, words: &[&str]) -> Child {
    home.command(&[words, &["--url", &server.url]].concat()).env("HEADWAY_TOKEN", TOKEN).spawn().unwrap()
}

async fn end(child: Child) -> Ended {
    tokio::task::spawn_blocking(move || headway_testkit::home::ended(child)).await.unwrap()
}

/// Sends the signal, and another one once the first has come.
fn insist(name: &str, child: &Child) {
    signal(name, child);
    // Two of the same kind count as one if the process has not seen the first.
    std::thread::sleep(std::time::Duration::from_millis(300));
    signal(name, child);
}

/// Bug found: a job was left behind, and the command said that no item had been sent, without the job's id.
#[tokio::test]
async fn a_job_that_is_being_created_is_named() {
    for name in ["INT", "TERM", "HUP"] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("rows.ndjson", "1\n2\n");
        server.fault("POST /v1/jobs", [Fault::Held]);
        // The signal may be seen only after the answer. No part is accepted, so that the job is not sent before.
        server.fault("PUT", (0..10_000).map(|_| busy(503)));
        let child = start(&home, &server, &["submit", &file, "--processor", "p"]);
        server.asked_at_least(2).await;
        signal(name, &child);
        server.release();
        let ended = end(child).await;
        assert_eq!((ended.code, ended.stdout.trim()), (Some(130), ID), "{name}: {ended:?}");
        assert!(
            ended.stderr.contains("at least 0 of 2 items were sent") && ended.stderr.contains(&format!("--continue {ID}")),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn a_job_that_may_have_been_created_is_not_denied() {
    for (more, says) in [(&[][..], "list:     headway"), (&["--idempotency-key", "k"], "continue: the same command finds the job")] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("rows.ndjson", "1\n2\n");
        server.fault("POST /v1/jobs", [Fault::Held]);
        let child = start(&home, &server, &[&["submit", &file, "--processor", "p"], more].concat());
        server.asked_at_least(2).await;
        insist("INT", &child);
        let ended = end(child).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "{ended:?}");
        assert!(ended.stderr.contains("the job may exist, without items") && ended.stderr.contains(says), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn an_act_under_way_is_not_denied() {
    for verb in ["cancel", "pause", "resume", "retry", "delete"] {
        let route = if verb == "delete" { "DELETE" } else { "POST" };
        let requests = if verb == "retry" { 2 } else { 1 };
        for answers in [true, false] {
            let (home, server) = (Home::new(), FakeServer::start().await);
            server.world.lock().unwrap().exists = true;
            server.fault(route, [Fault::Held]);
            let child = start(&home, &server, &[verb, ID]);
            server.asked_at_least(requests).await;
            if answers {
                signal("INT", &child);
                server.release();
            } else {
                insist("INT", &child);
            }
            let ended = end(child).await;
            assert_eq!(ended.code, Some(if answers { 0 } else { 130 }), "{verb}: {ended:?}");
            assert_eq!(ended.stdout.contains(ID), answers, "{verb}: {ended:?}");
            let says = format!("`{verb}` of job {ID} may have been done, or not");
            assert_eq!(ended.stderr.contains(&says), !answers, "{verb}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_waited_for_but_not_for_ever() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    server.world.lock().unwrap().exists = true;
    server.fault("POST", [Fault::Held]);
    let child = start(&home, &server, &["cancel", ID]);
    server.asked_at_least(1).await;
    signal("INT", &child);
    let ended = end(child).await;
    assert!(ended.code == Some(130) && ended.stderr.contains("may have been done"), "{ended:?}");
}

/// What is continued has items, whatever this run has sent.
#[tokio::test]
async fn a_job_that_is_continued_is_named() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.ndjson", "1\n2\n");
    server.world.lock().unwrap().exists = true;
    server.fault(&format!("GET /v1/jobs/{ID}"), [Fault::Held]);
    let child = start(&home, &server, &["submit", &file, "--continue", ID]);
    server.asked_at_least(1).await;
    signal("INT", &child);
    let ended = end(child).await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains(&format!("nothing more was sent to job {ID}")) && ended.stderr.contains("cancel:"), "{ended:?}");
}

/// Bug found: while a file was read from a pipe, Ctrl-C had no effect.
#[tokio::test]
async fn a_pipe_that_nobody_writes_to_does_not_keep_the_command() {
    for name in ["INT", "TERM"] {
        for words in [
            &["submit", "rows.ndjson", "--processor", "p", "--params", "pipe"][..],
            &["submit", "rows.ndjson", "--processor", "p", "--token-file", "pipe"],
            &["submit", "rows.ndjson", "--processor", "p", "--token-file", "pipe", "--dry-run"],
            &["watch", ID, "--token-file", "pipe"],
            &["cancel", ID, "--token-file", "pipe"],
            &["retry", ID, "--with", "pipe", "--format", "ndjson"],
            &["submit", "pipe", "--format", "ndjson", "--continue", ID],
        ] {
            let (home, server) = (Home::new(), FakeServer::start().await);
            home.file("rows.ndjson", "1\n2\n");
            server.world.lock().unwrap().exists = true;
            let pipe = home.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let child = start(&home, &server, words);
            // Opening succeeds once the command has opened it for reading.
            let opened = tokio::task::spawn_blocking(move || std::fs::File::options().write(true).open(pipe).unwrap());
            let writer = tokio::time::timeout(LONG, opened).await.unwrap().unwrap();
            signal(name, &child);
            let ended = end(child).await;
            // Before it listens for signals, it is ended by them.
            let says = (ended.code, ended.stderr.contains("interrupted; "));
            assert!(matches!(says, (None, false) | (Some(130), true)), "{name} {words:?}: {ended:?}");
            drop(writer);
            assert_eq!(server.count("POST"), 0, "{words:?}");
        }
    }
}

#[tokio::test]
async fn an_output_that_nobody_reads_does_not_keep_the_command() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    {
        let mut world = server.world.lock().unwrap();
        (world.exists, world.sealed, world.ends_as) = (true, true, None);
        world.more.insert("title".to_owned(), "x".repeat(1_000_000).into());
    }
    let mut child = start(&home, &server, &["watch", ID, "--json"]);
    server.asked_at_least(1).await;
    insist("INT", &child);
    let ended = wait(&mut child, LONG).expect("it goes on");
    assert_eq!(ended.code(), Some(130));
}

/// What ends a session ends the question, with the exit code of Ctrl-C.
#[tokio::test]
async fn a_terminal_that_is_closed_is_no_answer() {
    for name in ["HUP", "INT", "close"] {
        let (home, server) = (Home::new(), crate::trying::handling(10, 2).await);
        let file = home.file("rows.ndjson", crate::trying::rows(200));
        let mut command = home.command(&["submit", &file, "--processor", "p", "--canary", "10", "--url", &server.url]);
        command.env("HEADWAY_TOKEN", TOKEN);
        let (ended, shown) = Terminal::run_until(command, "Send the other 190 items?", name).await;
        assert_eq!(ended, Some(130), "{name}: {shown}");
        assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/cancel")), 0, "{name}");
        assert_eq!(shown.contains(&format!("--canary 10 --continue {ID}")), name != "close", "{name}: {shown}");
    }
}
