//! The body that starts a job: taken or refused; what is taken has as many items as any other reader sees in it.

#![no_main]

use headway_fuzz::Service;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let service = Service::new();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let Some((status, answer)) = service.ask("POST", "/v1/jobs", &headers, body) else { return };
    let again = service.ask("POST", "/v1/jobs", &headers, body).map(|(status, _)| status);
    assert_eq!(again, Some(status), "the same request again has the same answer");
    if status == 202 {
        let sent: Value = serde_json::from_slice(body).expect("what is taken is JSON");
        let job: Value = serde_json::from_slice(&answer).expect("a job");
        let items = sent["items"].as_array().map_or(0, Vec::len);
        assert_eq!(job["totalItems"], items, "{job}");
    }
});
