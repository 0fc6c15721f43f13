//! A part of an open job: lines of JSON, plain or, after an odd first byte, as gzip. What is taken is counted.

#![no_main]

use headway_fuzz::Service;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((way, lines)) = data.split_first() else { return };
    let service = Service::new();
    let open = br#"{"processor":"echo","sealed":false,"idField":null}"#;
    let (_, job) = service.ask("POST", "/v1/jobs", &[("content-type", "application/json")], open).expect("a job");
    let job: Value = serde_json::from_slice(&job).expect("a job");
    let path = format!("/v1/jobs/{}/parts/0?firstIndex=0", job["id"].as_str().expect("an id"));
    let encoding = if way % 2 == 1 { "gzip" } else { "identity" };
    let headers = [("content-type", "application/x-ndjson"), ("content-encoding", encoding)];
    let Some((status, part)) = service.ask("PUT", &path, &headers, lines) else { return };
    if status == 201 && encoding == "identity" {
        let blank = |line: &&[u8]| !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        let part: Value = serde_json::from_slice(&part).expect("a part");
        assert_eq!(part["totalItems"], lines.split(|byte| *byte == b'\n').filter(blank).count());
    }
});
