//! When told to stop, `serve` finishes what is running, and continues with the rest when it is started again.

use crate::{PLANES, PLANES_WITHOUT_YEAR, counts, planes_schema, submit};
use headway_local::interrupt::is_hang_up_ignored;
use headway_testkit::home::{Home, example};

#[test]
fn sigterm_in_the_middle_of_a_job_loses_nothing() {
    let (home, planes, schema) = (Home::new(), example("planes.csv"), planes_schema());
    let server = home.serve(&["--data", "data"]);
    let words = submit(&planes, &schema, &["--tolerate", "70", "--chunk-size", "10", "--detach"]);
    let sent = server.json(&home, &words);
    let (status, said) = server.serving.terminate();
    assert!(status.success(), "{status}: {said:?}");
    assert!(!said.iter().any(|line| line.contains("\"ERROR\"")), "stopping is no error: {said:?}");

    let server = home.serve(&["--data", "data"]);
    let id = sent["id"].as_str().unwrap();
    assert_eq!(server.run(&home, &["watch", id]).code, Some(0));
    let job = server.json(&home, &["status", id]);
    assert_eq!(counts(&job), [PLANES, PLANES - PLANES_WITHOUT_YEAR, PLANES_WITHOUT_YEAR, 0], "{job}");
}

/// In memory nothing outlives the process, and nothing is left on disk. Bug found: SIGHUP, as when a terminal is closed, killed it at
/// once.
#[test]
fn in_memory_it_starts_empty() {
    let home = Home::new();
    // A child inherits that a signal is ignored, as in a test run under `nohup`.
    let signals: &[&str] = if is_hang_up_ignored() { &["TERM"] } else { &["TERM", "HUP"] };
    for signal in signals {
        let server = home.serve(&["--memory"]);
        assert_eq!(server.json(&home, &["list"])["jobs"].as_array().unwrap().len(), 0);
        let file = home.file("one.ndjson", "1\n");
        let schema = crate::any_schema(&home);
        assert_eq!(server.run(&home, &submit(&file, &schema, &[])).code, Some(0));
        let (status, said) = server.serving.stop(signal);
        assert!(status.success(), "SIG{signal}: {status}: {said:?}");
    }
    assert!(!home.path().join("data").exists());
}
