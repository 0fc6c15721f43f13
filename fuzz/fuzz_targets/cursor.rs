//! Paths and queries of lists: page tokens, sizes, formats. Nothing is a fault, and no token that was made up is taken.

#![no_main]

use headway_fuzz::Service;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let Some((list, query)) = data.split_once('\n') else { return };
    let service = Service::new();
    let body = br#"{"processor":"echo","items":[1,2,3],"chunkSize":1}"#;
    let (_, job) = service.ask("POST", "/v1/jobs", &[("content-type", "application/json")], body).expect("a job");
    let job: serde_json::Value = serde_json::from_slice(&job).expect("a job");
    let id = job["id"].as_str().expect("an id");
    let list = match list {
        "0" => "/v1/jobs".to_owned(),
        "1" => format!("/v1/jobs/{id}/parts"),
        "2" => format!("/v1/jobs/{id}/failures"),
        "3" => format!("/v1/jobs/{id}/results"),
        "4" => format!("/v1/jobs/{id}/failures/groups"),
        path => path.replace("{id}", id),
    };
    let Some((status, _)) = service.ask("GET", &format!("{list}?{query}"), &[], b"") else { return };
    let token = query.split('&').any(|pair| pair.strip_prefix("pageToken=").is_some_and(|token| !token.is_empty()));
    if token && !list.contains('?') && !query.contains('#') && matches!(list.rsplit('/').next(), Some("jobs" | "parts" | "failures" | "results")) {
        assert_ne!(status, 200, "a made-up token was taken: {list}?{query}");
    }
});
