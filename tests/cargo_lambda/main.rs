//! The three functions under `cargo lambda watch`, as a developer without an AWS account runs them: called over HTTP
//! and by `cargo lambda invoke`, in three processes, on the same data.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod api;
mod events;
mod past;
mod watch;

use headway_core::JobId;
use headway_embedded::Hosted;
use serde_json::{Value, json};

use crate::api::Api;
use crate::watch::Watch;

/// Three chunks of at most three items; one item of the second chunk fails.
fn airports() -> Value {
    let codes = ["ZRH", "GVA", "BSL", "BRN", "LUGANO", "SIR", "ACH"];
    let items: Vec<Value> = codes.iter().map(|iata| json!({"iata": iata})).collect();
    let schema = json!({"type": "object", "properties": {"iata": {"type": "string", "maxLength": 3}}});
    json!({"processor": "json-schema", "params": {"schema": schema}, "items": items, "chunkSize": 3, "toleratedFailures": {"count": 1}})
}

#[tokio::test]
async fn three_processes_work_on_the_same_data() {
    let place = tempfile::tempdir().unwrap();
    let (data, state) = (place.path().join("data"), place.path().join("state"));
    // While the test holds the pump's lock, the api function does not run jobs, so the test invokes the worker.
    let hosted = Hosted::open(Some(data.clone())).await.unwrap();
    let hold = hosted.embedded.take_over().await.unwrap().unwrap();
    let long_ended = past::ended_job(&hosted.app).await;

    let watch = Watch::start(&data, &state);
    let api = Api::ready(watch.port, &state).await;
    let job = api.start("/v1/jobs", &airports()).await;
    assert_eq!(api.counts(&job).await, ("Pending".to_owned(), [0, 0, 7]));

    invoked_by_hand(&watch, &api, &job).await;
    let swept = watch.invoke("cleanup", events::SCHEDULE);
    assert_eq!([&swept["deleted"], &swept["lookedAt"]], [1, 0], "{swept}");
    assert!(is_gone(&hosted, long_ended).await, "{long_ended} is long past its retention");

    drop(hold);
    worked_off_by_the_api(&watch, &api, &job).await;
    watch.stop();
    assert!(hosted.embedded.take_over().await.unwrap().is_some(), "the api function holds the data no more");
}

/// The worker function settles each message once, drops those of a job that does not exist, and reports foreign ones.
async fn invoked_by_hand(watch: &Watch, api: &Api, job: &str) {
    let chunk = events::chunk(job, 1, 3, &airports()["items"].as_array().unwrap()[3..6]);
    for delivery in 1..=2 {
        assert_eq!(watch.invoke("worker", &chunk), json!({"batchItemFailures": []}));
        assert_eq!(api.counts(job).await, ("Processing".to_owned(), [2, 1, 4]), "after delivery {delivery}");
    }
    let failures = api.get(&format!("/v1/jobs/{job}/failures")).await;
    assert_eq!(failures["failures"][0]["index"], 4, "{failures}");
    assert_eq!(failures["failures"][0]["code"], "/iata maxLength");

    assert_eq!(watch.invoke("worker", events::SQS_CHUNK), json!({"batchItemFailures": []}));
    let foreign = events::foreign("hello", "b2");
    assert_eq!(watch.invoke("worker", foreign), json!({"batchItemFailures": [{"itemIdentifier": "b2"}]}));
}

/// Once the lock is free, the api function runs the remaining and new chunks. A late duplicate changes nothing.
async fn worked_off_by_the_api(watch: &Watch, api: &Api, job: &str) {
    let other = api.start("/lambda-url/api/v1/jobs", &airports()).await;
    for id in [job, &other] {
        api.until_ended(id).await;
        assert_eq!(api.counts(id).await, ("Completed".to_owned(), [6, 1, 0]));
    }
    let results = api.get(&format!("/lambda-url/api/v1/jobs/{other}/results")).await;
    let indexes: Vec<_> = results["results"].as_array().unwrap().iter().map(|result| result["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 5, 6]);

    let ended = api.get(&format!("/v1/jobs/{job}")).await;
    let late = events::chunk(job, 0, 0, &airports()["items"].as_array().unwrap()[..3]);
    assert_eq!(watch.invoke("worker", late), json!({"batchItemFailures": []}));
    assert_eq!(api.get(&format!("/v1/jobs/{job}")).await, ended);
}

async fn is_gone(hosted: &Hosted, job: JobId) -> bool {
    hosted.app.ledger.job(job).await.unwrap().is_none()
}
