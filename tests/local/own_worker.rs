//! `serve --worker`: runs an unmodified Lambda worker as processes of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use headway_testkit::home::{Home, beside_binary, kill, run};
use headway_testkit::server::{Server, eventually};

use crate::{counts, indexes};

const ORDERS: u64 = 1_500;

/// Puts a copy of the worker, its directory for invoices, and this many orders into the home directory. Every hundredth
/// order is empty.
fn place(home: &Home) -> (String, String) {
    fs::copy(beside_binary("own-worker"), home.path().join("worker")).unwrap();
    fs::create_dir(home.path().join("invoices")).unwrap();
    let lines = |n| if n % 100 == 7 { "" } else { r#"{"article":"Lamp","quantity":2,"price_cents":1995}"# };
    let orders: Vec<_> = (0..ORDERS).map(|n| format!(r#"{{"customer":"c{n}","lines":[{}]}}"#, lines(n))).collect();
    ("./worker".to_owned(), home.file("orders.ndjson", orders.join("\n")))
}

fn serve(home: &Home, worker: &str) -> Server {
    let invoices = home.path().join("invoices");
    home.serve_with(&["--data", "data", "--worker", worker], &[("INVOICES_DIR", invoices.to_str().unwrap())])
}

/// Waits until the server's log contains these words.
fn said(server: &Server, words: &str) {
    eventually(words, || server.has_said(words).then_some(()));
}

/// Would find a message that a killed worker held and that is never delivered again, or an item that is counted twice.
#[test]
fn a_worker_of_ones_own_is_killed_again_and_again_and_every_item_is_counted_once() {
    let home = Home::new();
    let (worker, orders) = place(&home);
    let server = serve(&home, &worker);
    let sent = server.json(&home, &["submit", &orders, "--processor", "invoices", "--tolerate", "20", "--chunk-size", "5", "--detach"]);
    let id = sent["id"].as_str().unwrap();
    let mut kills = 0;
    let job = eventually("the end of the job", || {
        if kills < 6 {
            kills += server.serving.children().into_iter().take(1).filter(|pid| kill(*pid)).count();
        }
        Some(server.json(&home, &["status", id])).filter(|job| job["status"] == "Completed")
    });
    assert!(kills > 0);
    assert_eq!(counts(&job), [ORDERS, ORDERS - 15, 15, 0], "{job}");
    assert_eq!(indexes(&home, &server, "failures", id).len(), 15);
    assert_eq!(fs::read_dir(home.path().join("invoices")).unwrap().count() as u64, ORDERS - 15);
    assert!(server.serving.terminate().0.success());
}

/// Two of the workers that end at some items, or when they prepare a job.
fn serve_ending(home: &Home) -> Server {
    let worker = beside_binary("examples/ending-worker");
    home.serve_with(&["--memory", "--workers", "2", "--worker", worker.to_str().unwrap()], &[])
}

/// Bug found: the job showed 0 % for minutes, and its workers ended again and again.
#[test]
fn a_job_whose_preparing_ends_the_worker_fails_soon() {
    let home = Home::new();
    let server = serve_ending(&home);
    let items = home.file("items.ndjson", "1\n2\n3\n");
    let began = Instant::now();
    let job = server.json(&home, &["submit", &items, "--processor", "ending-prepared"]);
    assert_eq!((&job["status"], counts(&job)), (&"Failed".into(), [3, 0, 0, 3]), "{job}");
    assert!(job["errorMessage"].as_str().unwrap().contains("died each time it prepared"), "{job}");
    println!("{:.0} s", began.elapsed().as_secs_f64());
}

/// Bug found: each item that ended its worker cost minutes, since the next worker waited until the dead one's time was over: an item of
/// three took 435 s, and of 16 items with 4 of them one was found in 22 minutes.
#[test]
fn items_that_end_their_worker_are_found_soon_and_only_they_fail() {
    let home = Home::new();
    let server = serve_ending(&home);
    let items = ["exit", "abort", "kill", "overflow"].map(|end| format!("\"fine\"\n\"{end}\"\n\"fine\"\n\"fine\"\n")).concat();
    let items = home.file("items.ndjson", items);
    let submit = ["submit", &items, "--processor", "ending", "--tolerate", "100%"];
    for more in [&["--chunk-size", "16"][..], &[]] {
        let began = Instant::now();
        let job = server.json(&home, &[&submit[..], more].concat());
        assert_eq!(counts(&job), [16, 12, 4, 0], "{more:?}: {job}");
        assert_eq!(indexes(&home, &server, "failures", job["id"].as_str().unwrap()), [1, 5, 9, 13].into());
        println!("{more:?}: {:.0} s", began.elapsed().as_secs_f64());
    }
}

/// Bug found: a worker amid an item outlived a server that was killed, or told twice to stop, by up to a minute, beside the workers of
/// the next server. This one would never end by itself.
#[test]
fn workers_end_with_their_server_however_it_ends() {
    for shell in [false, true] {
        let home = Home::new();
        let worker = beside_binary("examples/ending-worker");
        let command = if shell { format!("sh -c '{}; true'", worker.display()) } else { worker.display().to_string() };
        let mut server = home.serve_with(&["--memory", "--workers", "1", "--worker", &command], &[]);
        let items = home.file("items.ndjson", "1\n");
        server.json(&home, &["submit", &items, "--processor", "blocking", "--detach"]);
        said(&server, "blocks");
        let workers: Vec<u32> = server.serving.children();
        assert_eq!(workers.len(), 1);
        server.serving.kill();
        let group = || fs::read_dir("/proc").unwrap().flatten().filter(|entry| is_of_group(&entry.path(), workers[0])).count();
        eventually("the end of the worker", || (group() == 0).then_some(()));
    }
}

/// True if this directory of `/proc` is of a process of the group that has not ended.
fn is_of_group(process: &Path, group: u32) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(") ") else { return false };
    let words: Vec<&str> = rest.split(' ').collect();
    words[0] != "Z" && words[2] == group.to_string()
}

/// Bug found: the server said that it was ready, and the first job was refused because the worker had not announced its
/// processors yet. This worker starts when the first call has been sent.
#[test]
fn the_first_call_waits_for_the_worker_to_start() {
    let home = Home::new();
    place(&home);
    assert!(Command::new("mkfifo").arg(home.path().join("go")).status().unwrap().success());
    let late = "sh -c 'read go < go; exec ./worker'";
    let server = home.serve_with(&["--memory", "--worker", late, "--workers", "1"], &[("INVOICES_DIR", "invoices")]);
    let order = home.file("one.ndjson", r#"{"customer":"Ada","lines":[{"article":"Lamp","quantity":1,"price_cents":1}]}"#);
    let command = server.client(&home, &["submit", &order, "--processor", "invoices"]);
    let submitting = thread::spawn(|| run(command, ""));
    fs::write(home.path().join("go"), "go\n").unwrap();
    let submitted = submitting.join().unwrap();
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
}

/// Bug found: `HEADWAY_PROCESSORS` was not used here, so a processor that the api would have known was unknown.
#[test]
fn processors_that_the_operator_describes_are_known_beside_those_of_the_worker() {
    let home = Home::new();
    let list = r#"[{"name":"mine","description":"ours","batch":7}]"#;
    for (more, names) in [(&[][..], &["http", "json-schema", "lambda", "mine"][..]), (&["--worker", "./not-built-yet"], &["mine"])] {
        let server = home.serve_with(&[&["--memory"], more].concat(), &[("HEADWAY_PROCESSORS", list)]);
        let known = server.json(&home, &["processors"])["processors"].take();
        let known = known.as_array().unwrap();
        assert_eq!(known.iter().map(|info| info["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
        let mine = known.iter().find(|info| info["name"] == "mine").unwrap();
        assert_eq!((&mine["description"], &mine["batch"]), (&"ours".into(), &7.into()));
    }
}

/// Bug found: the worker took the profile, the kind of endpoints or the proxy of its developer's shell for the server's own table and queue,
/// and was never heard of.
#[test]
fn what_a_developers_shell_says_of_aws_does_not_come_between_the_worker_and_its_server() {
    let home = Home::new();
    place(&home);
    let profiles = home.file("profiles", "[profile dev]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\nregion = eu-central-1\n");
    let shell = [
        ("AWS_PROFILE", "dev"),
        ("AWS_CONFIG_FILE", profiles.as_str()),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_RETRY_MODE", "none of them"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("http_proxy", "http://127.0.0.1:9"),
        ("INVOICES_DIR", "invoices"),
    ];
    let server = home.serve_with(&["--memory", "--worker", "./worker", "--workers", "1"], &shell);
    let order = home.file("one.ndjson", r#"{"customer":"Ada","lines":[{"article":"Lamp","quantity":1,"price_cents":1}]}"#);
    let submitted = server.run(&home, &["submit", &order, "--processor", "invoices"]);
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
}

/// After a build has replaced the file, the new program processes the next batch.
#[test]
fn a_new_program_takes_the_place_of_the_old_one() {
    let home = Home::new();
    let (worker, _) = place(&home);
    let server = serve(&home, &worker);
    let known = || server.json(&home, &["processors"])["processors"][0]["name"] == "invoices";
    eventually("a worker", || known().then_some(()));
    let before = server.serving.children();
    fs::copy(beside_binary("own-worker"), home.path().join("built")).unwrap();
    fs::rename(home.path().join("built"), home.path().join("worker")).unwrap();
    said(&server, "has changed");
    let order = home.file("one.ndjson", r#"{"customer":"Ada","lines":[{"article":"Lamp","quantity":1,"price_cents":1}]}"#);
    assert_eq!(server.run(&home, &["submit", &order, "--processor", "invoices"]).code, Some(0));
    assert!(server.serving.children().iter().any(|pid| !before.contains(pid)));
}

/// Bug found: a program that never asked for work was there in silence, also once it had been built anew.
#[test]
fn a_program_that_hangs_at_its_start_is_reported_and_replaced() {
    let home = Home::new();
    let (worker, _) = place(&home);
    fs::rename(home.path().join("worker"), home.path().join("built")).unwrap();
    fs::write(home.path().join("worker"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(home.path().join("worker"), fs::Permissions::from_mode(0o755)).unwrap();
    let server = serve(&home, &worker);
    said(&server, "has not asked for work");
    fs::rename(home.path().join("built"), home.path().join("worker")).unwrap();
    said(&server, "has changed");
    let order = home.file("one.ndjson", r#"{"customer":"Ada","lines":[{"article":"Lamp","quantity":1,"price_cents":1}]}"#);
    eventually("a worker", || (server.run(&home, &["submit", &order, "--processor", "invoices"]).code == Some(0)).then_some(()));
}

/// There is a message that says what to do, and no panic.
#[test]
fn a_program_that_is_not_a_worker_is_reported() {
    let home = Home::new();
    place(&home);
    let server = serve(&home, "true");
    said(&server, "ended before it asked for work");
    drop(server);
    let server = serve(&home, "./not-there");
    said(&server, "cannot be run");
    drop(server);
    let empty = run(home.command(&["serve", "--memory", "--worker", " "]), "");
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(empty.stderr.contains("the command is empty"), "{empty:?}");

    let alone = by_hand(&home.path().join("worker"));
    assert_eq!(alone.lines().count(), 1, "{alone}");
    assert!(alone.contains("headway serve --worker"), "{alone}");
}

/// What the worker prints if it is started without Lambda.
fn by_hand(worker: &Path) -> String {
    let output = Command::new(worker).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}
