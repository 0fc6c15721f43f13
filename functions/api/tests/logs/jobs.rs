//! What operators read in the logs: a job can be followed by its id through the log lines of all three functions.

use std::io;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use headway_aws::telemetry;
use headway_core::sweep::sweep;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;

use crate::world::World;

/// Lines that were logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Captures what this thread logs while the guard is held.
    fn listen() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let guard = tracing::subscriber::set_default(telemetry::lines(EnvFilter::new("info"), move || writer.clone()));
        (lines, guard)
    }

    /// The messages of the lines about this job since the last call. Checks that every line is JSON.
    fn about(&self, job: &str) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = String::from_utf8(bytes).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let about = lines.iter().filter(|line| line["job_id"] == job);
        about.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_followed_by_its_id_through_all_three_functions() {
    let (lines, _here) = Lines::listen();
    let world = World::new();

    let id = world.start_with(json!({"items": [1, {"fail": "no"}], "chunkSize": 1, "toleratedFailures": {"count": 1}})).await;
    assert_eq!(lines.about(&id), ["request"], "the call that started it");
    let messages = world.take();
    world.deliver(messages.clone()).await;
    assert_eq!(lines.about(&id), ["settled a chunk"; 2]);
    world.deliver(messages).await;
    assert_eq!(lines.about(&id), ["a chunk came that was settled before"; 2]);
    for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/failures"), format!("/embed/v1/jobs/{id}")] {
        world.get(&path).await;
        assert_eq!(lines.about(&id), ["request"], "{path}");
    }
    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), "").await.status, 202);
    world.work().await;
    assert_eq!(lines.about(&id), ["request", "revived a part", "settled a chunk"]);
    world.clock.pass(TimeDelta::days(31));
    sweep(&world.app).await.unwrap();
    assert_eq!(lines.about(&id), ["deleted a job"]);
}

/// A chunk that is not run is logged too, and so are the sweep's repairs.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_not_run_is_logged() {
    let (lines, _here) = Lines::listen();
    let world = World::new();

    let id = world.start(json!([1])).await;
    world.call("ann", "POST", &format!("/v1/jobs/{id}/pause")).await;
    let _ = lines.about(&id);
    world.work().await;
    assert_eq!(lines.about(&id), ["parked a chunk: its job is held"]);
    world.clock.pass(TimeDelta::days(15));
    sweep(&world.app).await.unwrap();
    assert_eq!(lines.about(&id), ["repaired a job"], "it was paused for too long");

    let id = world.start(json!([1])).await;
    world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    let _ = lines.about(&id);
    world.work().await;
    assert_eq!(lines.about(&id), ["dropped a chunk: its job was cancelled or deleted"]);
}

/// Who acted for whom can be found out later: the line has the id of the request's own line.
#[tokio::test]
async fn a_call_for_another_owner_names_both() {
    let (lines, _here) = Lines::listen();
    let world = World::new();
    let token = world.token("backend", &["jobs:delegate"]);
    let request = http::Request::get("/v1/jobs").header("authorization", format!("Bearer {token}")).header("headway-owner", "ann");
    assert_eq!(world.send(request.body(axum::body::Body::empty()).unwrap()).await.status, 200);
    let text = String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
    let [audit, request]: [Value; 2] = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(
        [&audit["message"], &audit["caller"], &audit["owner"], &audit["method"], &audit["route"]],
        ["called for another owner", "backend", "ann", "GET", "/v1/jobs"]
    );
    assert_eq!(audit["request_id"], request["request_id"]);
    assert_eq!(request["message"], "request");
}
