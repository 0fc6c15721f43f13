//! The HTTP API as a careful client uses it: a request without an answer is sent again, with the same bytes, until it
//! has one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use headway_testkit::home::LONG;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::killer::World;

/// How long to wait before a call is repeated.
const AGAIN_AFTER: Duration = Duration::from_millis(15);

/// The server, whichever process that is at the moment.
pub(crate) struct Api {
    http: Client,
    base: String,
    token: String,
    unanswered: AtomicU64,
    refused: AtomicU64,
}

/// A final answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What to send besides the path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Send {
    pub(crate) key: Option<String>,
    pub(crate) media_type: &'static str,
    pub(crate) body: String,
}

impl Api {
    pub(crate) fn new(world: &Arc<World>) -> Api {
        let http = Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        Api { http, base: world.url.clone(), token: world.token.clone(), unanswered: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Send::default()).await
    }

    /// Calls until there is an answer other than 5xx and 429.
    pub(crate) async fn call(&self, method: Method, path: &str, send: &Send) -> Answer {
        let until = Instant::now() + LONG;
        loop {
            match self.attempt(method.clone(), path, send).await {
                Ok(answer) if answer.status < 500 && answer.status != 429 => return answer,
                Ok(answer) => {
                    self.refused.fetch_add(1, SeqCst);
                    assert!(Instant::now() < until, "{method} {path} is refused for {LONG:?}: {answer:?}");
                }
                Err(error) => {
                    self.unanswered.fetch_add(1, SeqCst);
                    assert!(Instant::now() < until, "{method} {path} has no answer for {LONG:?}: {error:?}");
                }
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn attempt(&self, method: Method, path: &str, send: &Send) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}/v1/{path}", self.base)).bearer_auth(&self.token);
        if let Some(key) = &send.key {
            request = request.header("idempotency-key", key);
        }
        if !send.body.is_empty() {
            request = request.header("content-type", send.media_type).body(send.body.clone());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// How often there was no answer, or a bad one.
    pub(crate) fn troubles(&self) -> String {
        format!("{} calls unanswered, {} answered 5xx or 429", self.unanswered.load(SeqCst), self.refused.load(SeqCst))
    }
}
