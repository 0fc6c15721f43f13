//! Following a job never changes it.

use serde_json::json;

use crate::fake_server::{FakeServer, ID, TOKEN, problem};
use crate::{Ended, Home};

fn live(server: &FakeServer) {
    let mut world = server.world.lock().unwrap();
    (world.exists, world.sealed, world.ends_as) = (true, true, None);
    world.parts.insert(0, (0, vec!["1".to_owned()]));
}

/// Runs until the server has received `requests` requests, then presses Ctrl-C.
async fn interrupt(home: &Home, server: &FakeServer, words: &[&str], requests: usize) -> Ended {
    let mut command = home.command(&[words, &["--url", &server.url]].concat());
    let child = command.env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    server.asked_at_least(requests).await;
    headway_testkit::home::signal("INT", &child);
    Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap())
}

#[tokio::test]
async fn each_change_is_one_line() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let mut command = home.command(&["watch", ID, "--json", "--url", &server.url]);
    let child = command.env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    server.asked_at_least(4).await;
    {
        let mut world = server.world.lock().unwrap();
        world.ends_as = Some("Completed");
        world.parts.insert(1, (1, vec!["\"bad\"".to_owned()]));
    }
    let ended = Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let statuses: Vec<serde_json::Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses.iter().map(|job| job["status"].as_str().unwrap()).collect::<Vec<_>>(), ["Processing", "Completed"]);
    let world = server.world.lock().unwrap();
    assert!(world.asked.iter().skip(1).all(|asked| asked.headers.contains_key("if-none-match")), "unchanged answers are 304");
}

#[tokio::test]
async fn ctrl_c_is_130_and_says_how_to_continue() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let ended = interrupt(&home, &server, &["watch", ID], 3).await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    for word in [ID, "watch:", "cancel:"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    assert_eq!(server.count("POST"), 0, "Ctrl-C cancels nothing");
}

/// Bug found: a command in the background of a script ended when somebody pressed Ctrl-C for the script's foreground.
#[tokio::test]
async fn a_ctrl_c_that_is_ignored_stays_ignored() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let mut command = home.command_ignoring_ctrl_c(&["watch", ID, "--url", &server.url]);
    let child = command.env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    server.asked_at_least(3).await;
    headway_testkit::home::signal("INT", &child);
    let asked = server.log().len();
    server.asked_at_least(asked + 2).await;
    {
        let mut world = server.world.lock().unwrap();
        world.ends_as = Some("Completed");
        world.parts.insert(1, (1, vec!["2".to_owned()]));
    }
    let ended = Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn ctrl_c_while_sending_says_how_to_continue() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let file = home.file("my rows.ndjson", "1\n2\n");
    // The part is never accepted: the command keeps trying.
    server.fault("PUT", (0..10_000).map(|_| crate::fake_server::busy(503)));
    let ended = interrupt(&home, &server, &["submit", &file, "--processor", "p", "--json"], 6).await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let problem = ended.problem();
    assert_eq!(problem["jobId"], ID);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("0 of 2 items were sent") && detail.contains("within 24 hours"), "{detail}");
    assert!(problem["advice"].to_string().contains(&format!("submit 'my rows.ndjson' --continue {ID}")), "{problem}");
    assert_eq!(server.count(&format!("POST /v1/jobs/{ID}/cancel")), 0);
}

#[tokio::test]
async fn ctrl_c_while_the_file_is_checked_leaves_no_job() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let mut command = home.command(&["submit", "-", "--format", "ndjson", "--processor", "p", "--url", &server.url]);
    let mut child = command.stdin(std::process::Stdio::piped()).env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    // Nobody writes to stdin, and nobody closes it.
    let _stdin = child.stdin.take();
    server.asked_at_least(1).await;
    headway_testkit::home::signal("INT", &child);
    let ended = Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap());
    assert!(ended.code == Some(130) && ended.stderr.contains("no item had been sent"), "{ended:?}");
    assert_eq!(server.count("POST"), 0);
}

#[tokio::test]
async fn a_timeout_is_124() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let ended = home.run(&["watch", ID, "--timeout", "0s", "--json", "--url", &server.url]).await;
    assert_eq!(ended.code, Some(124), "{ended:?}");
    assert_eq!(ended.problem()["type"], "urn:headway:problem:timeout");
    for (limit, words) in [("0.5s", "within 500ms"), ("1500ms", "within 1s 500ms")] {
        let ended = home.run(&["watch", ID, "--timeout", limit, "--url", &server.url]).await;
        assert!(ended.code == Some(124) && ended.stderr.contains(words), "{limit}: {ended:?}");
    }
}

