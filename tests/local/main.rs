//! The real binary end to end: `headway serve` with everything in one process, and `headway` as its client.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod clock;
mod connections;
mod correcting;
mod disk;
mod ending;
mod exact;
mod hostile;
mod joining;
mod memory;
mod own_worker;
mod preload;
mod refusing;
mod room_again;
mod sandboxed;
mod stopping;

use std::collections::BTreeSet;

use headway_testkit::home::{Home, example};
use headway_testkit::server::Server;
use serde_json::Value;

/// Rows of `examples/planes.csv`, and how many of them have no year, which the schema requires.
const PLANES: u64 = 3_322;
const PLANES_WITHOUT_YEAR: u64 = 70;

/// `submit` of a file with the schema of planes.
fn submit<'a>(file: &'a str, schema: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["submit", file, "--processor", "json-schema", "--params", schema], more].concat()
}

/// Total, processed, failed and pending.
fn counts(job: &Value) -> [u64; 4] {
    ["totalItems", "processedItems", "failedItems", "pendingItems"].map(|name| job[name].as_u64().unwrap())
}

/// Submits, follows to the end, and compares the lists with the counts.
fn submit_and_count(home: &Home, server: &Server, words: &[&str]) -> [u64; 4] {
    let job = server.json(home, words);
    let id = job["id"].as_str().unwrap();
    let counts = counts(&job);
    let (processed, failed) = (indexes(home, server, "results", id), indexes(home, server, "failures", id));
    assert_eq!([processed.len() as u64, failed.len() as u64], [counts[1], counts[2]], "as many are listed as are counted: {job}");
    assert!(processed.union(&failed).copied().eq(0..counts[1] + counts[2]), "each item is listed once: {job}");
    counts
}

/// The indexes of a job's failures or results.
fn indexes(home: &Home, server: &Server, list: &str, id: &str) -> BTreeSet<u64> {
    let ended = server.run(home, &[list, id, "--format", "ndjson"]);
    let index = |line: &str| serde_json::from_str::<Value>(line).unwrap()["index"].as_u64().unwrap();
    ended.stdout.lines().map(index).collect()
}

/// The schema of planes.
fn planes_schema() -> String {
    example("planes.schema.json")
}

/// A schema that accepts everything, as a file in the home directory.
fn any_schema(home: &Home) -> String {
    home.file("any.json", r#"{"schema": {}}"#)
}
