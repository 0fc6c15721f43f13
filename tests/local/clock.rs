//! The machine's clock is set back, and forward again, between two starts of the server.

use serde_json::Value;

use crate::preload::preload;
use crate::{any_schema, counts, submit};
use headway_testkit::home::Home;
use headway_testkit::server::eventually;

const ITEMS: u64 = 20_000;
/// How many jobs may end before the kill.
const TRIES_MAX: usize = 20;
/// Longer than any visibility timeout, lease or token.
const BACK_SECONDS: &str = "86400";

/// Bugs found: messages stayed invisible until the clock had caught up; a lease or a rate was computed from the time of
/// day.
#[test]
fn set_back_by_a_day_it_continues_at_once_with_exact_counts() {
    let text = |job: &Value, name: &str| job[name].as_str().unwrap().to_owned();
    let home = Home::new();
    let library = preload(&home, "clock.c");
    let back = [("LD_PRELOAD", library.as_str()), ("CLOCK_BACK_SECONDS", BACK_SECONDS)];
    let (schema, file) = (any_schema(&home), home.file("items.ndjson", (0..ITEMS).map(|n| format!("{n}\n")).collect::<String>()));
    let caught = (0..TRIES_MAX).find_map(|_| {
        let mut server = home.serve(&["--data", "data"]);
        let job = server.json(&home, &submit(&file, &schema, &["--chunk-size", "20", "--detach"]));
        let id = text(&job, "id");
        eventually("some of it is done", || (counts(&server.json(&home, &["status", &id]))[1] > 0).then_some(()));
        server.serving.kill();
        let server = home.serve_with(&["--data", "data"], &back);
        let now = server.json(&home, &["status", &id]);
        assert!(now["itemsPerSecond"].as_f64().is_none_or(|rate| rate >= 0.0), "{now}");
        // If one had ended before the kill, because this test was slow, another one follows.
        let caught = now["completedAt"].is_null() || text(&now, "completedAt") < text(&now, "createdAt");
        caught.then_some((server, id))
    });
    let (server, id) = caught.unwrap_or_else(|| panic!("{TRIES_MAX} jobs had ended before they were looked at"));
    let id = id.as_str();
    assert_eq!(server.run(&home, &["watch", id, "--timeout", "20m"]).code, Some(0));
    let job = server.json(&home, &["status", id]);
    assert_eq!(counts(&job), [ITEMS, ITEMS, 0, 0], "{job}");
    assert!(text(&job, "completedAt") < text(&job, "createdAt"), "the clock was not set back: {job}");
    assert!(server.serving.terminate().0.success());

    let server = home.serve(&["--data", "data"]);
    assert_eq!(counts(&server.json(&home, &["status", id])), [ITEMS, ITEMS, 0, 0], "forward again, it is there as it was");
    assert_eq!(counts(&server.json(&home, &submit(&file, &schema, &[]))), [ITEMS, ITEMS, 0, 0]);
}
