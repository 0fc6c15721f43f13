//! Submitting: every item arrives once and unchanged, whatever happens on the way.

use crate::fake_server::{Asked, FakeServer, Fault, ID, TOKEN, busy, problem};
use crate::{Ended, Home};

fn rows(n: usize) -> String {
    (0..n).fold("n,note\n".to_owned(), |text, i| format!("{text}{i},{}\n", if i % 50 == 7 { "bad" } else { "ok" }))
}

fn objects(n: usize) -> Vec<String> {
    (0..n).map(|i| format!(r#"{{"n":"{i}","note":"{}"}}"#, if i % 50 == 7 { "bad" } else { "ok" })).collect()
}

fn puts(server: &FakeServer) -> Vec<Asked> {
    server.world.lock().unwrap().asked.iter().filter(|asked| asked.method == "PUT").cloned().collect()
}

#[tokio::test]
async fn a_file_arrives_completely_and_the_end_says_where_to_look() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(400));
    // Chunks of 2 items, the server's chunk size for this processor: 160 items a part.
    let ended = home.run(&["submit", &file, "--processor", "p", "--tolerate", "3%", "--url", &server.url]).await;
    assert_eq!((ended.code, ended.stdout.trim()), (Some(0), ID), "{ended:?}");
    assert!(ended.stderr.contains("392 processed, 8 failed"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("headway --url {} failures {ID}", server.url)), "{}", ended.stderr);
    assert_eq!(server.items(), objects(400));
    let world = server.world.lock().unwrap();
    assert_eq!(world.parts.values().map(|(first, items)| (*first, items.len())).collect::<Vec<_>>(), [(0, 160), (160, 160), (320, 80)]);
    let start = world.asked.iter().find(|asked| asked.method == "POST").unwrap();
    assert_eq!(start.body, r#"{"processor":"p","sealed":false,"expectedItems":400,"toleratedFailures":{"percentage":3}}"#);
    assert!(start.headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn temporary_errors_are_repeated_and_nothing_arrives_twice() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(400));
    server.fault("POST /v1/jobs", [busy(503), Fault::Lost]);
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/0"), [busy(429), Fault::Lost]);
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/2"), [busy(500), busy(504), busy(502)]);
    server.fault(&format!("POST /v1/jobs/{ID}/seal"), [Fault::Lost]);
    let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url, "--json"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 1, "the job, once");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["newField"]["of"], "a later version");
    assert_eq!(server.items(), objects(400));
    let world = server.world.lock().unwrap();
    let mut keys: Vec<_> = world.asked.iter().filter_map(|asked| asked.headers.get("idempotency-key")).collect();
    assert_eq!(keys.len(), 3);
    keys.dedup();
    assert_eq!(keys.len(), 1, "one submission, one key");
}

/// Bug found: on a pipe `submit` was silent for minutes while it repeated its first calls.
#[tokio::test]
async fn on_a_pipe_a_cause_for_repeating_is_told_once() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(1));
    let busy_for = |seconds: &str| Fault::Answer(503, vec![("retry-after", seconds.to_owned())], "{\"message\": \"later\"}".to_owned());
    server.fault("POST /v1/jobs", [busy(503), busy_for("3"), busy_for("3")]);
    let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url, "--detach"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("trying again: ").count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("503"), "{}", ended.stderr);
}

