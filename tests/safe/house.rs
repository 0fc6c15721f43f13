//! The three functions in one process, each with clients of its own that record its calls, on the embedded table and
//! queue.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chrono::TimeDelta;
use headway_api::auth::Authenticator;
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::{AppState, router};
use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_aws::sqs::SqsQueue;
use headway_core::{App, Clock as _, Processors};
use headway_embedded::{Config, Embedded};
use headway_testkit::{Answer, Echo, HeldClock};
use headway_worker::Handler;
use http::Request;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::recorder::Calls;

const KEY: DevelopmentKey = DevelopmentKey::new([7; 32]);
const TABLE: &str = "headway";

pub(crate) struct House {
    pub(crate) clock: Arc<HeldClock>,
    pub(crate) embedded: Embedded,
    pub(crate) api_calls: Calls,
    pub(crate) worker_calls: Calls,
    pub(crate) cleanup_calls: Calls,
    pub(crate) router: Router,
    pub(crate) worker: Handler,
    cleanup: App,
}

impl House {
    pub(crate) async fn new() -> Self {
        let embedded = Embedded::open(Config::memory()).unwrap();
        schema::create_table(&embedded.dynamodb(), TABLE).await.unwrap();
        let clock = HeldClock::new();
        let processors = Processors::new().with("echo", Echo).with("json-schema", headway_worker::processors::JsonSchema::new());
        let [api_calls, worker_calls, cleanup_calls] = [(); 3].map(|()| Calls::default());
        let app = |calls: &Calls| app(&embedded, calls, clock.clone()).with_processors(processors.infos());
        let auth = Authenticator::hs256(KEY, clock.clone());
        let router = router(Arc::new(AppState::new(app(&api_calls), auth)));
        let dead_letters = embedded.dead_letters().arn.clone();
        let worker = Handler::new(app(&worker_calls), processors.clone(), Some(dead_letters));
        let cleanup = app(&cleanup_calls);
        Self { clock, embedded, api_calls, worker_calls, cleanup_calls, router, worker, cleanup }
    }

    pub(crate) fn token(&self, user: &str) -> String {
        // One user is an operator.
        let scopes = if user == "ops" { vec!["jobs:operate".to_owned()] } else { Vec::new() };
        KEY.token(user, &scopes, self.clock.now(), TimeDelta::days(400)).unwrap().text
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(&self.router, request).await
    }

    pub(crate) async fn call(&self, user: &str, method: &str, path: &str, media_type: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", media_type);
        let request = request.header("authorization", format!("Bearer {}", self.token(user)));
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        self.call(user, "GET", path, "", "").await
    }

    pub(crate) async fn post(&self, user: &str, path: &str, body: &Value) -> Answer {
        self.call(user, "POST", path, "application/json", &body.to_string()).await
    }

    /// Starts a job with these members besides the processor.
    pub(crate) async fn start(&self, user: &str, mut members: Value) -> Answer {
        members["processor"] = "echo".into();
        self.post(user, "/v1/jobs", &members).await
    }

    /// Delivers a batch to the worker as the event source mapping would. Returns the messages to be delivered again.
    pub(crate) async fn deliver(&self, source_arn: &str, messages: &[(&str, &str)]) -> Vec<String> {
        let record = |(id, body): &(&str, &str)| {
            json!({"messageId": id, "receiptHandle": id, "body": body, "eventSource": "aws:sqs", "eventSourceARN": source_arn,
                "awsRegion": "us-east-1", "md5OfBody": "", "messageAttributes": {}, "attributes": {"ApproximateReceiveCount": "1"}})
        };
        let event = json!({"Records": messages.iter().map(record).collect::<Vec<_>>()});
        let event = serde_json::from_value(event).unwrap();
        let answer = self.worker.handle(event, Instant::now() + Duration::from_secs(60)).await;
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Takes up to ten messages from the queue and processes them. Returns how many there were.
    pub(crate) async fn work_a_batch(&self) -> usize {
        let (client, queue) = (self.embedded.sqs(), self.embedded.queue());
        let received = client.receive_message().queue_url(&queue.url).max_number_of_messages(10).send().await.unwrap();
        let messages = received.messages.unwrap_or_default();
        let batch: Vec<_> = messages.iter().map(|m| (m.message_id().unwrap(), m.body().unwrap())).collect();
        let undone = self.deliver(&queue.arn, &batch).await;
        for message in messages.iter().filter(|message| !undone.iter().any(|id| Some(id.as_str()) == message.message_id())) {
            let handle = message.receipt_handle().unwrap();
            client.delete_message().queue_url(&queue.url).receipt_handle(handle).send().await.unwrap();
        }
        messages.len()
    }

    pub(crate) async fn work(&self) {
        while self.work_a_batch().await > 0 {}
    }

    pub(crate) async fn sweep(&self) {
        headway_cleanup::handle(&self.cleanup).await.unwrap();
    }
}

fn app(embedded: &Embedded, calls: &Calls, clock: Arc<HeldClock>) -> App {
    let dynamodb = Embedded::dynamodb_config(calls.noting(embedded.dynamodb_http_client())).build();
    let sqs = Embedded::sqs_config(calls.noting(embedded.sqs_http_client())).build();
    let ledger = DynamoLedger::new(aws_sdk_dynamodb::Client::from_conf(dynamodb), TABLE).with_clock(clock.clone());
    let queue = SqsQueue::new(aws_sdk_sqs::Client::from_conf(sqs), &embedded.queue().url);
    App::new(Arc::new(ledger), Arc::new(queue), clock)
}
