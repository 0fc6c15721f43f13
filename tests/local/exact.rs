//! Whatever is submitted is counted exactly, in every format, in memory and on disk, delivered once or twice.

use crate::{PLANES, PLANES_WITHOUT_YEAR, any_schema, counts, planes_schema, submit, submit_and_count};
use headway_testkit::home::{Home, example, run};

const PLANES_COUNTED: [u64; 4] = [PLANES, PLANES - PLANES_WITHOUT_YEAR, PLANES_WITHOUT_YEAR, 0];

#[test]
fn a_csv_of_real_rows_ends_exactly_in_memory_and_on_disk() {
    let (home, planes, schema) = (Home::new(), example("planes.csv"), planes_schema());
    for place in [&["--memory"][..], &["--data", "data"]] {
        let server = home.serve(place);
        assert_eq!(submit_and_count(&home, &server, &submit(&planes, &schema, &["--tolerate", "70"])), PLANES_COUNTED, "{place:?}");
    }
    assert!(home.path().join("data/table.db").is_file(), "--data is where the data lies");
}

/// A count that adds up deliveries, instead of reading registers, would be larger than the number of items.
#[test]
fn every_message_twice_changes_no_count() {
    let (home, planes, schema) = (Home::new(), example("planes.csv"), planes_schema());
    let server = home.serve_with(&["--data", "data"], &[("HEADWAY_DUPLICATE_EVERY_MESSAGE", "1")]);
    let words = submit(&planes, &schema, &["--tolerate", "70", "--chunk-size", "20"]);
    for _ in 0..2 {
        assert_eq!(submit_and_count(&home, &server, &words), PLANES_COUNTED);
    }
}

#[test]
fn ndjson_and_an_array_return_the_same_items() {
    let home = Home::new();
    let (server, schema) = (home.serve(&["--memory"]), any_schema(&home));
    let items: Vec<String> = (0..1_000).map(|n| format!("{{\"n\":{n}.00000000000000000{n},\"text\":\"{n}\\u2028\"}}")).collect();
    for (name, text) in [("a.ndjson", items.join("\r\n\n")), ("a.json", format!(" [{}]\n", items.join(",\n")))] {
        let file = home.file(name, text);
        let job = server.json(&home, &submit(&file, &schema, &[]));
        assert_eq!(counts(&job), [1_000, 1_000, 0, 0], "{name}");
        let results = server.run(&home, &["results", job["id"].as_str().unwrap(), "--format", "ndjson"]).stdout;
        assert!(results.lines().zip(&items).all(|(line, item)| line.contains(&format!("\"output\":{item}"))), "{name}: byte for byte");
    }
}

#[test]
fn no_items_and_one_item_complete() {
    let home = Home::new();
    let (server, schema) = (home.serve(&["--data", "data"]), any_schema(&home));
    for (name, text, items) in
        [("none.csv", "a,b\n", 0), ("none.ndjson", "\n", 0), ("none.json", "[]", 0), ("one.csv", "a\n1\n", 1), ("one.json", "[null]", 1)]
    {
        let file = home.file(name, text);
        let job = server.json(&home, &submit(&file, &schema, &[]));
        assert_eq!((job["status"].as_str(), counts(&job)), (Some("Completed"), [items, items, 0, 0]), "{name}");
        assert_eq!(job["progressPercentage"], 100.0, "{name}");
    }
}

#[test]
fn the_same_key_gives_the_same_job() {
    let (home, planes, schema) = (Home::new(), example("planes.csv"), planes_schema());
    let server = home.serve(&["--data", "data"]);
    let words = submit(&planes, &schema, &["--tolerate", "70", "--idempotency-key", "planes-2026"]);
    let (first, again) = (server.json(&home, &words), server.json(&home, &words));
    assert_eq!(first, again);
    let other = home.file("other.json", r#"{"schema": {"type": "object"}}"#);
    let refused = server.run(&home, &submit(&planes, &other, &["--tolerate", "70", "--idempotency-key", "planes-2026"]));
    assert_eq!(refused.code, Some(1), "another job under the same key: {refused:?}");
    assert_eq!(server.json(&home, &["list"])["jobs"].as_array().unwrap().len(), 1);
}

/// Stdin cannot be read twice, so its parts are cut while it is read.
#[test]
fn items_from_stdin_are_counted_the_same() {
    let (home, schema) = (Home::new(), planes_schema());
    let server = home.serve(&["--memory"]);
    let rows = std::fs::read_to_string(example("planes.csv")).unwrap();
    let ended = run(server.client(&home, &submit("-", &schema, &["--format", "csv", "--tolerate", "3%", "--json"])), &rows);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(counts(&serde_json::from_str(&ended.stdout).unwrap()), PLANES_COUNTED);
}