#[tokio::test]
async fn continuing_sends_the_same_parts_again() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(800));
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/2"), [problem(403, "scope", "as if")]);
    let cut_off = home.run(&["submit", &file, "--processor", "p", "--url", &server.url, "--json"]).await;
    assert_eq!(cut_off.code, Some(4));
    let problem = cut_off.problem();
    assert_eq!((problem["jobId"].as_str(), problem["status"].as_u64()), (Some(ID), Some(403)), "{problem}");
    assert!(problem["advice"].to_string().contains(&format!("submit rows.csv --continue {ID}")), "{problem}");
    server.world.lock().unwrap().parts.retain(|part, _| *part == 1);
    let before = puts(&server);
    server.world.lock().unwrap().asked.clear();

    let ended = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.items(), objects(800));
    let again = puts(&server);
    assert_eq!(again.len(), 5, "the part that is there too: the server compares it");
    for asked in before.iter().filter(|asked| !asked.target.contains("/parts/1?")) {
        let same = again.iter().find(|other| other.target == asked.target).unwrap();
        assert_eq!(same.body, asked.body, "{}", asked.target);
    }
    assert_eq!(server.count("POST /v1/jobs HTTP") + server.count("POST /v1/jobs?"), 0, "no second job");
}

#[tokio::test]
async fn another_file_or_chunk_size_is_not_mixed_into_a_job() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(400));
    {
        let mut world = server.world.lock().unwrap();
        world.exists = true;
        world.parts.insert(1, (160, objects(400)[160..320].to_vec()));
    }
    let run = async |words: &[&str]| home.run(&[words, &["--continue", ID, "--url", &server.url]].concat()).await;
    let other_cut = run(&["submit", &file, "--chunk-size", "1"]).await;
    assert!(other_cut.code == Some(1) && other_cut.stderr.contains("--chunk-size as at first"), "{other_cut:?}");
    // A server that says how the parts are cut needs no option.
    server.world.lock().unwrap().chunk_size = Some(2);
    let other_cut = run(&["submit", &file, "--chunk-size", "3"]).await;
    assert!(other_cut.code == Some(2) && other_cut.stderr.contains("started with chunks of 2: leave --chunk-size out"), "{other_cut:?}");
    server.world.lock().unwrap().chunk_size = None;
    let short = home.file("short.csv", rows(10));
    let other_file = run(&["submit", &short]).await;
    assert!(
        other_file.code == Some(1) && other_file.stderr.contains("has part 1, items 160 to 319, but the file ends after 10 items"),
        "{other_file:?}"
    );
    assert_eq!(run(&["submit", &file, "--processor", "q"]).await.code, Some(2));
    let cannot = run(&["submit", &file, "--tolerate", "1", "--metadata", "a=b", "--idempotency-key", "k"]).await;
    assert!(cannot.code == Some(2) && cannot.stderr.contains("--tolerate, --metadata, --idempotency-key"), "{cannot:?}");
    for option in ["--params", "--id-field", "--title", "--callback"] {
        let cannot = run(&["submit", &file, option, "x"]).await;
        assert!(cannot.code == Some(2) && cannot.stderr.contains(option), "{cannot:?}");
    }
    assert!(!server.world.lock().unwrap().sealed);
}

/// A portal or proxy that answers instead of a server has not accepted a part, whatever its status is.
#[tokio::test]
async fn a_part_counts_as_sent_only_if_a_headway_server_says_so() {
    for (status, body) in [(200, "<html>"), (204, ""), (201, "{")] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("rows.csv", rows(3));
        server.fault("PUT", [Fault::Answer(status, Vec::new(), body.to_owned())]);
        let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url]).await;
        assert_eq!(ended.code, Some(1), "{status}: {ended:?}");
        assert!(ended.stderr.contains("is not what a Headway server sends") && ended.stderr.contains("--continue"), "{}", ended.stderr);
        assert_eq!(server.count("POST /v1/jobs/"), 0, "it is not sealed");
    }
}

#[tokio::test]
async fn a_part_whose_sender_died_is_sent_again() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(400));
    {
        let mut world = server.world.lock().unwrap();
        world.exists = true;
        world.parts.insert(0, (0, objects(400)[..160].to_vec()));
        world.undispatched.push(0);
    }
    let ended = home.run(&["submit", &file, "--continue", ID, "--url", &server.url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/seal")), 1);
    assert_eq!(server.items(), objects(400));
}

#[tokio::test]
async fn a_bad_file_leaves_no_job_behind() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", format!("{}1,2,3\n", rows(900)));
    let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("line 902, column 1: 3 cells, but the header row has 2 cells"), "{}", ended.stderr);
    assert_eq!(server.count("POST"), 0);
    assert_eq!(home.run(&["submit", "none.csv", "--processor", "p", "--url", &server.url]).await.code, Some(1));
}

