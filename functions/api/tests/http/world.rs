//! A whole service in memory: the router, a worker that runs when a test says so, and a clock that the test controls.

#[path = "described_answer.rs"]
mod described_answer;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use chrono::TimeDelta;
use headway_api::auth::Authenticator;
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::cors::Origins;
use headway_api::{AppState, router};
use headway_core::ledger::memory::MemoryLedger;
use headway_core::queue::memory::MemoryQueue;
use headway_core::quota::Quotas;
use headway_core::work::Worker;
use headway_core::{App, ChunkQueue, Clock as _, Processors};
pub(crate) use headway_testkit::Answer;
use headway_testkit::messages::{delivery, invocation};
use headway_testkit::{Echo, HeldClock};
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use self::described_answer::assert_is_described;

pub(crate) const KEY: DevelopmentKey = DevelopmentKey::new([7; 32]);

fn echo() -> Processors {
    Processors::new().with("echo", Echo)
}

pub(crate) struct World {
    pub(crate) clock: Arc<HeldClock>,
    pub(crate) app: App,
    queue: Arc<MemoryQueue>,
    router: Router,
    worker: Worker,
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
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = Answer::of(&self.router, request).await;
        assert_is_described(&method, &path, &answer);
        answer
    }

    /// A request of `user`, without a body so far.
    pub(crate) fn request(&self, user: &str, method: &str, path: &str) -> Builder {
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token(user, &[])))
    }

    /// The answer as it is sent, which need not be text.
    pub(crate) async fn send_raw(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
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
        let batch = bodies.into_iter().map(|body| delivery(Uuid::new_v4(), body)).collect();
        let worked = self.worker.work(batch, invocation(Duration::from_secs(900))).await;
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
