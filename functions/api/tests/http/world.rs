//! A whole service in memory: the router, a worker that runs when a test says so, and a clock that the test controls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use chrono::{DateTime, TimeDelta, Utc};
use headway_api::auth::Authenticator;
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::cors::Origins;
use headway_api::{AppState, router};
use headway_core::ledger::memory::MemoryLedger;
use headway_core::queue::memory::MemoryQueue;
use headway_core::quota::Quotas;
use headway_core::work::{Delivery, Invocation, Worker};
use headway_core::{App, ChunkQueue, Clock, Item, ItemError, ItemProcessor, Output, Processors};
use http::request::Builder;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const KEY: DevelopmentKey = DevelopmentKey::new([7; 32]);

/// Returns each item as its output. An item with a member `fail` fails with that text, under its `code` or `asked`.
struct Echo;

#[async_trait]
impl ItemProcessor for Echo {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let value: Value = item.parse()?;
        let text = |name| value.get(name).and_then(Value::as_str);
        match text("fail") {
            Some(message) => Err(ItemError::permanent(text("code").unwrap_or("asked"), message)),
            None => Ok(Output::Json(item.value)),
        }
    }
}

fn echo() -> Processors {
    Processors::new().with("echo", Echo)
}

/// A clock that only a test moves. Ids are random.
#[derive(Debug)]
pub(crate) struct HeldClock(Mutex<DateTime<Utc>>);

impl HeldClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-24T08:00:00Z".parse().unwrap())))
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.now().timestamp()
    }
}

impl Clock for HeldClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<HeldClock>,
    pub(crate) app: App,
    queue: Arc<MemoryQueue>,
    router: Router,
    worker: Worker,
}

/// An answer, read completely.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|auth| auth)
    }

    /// With other rules for tokens.
    pub(crate) fn with(change: impl FnOnce(Authenticator) -> Authenticator) -> Self {
        let queue = Arc::new(MemoryQueue::default());
        Self::over(queue.clone(), queue, Quotas::default(), echo(), change)
    }

    /// With these processors, on a running clock, since they work in other processes.
    pub(crate) fn processing(processors: Processors) -> Self {
        headway_api::use_program(env!("CARGO_BIN_EXE_api"));
        let queue = Arc::new(MemoryQueue::default());
        Self::over(queue.clone(), queue, Quotas::default(), processors, |auth| auth)
    }

    /// With other quotas.
    pub(crate) fn with_quotas(quotas: Quotas) -> Self {
        let queue = Arc::new(MemoryQueue::default());
        Self::over(queue.clone(), queue, quotas, echo(), |auth| auth)
    }

    /// With another queue to send to.
    pub(crate) fn sending_to(sender: impl ChunkQueue + 'static) -> Self {
        Self::over(Arc::new(sender), Arc::default(), Quotas::default(), echo(), |auth| auth)
    }

    fn over(
        sender: Arc<dyn ChunkQueue>,
        queue: Arc<MemoryQueue>,
        quotas: Quotas,
        processors: Processors,
        change: impl FnOnce(Authenticator) -> Authenticator,
    ) -> Self {
        let clock = HeldClock::new();
        let app = App::new(Arc::new(MemoryLedger::default()), sender, clock.clone());
        let app = app.with_processors(processors.infos()).with_quotas(quotas);
        let auth = change(Authenticator::hs256(KEY, clock.clone()));
        let origins = Origins::parse("https://app.example").unwrap();
        let worker = Worker::new(app.clone(), processors);
        let state = AppState::new(app.clone(), auth).with_origins(origins);
        Self { clock, app, router: router(Arc::new(state)), worker, queue }
    }

    pub(crate) fn token(&self, user: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        KEY.token(user, &scopes, self.clock.now(), TimeDelta::hours(48)).unwrap().text
    }

    pub(crate) async fn send<B>(&self, request: Request<B>) -> Answer
    where
        B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// A request of `user`, without a body so far.
    pub(crate) fn request(&self, user: &str, method: &str, path: &str) -> Builder {
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token(user, &[])))
    }

    pub(crate) async fn call(&self, user: &str, method: &str, path: &str) -> Answer {
        self.send(self.request(user, method, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("ann", "GET", path).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = self.request("ann", "POST", path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn put_part(&self, job: &str, number: u32, first_index: u64, lines: &str) -> Answer {
        let path = format!("/v1/jobs/{job}/parts/{number}?firstIndex={first_index}");
        let request = self.request("ann", "PUT", &path).header("content-type", "application/x-ndjson");
        self.send(request.body(Body::from(lines.to_owned())).unwrap()).await
    }

    /// Starts a job of Ann's with these items and returns its id.
    pub(crate) async fn start(&self, items: Value) -> String {
        self.start_with(json!({ "items": items })).await
    }

    /// Starts a job of Ann's with these members besides the processor and returns its id.
    pub(crate) async fn start_with(&self, mut members: Value) -> String {
        members["processor"] = "echo".into();
        let answer = self.post("/v1/jobs", members.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Takes all messages from the queue.
    pub(crate) fn take(&self) -> Vec<String> {
        self.queue.take().into_iter().map(|(_, message)| message.body).collect()
    }

    /// Runs the worker on these messages.
    pub(crate) async fn deliver(&self, bodies: Vec<String>) {
        let delivery = |body| Delivery { message_id: Uuid::new_v4().to_string(), body, receive_count: 1, dead_letter: false };
        let began = Instant::now();
        let invocation = Invocation { began, deadline: began + Duration::from_secs(900) };
        let worked = self.worker.work(bodies.into_iter().map(delivery).collect(), invocation).await;
        assert!(worked.undone.is_empty());
    }

    /// Runs the worker until the queue is empty.
    pub(crate) async fn work(&self) {
        loop {
            let bodies = self.take();
            if bodies.is_empty() {
                return;
            }
            self.deliver(bodies).await;
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The last word of a problem's type. Panics if the answer is not a problem.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.body);
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        document["type"].as_str().unwrap().strip_prefix("urn:headway:problem:").unwrap().to_owned()
    }

    /// The query of the `Link` to the next page.
    pub(crate) fn next_query(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        Some(link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned())
    }
}
