//! Does what a case says, again and again, whatever the answers are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cases::{Attack, Case};
use crate::stack::{Caller, Stack};

/// The attackers; each has quotas of its own.
const OWNERS: usize = 6;
const PAUSE: Duration = Duration::from_secs(2);

/// An attacker.
pub(crate) struct Attacker {
    caller: Caller,
    stack: Arc<Stack>,
    /// For how long it holds what it has opened and observes what it has begun.
    holds: Duration,
}

impl Attacker {
    pub(crate) fn new(stack: &Arc<Stack>, number: usize, holds: Duration) -> Self {
        Self { caller: stack.caller(&format!("mallory{}", number % OWNERS)), stack: Arc::clone(stack), holds }
    }

    /// Runs the case once, and then again until that moment; returns its name and how often it ran.
    pub(crate) async fn attack(self, case: Case, until: Instant) -> (&'static str, u64) {
        let mut times = 0;
        loop {
            // The attack may be cut off in any way: that is its purpose.
            let _ = tokio::time::timeout(3 * self.holds, self.once(&case.what)).await;
            times += 1;
            if Instant::now() >= until {
                return (case.name, times);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn once(&self, what: &Attack) {
        match what {
            Attack::Job { processor, params, items } => self.job(processor, params, items).await,
            Attack::Jobs { count, params_bytes } => {
                for number in 0..*count {
                    let schema = json!({"enum": [format!("{number}{}", "x".repeat(*params_bytes)), 5]});
                    self.start("json-schema", &json!({"schema": schema}), &["5".to_owned()]).await;
                }
            }
            Attack::Connections { count, sends, reads } => {
                let mut open = Vec::new();
                for _ in 0..*count {
                    open.extend(self.send(sends, *reads).await);
                }
                tokio::time::sleep(self.holds).await;
            }
            Attack::Drips { count, sends } => {
                futures::future::join_all((0..*count).map(|_| self.drip(sends))).await;
            }
            Attack::Uploads { count, bytes } => self.uploads(*count, *bytes).await,
            Attack::Body { headers, body } => {
                let headers = headers.iter().copied().chain([("content-type", "application/json")]);
                self.caller.send(Method::POST, "jobs", headers, body.clone()).await;
            }
            Attack::Calls(calls) => {
                for (method, path) in calls {
                    self.caller.call(method.parse().unwrap(), path, "").await;
                }
            }
            Attack::Acts => self.acts().await,
        }
    }

    /// Starts a job and reads it until it has ended.
    async fn job(&self, processor: &str, params: &Value, items: &[String]) {
        let Some(id) = self.start(processor, params, items).await else { return };
        let until = Instant::now() + self.holds;
        while Instant::now() < until {
            let job = self.caller.call(Method::GET, &format!("jobs/{id}"), "").await;
            if job.is_none_or(|(_, job)| job["completedAt"].is_string()) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for list in ["failures", "results"] {
            self.caller.call(Method::GET, &format!("jobs/{id}/{list}"), "").await;
        }
    }

    async fn start(&self, processor: &str, params: &Value, items: &[String]) -> Option<String> {
        let body = format!(
            r#"{{"processor":"{processor}","params":{params},"items":[{}],"toleratedFailures":{{"percentage":100}}}}"#,
            items.join(",")
        );
        let (_, answer) = self.caller.call(Method::POST, "jobs", &body).await?;
        answer["id"].as_str().map(str::to_owned)
    }

    async fn send(&self, bytes: &[u8], reads: bool) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(self.stack.address()).await.ok()?;
        // If the server has no room, the attacker waits here.
        let _ = tokio::time::timeout(Duration::from_millis(200), stream.write_all(bytes)).await;
        if reads {
            let _ = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut [0; 1_000])).await;
        }
        Some(stream)
    }

    async fn drip(&self, bytes: &[u8]) {
        let Ok(mut stream) = TcpStream::connect(self.stack.address()).await else { return };
        let until = Instant::now() + self.holds;
        for byte in bytes {
            if stream.write_all(&[*byte]).await.is_err() || Instant::now() > until {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn uploads(&self, count: usize, bytes: usize) {
        let start = json!({"processor": "json-schema", "params": {"schema": true}, "sealed": false}).to_string();
        let Some((_, job)) = self.caller.call(Method::POST, "jobs", &start).await else { return };
        let (token, id) = (self.caller.token(), job["id"].as_str().unwrap_or_default());
        let body = vec![b' '; bytes];
        let mut open = Vec::new();
        for part in 0..count {
            let head = format!(
                "PUT /v1/jobs/{id}/parts/{part}?firstIndex=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
                bytes + 1
            );
            open.extend(self.send(&[head.as_bytes(), &body].concat(), false).await);
        }
        tokio::time::sleep(self.holds).await;
    }

    async fn acts(&self) {
        let items = vec!["1".to_owned(); 2_000];
        let Some(id) = self.start("json-schema", &json!({"schema": {"type": "integer"}}), &items).await else { return };
        for _ in 0..20 {
            for act in ["pause", "resume", "retry", "cancel"] {
                self.caller.call(Method::POST, &format!("jobs/{id}/{act}"), "").await;
            }
        }
        self.caller.call(Method::DELETE, &format!("jobs/{id}"), "").await;
    }
}
