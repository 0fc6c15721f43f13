//! The endpoint of the `http` processor. It outlives every server, so it knows which items were really processed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

/// How many items a chunk of its jobs has.
pub(crate) const CHUNK: u64 = 25;

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
        let router = Router::new().route("/", post(answer)).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        endpoint
    }

    /// As the value of `HEADWAY_HTTP_ENDPOINTS`.
    pub(crate) fn configuration(&self) -> String {
        let url = format!("http://127.0.0.1:{}/", self.port);
        serde_json::json!({"test": {"url": url, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "allowPrivate": true}}).to_string()
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

    pub(crate) fn tally(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let items: usize = seen.calls.values().map(BTreeMap::len).sum();
        let calls: u64 = seen.calls.values().flat_map(BTreeMap::values).sum();
        format!("{calls} calls of the endpoint for {items} items")
    }
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
