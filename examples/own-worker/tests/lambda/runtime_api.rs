//! Lambda's Runtime API as a function sees it: the function asks for the next event and then answers it, or says why it
//! cannot.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

/// How long the function may take for an event, as its deadline says.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(300);

type Answer = Result<Value, String>;

/// The side that calls the function.
#[derive(Clone)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: mpsc::Sender<(Value, oneshot::Sender<Answer>)>,
}

/// The side that the function calls.
struct Served {
    events: Mutex<mpsc::Receiver<(Value, oneshot::Sender<Answer>)>>,
    under_way: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let served = Arc::new(Served { events: Mutex::new(receiver), under_way: Mutex::default() });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(served);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, events: sender }
    }

    /// What the function answers to this event.
    pub(crate) async fn invoke(&self, event: Value) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.events.send((event, sender)).await.unwrap();
        let answer = tokio::time::timeout(FUNCTION_TIMEOUT, answer).await;
        answer
            .map_err(|_| "the function did not answer".to_owned())?
            .map_err(|_| "the function asked for the next event before it had answered".to_owned())?
    }
}

async fn next(State(served): State<Arc<Served>>) -> impl IntoResponse {
    let (event, answer) = served.events.lock().await.recv().await.unwrap();
    let id = Uuid::new_v4().to_string();
    let mut under_way = served.under_way.lock().await;
    // One event at a time: a function that asks again has given up its event.
    under_way.clear();
    under_way.insert(id.clone(), answer);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + FUNCTION_TIMEOUT;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:own-worker".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string())
}

async fn response(State(served): State<Arc<Served>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    end(&served, &id, serde_json::from_slice(&body).map_err(|e| e.to_string())).await
}

async fn error(State(served): State<Arc<Served>>, Path(id): Path<String>, body: String) -> StatusCode {
    end(&served, &id, Err(body)).await
}

async fn end(served: &Served, id: &str, answer: Answer) -> StatusCode {
    match served.under_way.lock().await.remove(id) {
        // The caller may have stopped waiting.
        Some(waiting) => waiting.send(answer).map_or(StatusCode::GONE, |()| StatusCode::ACCEPTED),
        None => StatusCode::BAD_REQUEST,
    }
}
