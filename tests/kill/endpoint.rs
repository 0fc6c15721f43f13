//! The endpoint of the `http` processor. It outlives every server, so it knows which items were really processed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// How many items a chunk of its jobs has.
pub(crate) const CHUNK: u64 = 25;
/// How long a notice of an end takes.
const NOTICE_TAKES: Duration = Duration::from_millis(40);

/// What the endpoint has seen.
#[derive(Clone, Default)]
pub(crate) struct Endpoint {
    seen: Arc<Mutex<Seen>>,
    port: u16,
}

#[derive(Default)]
struct Seen {
    /// Calls by job and index.
    calls: BTreeMap<String, BTreeMap<u64, u64>>,
    cancelled: BTreeSet<String>,
    /// Calls for jobs whose cancel had been answered.
    late: Vec<(String, u64)>,
    /// Notices of ends by their ids: how many came, and what they said.
    told: BTreeMap<String, (u64, Value)>,
    deleted: BTreeSet<String>,
    told_wrongly: Vec<String>,
}

/// True if the item with this index fails for good.
pub(crate) fn is_bad(index: u64) -> bool {
    index % 41 == 7
}

/// True if it has an output. Some chunks have none at all and settle in one write.
pub(crate) fn has_output(index: u64) -> bool {
    !is_bad(index) && index / CHUNK % 2 == 1
}

impl Endpoint {
    pub(crate) async fn start() -> Endpoint {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint { seen: Arc::default(), port: listener.local_addr().unwrap().port() };
        let router = Router::new().route("/", post(answer)).route("/hooks", post(notice)).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        endpoint
    }

    /// As the value of `HEADWAY_HTTP_ENDPOINTS`.
    pub(crate) fn configuration(&self) -> String {
        let at = |path: &str| {
            let url = format!("http://127.0.0.1:{}/{path}", self.port);
            json!({"url": url, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "allowPrivate": true})
        };
        json!({"test": at(""), "told": at("hooks")}).to_string()
    }

    /// From now on no item of this job may begin.
    pub(crate) fn cancelled(&self, job: &str) {
        self.seen.lock().unwrap().cancelled.insert(job.to_owned());
    }

    /// The items of a job for which it was called.
    pub(crate) fn called(&self, job: &str) -> BTreeSet<u64> {
        self.seen.lock().unwrap().calls.get(job).map(|calls| calls.keys().copied().collect()).unwrap_or_default()
    }

    /// Calls for items of jobs whose cancel had been answered.
    pub(crate) fn late(&self) -> Vec<(String, u64)> {
        self.seen.lock().unwrap().late.clone()
    }

    /// From now on nothing may be told of this job.
    pub(crate) fn deleted(&self, job: &str) {
        self.seen.lock().unwrap().deleted.insert(job.to_owned());
    }

    /// How many notices with this id came.
    pub(crate) fn told(&self, id: &str) -> u64 {
        self.seen.lock().unwrap().told.get(id).map_or(0, |(count, _)| *count)
    }

    /// Notices of jobs that had been deleted or had not ended, or that told the same end otherwise than before.
    pub(crate) fn told_wrongly(&self) -> Vec<String> {
        self.seen.lock().unwrap().told_wrongly.clone()
    }

    /// How many notices came, and of how many ends.
    pub(crate) fn notices(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let all: u64 = seen.told.values().map(|(count, _)| count).sum();
        format!("{all} notices of {} ends", seen.told.len())
    }

    pub(crate) fn tally(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let items: usize = seen.calls.values().map(BTreeMap::len).sum();
        let calls: u64 = seen.calls.values().flat_map(BTreeMap::values).sum();
        format!("{calls} calls of the endpoint for {items} items")
    }
}

/// A notice takes a moment to be accepted, so that some servers are killed while they wait for the answer.
async fn notice(State(endpoint): State<Endpoint>, headers: HeaderMap, Json(body): Json<Value>) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let (job, end) = (&body["data"], json!([body["type"], body["timestamp"], body["data"]["round"]]));
    {
        let mut seen = endpoint.seen.lock().unwrap();
        let known = seen.told.entry(id.clone()).or_insert_with(|| (0, end.clone()));
        known.0 += 1;
        let same = known.1 == end && id == format!("{}_{}", job["id"].as_str().unwrap_or_default(), job["round"]);
        let ended = matches!(job["status"].as_str(), Some("Completed" | "Failed"));
        let deleted = seen.deleted.contains(job["id"].as_str().unwrap_or_default());
        if !same || !ended || deleted {
            seen.told_wrongly.push(format!("{id}: {body}"));
        }
    }
    tokio::time::sleep(NOTICE_TAKES).await;
    StatusCode::NO_CONTENT
}

async fn answer(State(endpoint): State<Endpoint>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (job, index) = (text("headway-job"), text("headway-index").parse().unwrap());
    {
        let mut seen = endpoint.seen.lock().unwrap();
        if seen.cancelled.contains(&job) {
            seen.late.push((job.clone(), index));
        }
        *seen.calls.entry(job).or_default().entry(index).or_default() += 1;
    }
    if is_bad(index) {
        (StatusCode::UNPROCESSABLE_ENTITY, "not wanted").into_response()
    } else if has_output(index) {
        ([(CONTENT_TYPE, "application/json")], format!("{{\"index\":{index}}}")).into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    }
}
