//! `serve` refuses what it cannot do well, and says what to do instead.

use std::net::TcpListener;

use headway_testkit::home::{Home, run};

/// Runs serve with these arguments, which it refuses. Returns what it says.
fn refused(home: &Home, words: &[&str]) -> String {
    refused_with(home, words, &[])
}

fn refused_with(home: &Home, words: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = home.command(&[&["serve"], words].concat());
    command.envs(variables.iter().copied());
    let ended = run(command, "");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{words:?}: {ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "one line, no backtrace: {}", ended.stderr);
    ended.stderr
}

/// Two servers on one directory would each take the messages that the other is processing.
#[test]
fn a_second_server_on_the_same_data() {
    let home = Home::new();
    let first = home.serve(&["--data", "data"]);
    let says = refused(&home, &["--data", "data", "--listen", "127.0.0.1:0"]);
    assert!(says.contains("another process") && says.contains("--data"), "{says}");
    drop(first);
    drop(home.serve(&["--data", "data"]));
}

#[test]
fn a_port_in_use() {
    let (home, taken) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let says = refused(&home, &["--memory", "--listen", &address]);
    assert!(says.contains(&address) && says.contains("in use") && says.contains("--listen"), "{says}");
}

/// The development key would give access to everybody who can read one file here.
#[test]
fn an_address_others_can_reach_without_their_keys() {
    let says = refused(&Home::new(), &["--memory", "--listen", "0.0.0.0:0"]);
    assert!(says.contains("0.0.0.0:0") && says.contains("HEADWAY_AUTH=jwks"), "{says}");
}

#[test]
fn a_path_that_is_not_a_directory() {
    let home = Home::new();
    let file = home.file("data", "a file");
    let says = refused(&home, &["--data", &file, "--listen", "127.0.0.1:0"]);
    assert!(says.contains("data directory") && says.contains("choose another"), "{says}");
}

/// Bug found: it started, and each job's end was a warning in the log.
#[test]
fn an_event_log_that_cannot_be_written() {
    for path in ["missing/events.ndjson", "/dev/full", "-"] {
        let says = refused(&Home::new(), &["--memory", "--listen", "127.0.0.1:0", "--event-log", path]);
        assert!(says.contains(&format!("{path} cannot be written: choose another file with --event-log")), "{says}");
    }
}

/// Bug found: the server started without a word, and did not know the processors that were described.
#[test]
fn descriptions_of_processors_that_cannot_be_used() {
    let home = Home::new();
    let memory = ["--memory", "--listen", "127.0.0.1:0"];
    for words in [memory.to_vec(), [&memory[..], &["--worker", "./worker"]].concat()] {
        for (list, fault) in [("{", "is not a list of processors"), (r#"[{"name":"mine","batch":0}]"#, "batch is 0: use 1 to 250")] {
            let says = refused_with(&home, &words, &[("HEADWAY_PROCESSORS", list)]);
            assert!(says.contains("HEADWAY_PROCESSORS") && says.contains(fault), "{words:?}: {says}");
        }
    }
}