/// Bug found: `cancel` was advised to those who may only look, and a paused job was said to continue.
#[tokio::test]
async fn what_is_advised_is_what_the_caller_may_do() {
    for (paused, actions, says, advised) in [
        (false, &["pause", "cancel"][..], "continues without", &["watch:", "cancel:"][..]),
        (false, &[], "continues without", &["watch:"]),
        (true, &["resume", "cancel"], "is paused", &["watch:", "resume:", "cancel:"]),
        (true, &[], "is paused", &["watch:"]),
    ] {
        let (home, server) = (Home::new(), FakeServer::start().await);
        live(&server);
        let seen = [("paused".to_owned(), json!(paused)), ("actions".to_owned(), json!(actions))];
        server.world.lock().unwrap().more.extend(seen);
        let timed_out = home.run(&["watch", ID, "--timeout", "0", "--json", "--url", &server.url]).await;
        let interrupted = interrupt(&home, &server, &["watch", ID, "--json"], 3).await;
        for problem in [timed_out.problem(), interrupted.problem()] {
            let verbs: Vec<_> =
                problem["advice"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().split(' ').next().unwrap()).collect();
            assert_eq!(verbs, advised, "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
        }
    }
}

/// Bug found: a token command that waited for ever kept the command from ending.
#[tokio::test]
async fn a_timeout_ends_the_wait_for_a_token() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    let mut command = home.command(&["watch", ID, "--timeout", "100ms", "--url", &server.url]);
    command.env("HEADWAY_TOKEN_COMMAND", "exec sleep 1000");
    let ended = home.run_command(command, "").await;
    assert_eq!(ended.code, Some(124), "{ended:?}");
}

/// Bug found: `--timeout 0` of a job that had ended was 124, as if it had not.
#[tokio::test]
async fn no_time_is_enough_for_one_look() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    server.world.lock().unwrap().ends_as = Some("Completed");
    let ended = home.run(&["watch", ID, "--timeout", "0", "--url", &server.url]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn an_error_while_watching_names_the_job() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let mut command = home.command(&["watch", ID, "--url", &server.url]);
    let child = command.env("HEADWAY_TOKEN", TOKEN).spawn().unwrap();
    server.asked_at_least(2).await;
    server.fault("GET", [problem(403, "scope", "taken away")]);
    let ended = Ended::of(tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap());
    assert_eq!(ended.code, Some(4));
    assert!(ended.stderr.contains("taken away") && ended.stderr.contains(&format!("watch {ID}")), "{}", ended.stderr);
    // Before the first look nothing is known, not even that there is such a job.
    server.fault("GET", [problem(403, "scope", "never given")]);
    let ended = home.run(&["watch", ID, "--url", &server.url]).await;
    assert!(ended.code == Some(4) && !ended.stderr.contains("still exists"), "{ended:?}");
}

/// Bug found: an operator was advised to retry another owner's job and to read its items, which are 404 for him.
#[tokio::test]
async fn only_what_the_caller_can_do_is_advised() {
    let (home, server) = (Home::new(), FakeServer::start().await);
    live(&server);
    let cost = json!({"usd": "0.000100", "estimated": true});
    for (actions, cost, advised, not) in [
        (json!(["retry", "delete"]), json!(null), vec!["failures", "--columns items", " retry "], vec!["--groups"]),
        (json!(["retry", "delete"]), cost.clone(), vec!["failures", "--columns items", " retry "], vec!["--groups"]),
        (json!([]), cost, vec!["failures", "--groups"], vec!["--columns", " retry "]),
        (json!([]), json!(null), vec!["failures"], vec!["--groups", "--columns", " retry "]),
    ] {
        {
            let mut world = server.world.lock().unwrap();
            world.ends_as = Some("Failed");
            world.parts.insert(0, (0, vec!["bad".to_owned()]));
            world.more = json!({"actions": actions, "cost": cost}).as_object().unwrap().clone();
        }
        let ended = home.run(&["watch", ID, "--url", &server.url]).await;
        assert_eq!(ended.code, Some(5), "{ended:?}");
        assert!(advised.iter().all(|word| ended.stderr.contains(word)), "{actions}: {}", ended.stderr);
        assert!(not.iter().all(|word| !ended.stderr.contains(word)), "{actions}: {}", ended.stderr);
    }
}
