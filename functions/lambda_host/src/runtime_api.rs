//! Lambda's Runtime API for one worker process: the process asks for the next event, then sends its answer or its
//! error.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use crate::loopback::Loopback;

/// The worker's answer to an event, or its message why there is none.
pub type Answer = Result<Value, String>;

/// Lambda accepts an answer of 6 MB.
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;
/// How many reports are kept: one request for an event before anybody listens, and one failure to start.
const REPORTS_MAX: usize = 4;
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:worker";

/// The side that calls the worker.
#[derive(Debug)]
pub struct RuntimeApi {
    served: Loopback,
    events: mpsc::Sender<Event>,
    reports: mpsc::Receiver<WorkerReport>,
}

/// What a worker reports besides its answers.
#[derive(Debug)]
pub enum WorkerReport {
    /// It asks for an event, and so has ended the one it had.
    Asks,
    /// It cannot start; this is its message.
    CannotStart(String),
}

struct Event {
    body: Value,
    /// The client context: what the one who calls says beside the event.
    context: String,
    timeout: Duration,
    answer: oneshot::Sender<Answer>,
}

/// The side that the worker calls.
struct Served {
    events: Mutex<mpsc::Receiver<Event>>,
    reports: mpsc::Sender<WorkerReport>,
    under_way: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

impl RuntimeApi {
    /// Serves one process.
    ///
    /// # Errors
    ///
    /// If loopback cannot be listened on.
    pub async fn serve() -> io::Result<Self> {
        let (events, taken) = mpsc::channel(1);
        let (report, reports) = mpsc::channel(REPORTS_MAX);
        let served = Served { events: Mutex::new(taken), reports: report, under_way: Mutex::default() };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(ANSWER_BYTES_MAX))
            .with_state(Arc::new(served));
        Ok(Self { served: Loopback::serve(routes).await?, events, reports })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API` for the worker.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// The worker's next report. Never returns once nothing can be reported any more.
    pub async fn next_report(&mut self) -> WorkerReport {
        match self.reports.recv().await {
            Some(report) => report,
            None => std::future::pending().await,
        }
    }

    /// Gives an event to the worker that asked for one, and waits for the answer.
    ///
    /// # Errors
    ///
    /// The worker's message, or that it has given up the event.
    pub async fn call(&self, body: Value, timeout: Duration) -> Answer {
        self.call_with(body, &json!({}), timeout).await
    }

    /// Gives an event to the worker that asked for one, with this client context, and waits for the answer.
    ///
    /// # Errors
    ///
    /// The worker's message, or that it has given up the event.
    pub async fn call_with(&self, body: Value, context: &Value, timeout: Duration) -> Answer {
        let (answer, answered) = oneshot::channel();
        let gone = || "the worker asked for another event without an answer to this one".to_owned();
        self.events.send(Event { body, context: context.to_string(), timeout, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn next(State(served): State<Arc<Served>>) -> Response {
    // Only one at a time: a worker that asks again has given up the event that it had.
    *served.under_way.lock().await = None;
    // Only the first report is waited for.
    let _ = served.reports.try_send(WorkerReport::Asks);
    let Some(event) = served.events.lock().await.recv().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let id = Uuid::new_v4().to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + event.timeout;
    *served.under_way.lock().await = Some((id.clone(), event.answer));
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", FUNCTION_ARN.to_owned()),
        ("lambda-runtime-client-context", event.context),
    ];
    (headers, event.body.to_string()).into_response()
}

async fn response(State(served): State<Arc<Served>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).map_err(|error| format!("its answer is not JSON: {error}"));
    end(&served, &id, answer).await
}

async fn error(State(served): State<Arc<Served>>, Path(id): Path<String>, body: String) -> StatusCode {
    end(&served, &id, Err(words(&body))).await
}

async fn init_error(State(served): State<Arc<Served>>, body: String) -> StatusCode {
    let _ = served.reports.try_send(WorkerReport::CannotStart(words(&body)));
    StatusCode::ACCEPTED
}

async fn end(served: &Served, id: &str, answer: Answer) -> StatusCode {
    let mut under_way = served.under_way.lock().await;
    match under_way.take() {
        // The caller may have stopped waiting.
        Some((known, waiting)) if known == id => waiting.send(answer).map_or(StatusCode::GONE, |()| StatusCode::ACCEPTED),
        other => {
            *under_way = other;
            StatusCode::BAD_REQUEST
        }
    }
}

/// The message in an error document `{"errorMessage": …, "errorType": …}`, or the whole text.
fn words(body: &str) -> String {
    let document: Option<Value> = serde_json::from_str(body).ok();
    let message = document.as_ref().and_then(|document| document["errorMessage"].as_str());
    message.unwrap_or(body).to_owned()
}