#[tokio::test]
async fn stdin_is_checked_and_sent() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let mut command = home.command(&["submit", "-", "--format", "json", "--processor", "p", "--url", &server.url, "--detach", "--json"]);
    command.env("HEADWAY_TOKEN", TOKEN);
    let ended = home.run_command(command, "[1, {\"a\":\n [2]},\n3]").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.items(), ["1", "{\"a\":  [2]}", "3"]);
    assert!(ended.stdout.contains("\"sealed\":true"));
}

#[tokio::test]
async fn a_file_without_items_is_a_job_without_parts() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("empty.json", "[]");
    let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("0 processed, 0 failed") && !ended.stderr.contains("no failure is tolerated"), "{}", ended.stderr);
    assert_eq!(server.count("PUT"), 0);
}

#[tokio::test]
async fn a_job_that_ends_while_being_sent_is_reported() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("rows.csv", rows(400));
    server.fault(&format!("PUT /v1/jobs/{ID}/parts/2"), [problem(409, "job-ended", "it has ended")]);
    server.world.lock().unwrap().ends_as = Some("Cancelled");
    let ended = home.run(&["submit", &file, "--processor", "p", "--url", &server.url]).await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.stderr.contains("while its items were being sent"), "{}", ended.stderr);
}

/// Bug found: with the key of a job that had been cancelled, `--detach` said that the items were sent, and exited with 0.
#[tokio::test]
async fn a_job_that_has_ended_is_not_called_sent() {
    for (ends_as, code, sealed, says) in [
        ("Completed", 0, true, "the job has ended as Completed before, so nothing is sent: give another --idempotency-key"),
        ("Failed", 5, true, "the job has ended as Failed before, so nothing is sent: retry that job, or give another --idempotency-key"),
        ("Cancelled", 6, true, "the job has ended as Cancelled before, so nothing is sent: give another --idempotency-key"),
        ("Cancelled", 6, false, "the job has ended as Cancelled before, so nothing is sent: give another --idempotency-key"),
    ] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        let file = home.file("rows.csv", rows(4));
        let words = ["submit", &file, "--processor", "p", "--idempotency-key", "k", "--url", &server.url];
        assert_eq!(home.run(&words).await.code, Some(0));
        {
            let mut world = server.world.lock().unwrap();
            (world.ends_as, world.sealed) = (Some(ends_as), sealed);
            world.asked.clear();
        }
        for more in [&[][..], &["--detach"]] {
            let ended = home.run(&[&words[..], more].concat()).await;
            assert_eq!(ended.code, Some(code), "{ends_as} {more:?}: {ended:?}");
            assert!(ended.stderr.contains(says) && !ended.stderr.contains("follow with"), "{ends_as} {more:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(&format!("{ends_as}: ")), "{ends_as} {more:?}: {}", ended.stderr);
        }
        let json = home.run(&[&words[..], &["--detach", "--json"]].concat()).await;
        assert_eq!((json.code, json.stdout.lines().count()), (Some(code), 1), "{json:?}");
    }
}

/// Bug found: a program that runs without a stdin made a job without items, and was told that all went well.
#[tokio::test]
async fn a_closed_stdin_is_no_empty_file() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    // It gets /dev/null.
    let mut command = home.command(&["submit", "-", "--format", "ndjson", "--processor", "p", "--url", &server.url]);
    command.env("HEADWAY_TOKEN", TOKEN);
    let ended = Ended::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    assert!(ended.code == Some(1) && ended.stderr.contains("stdin cannot be opened") && ended.stderr.contains("/dev/null"), "{ended:?}");
    assert_eq!(server.count("POST"), 0);
}
