//! What is fuzzed, as functions. `fuzz_targets` passes them libFuzzer's input, and the tests of `tests/safe` call them
//! with variations of good examples. Whatever the input is, the service must not fail with a fault of its own.

use std::io::Cursor;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use headway_api::auth::Authenticator;
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::page_token::{List, PageTokens};
use headway_api::{AppState, router};
use headway_core::chunk::Message;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::limits::ITEM_BYTES_MAX;
use headway_core::queue::memory::MemoryQueue;
use headway_core::{App, Options, ProcessorInfo, SystemClock, UserId};
use headway_local::input::{Format, Reading, items};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// The key that checks tokens here.
pub const KEY: DevelopmentKey = DevelopmentKey::new([7; 32]);

/// A service without any data, and its runtime.
pub struct Service {
    runtime: tokio::runtime::Runtime,
    router: Router,
    token: String,
}

impl Service {
    /// A new one.
    pub fn new() -> Self {
        let clock = Arc::new(SystemClock);
        let processors = vec![ProcessorInfo::new("echo", &Options::default())];
        let app = App::new(Arc::new(MemoryLedger::default()), Arc::new(MemoryQueue::default()), clock.clone());
        let state = AppState::new(app.with_processors(processors), Authenticator::hs256(KEY, clock));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let token = KEY.token("ann", &[], Utc::now(), TimeDelta::hours(1)).unwrap().text;
        Self { runtime, router: router(Arc::new(state)), token }
    }

    /// The answer to a request of Ann's, checked not to be a fault of the service. `None` if it is not a valid request.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
        self.ask_with(&self.token, method, path, headers, body)
    }

    /// The same with this token.
    pub fn ask_with(&self, token: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Body::from(body.to_vec())).ok()?;
        let (status, body) = self.runtime.block_on(async {
            let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
            (parts.status, body.collect().await.unwrap().to_bytes().to_vec())
        });
        assert!(!status.is_server_error(), "{status}: {}", String::from_utf8_lossy(&body));
        Some((status, body))
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

impl Default for Service {
    fn default() -> Self {
        Self::new()
    }
}

/// The body that starts a job is accepted or refused. An accepted one has as many items as any other parser finds in
/// it.
pub fn body(body: &[u8]) {
    let service = Service::new();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let Some((status, answer)) = service.ask("POST", "/v1/jobs", &headers, body) else { return };
    let again = service.ask("POST", "/v1/jobs", &headers, body).map(|(status, _)| status);
    assert_eq!(again, Some(status), "the same request again has the same answer");
    if status == 202 {
        let sent: Value = serde_json::from_slice(body).unwrap();
        let job: Value = serde_json::from_slice(&answer).unwrap();
        let items = sent["items"].as_array().map_or(0, Vec::len);
        assert_eq!(job["totalItems"], items, "{job}");
    }
}

/// A part of an unsealed job: lines of JSON, plain or, after an odd first byte, as gzip. An accepted part is counted.
pub fn part(data: &[u8]) {
    let Some((way, lines)) = data.split_first() else { return };
    let service = Service::new();
    let open = br#"{"processor":"echo","sealed":false,"idField":null}"#;
    let (_, job) = service.ask("POST", "/v1/jobs", &[("content-type", "application/json")], open).unwrap();
    let job: Value = serde_json::from_slice(&job).unwrap();
    let path = format!("/v1/jobs/{}/parts/0?firstIndex=0", job["id"].as_str().unwrap());
    let encoding = if way % 2 == 1 { "gzip" } else { "identity" };
    let headers = [("content-type", "application/x-ndjson"), ("content-encoding", encoding)];
    let Some((status, part)) = service.ask("PUT", &path, &headers, lines) else { return };
    if status == 201 && encoding == "identity" {
        let blank = |line: &&[u8]| !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        let part: Value = serde_json::from_slice(&part).unwrap();
        assert_eq!(part["totalItems"], lines.split(|byte| *byte == b'\n').filter(blank).count());
    }
}

/// Paths and queries of lists: page tokens, sizes, formats. None causes a fault, and no invented token is accepted.
pub fn cursor(data: &str) {
    let Some((list, query)) = data.split_once('\n') else { return };
    let service = Service::new();
    let body = br#"{"processor":"echo","items":[1,2,3],"chunkSize":1}"#;
    let (_, job) = service.ask("POST", "/v1/jobs", &[("content-type", "application/json")], body).unwrap();
    let job: Value = serde_json::from_slice(&job).unwrap();
    let id = job["id"].as_str().unwrap();
    let list = match list {
        "0" => "/v1/jobs".to_owned(),
        "1" => format!("/v1/jobs/{id}/parts"),
        "2" => format!("/v1/jobs/{id}/failures"),
        "3" => format!("/v1/jobs/{id}/results"),
        "4" => format!("/v1/jobs/{id}/failures/groups"),
        path => path.replace("{id}", id),
    };
    let Some((status, _)) = service.ask("GET", &format!("{list}?{query}"), &[], b"") else { return };
    let token = query.split('&').any(|pair| pair.strip_prefix("pageToken=").is_some_and(|token| !token.is_empty()));
    if token
        && !list.contains('?')
        && !query.contains('#')
        && matches!(list.rsplit('/').next(), Some("jobs" | "parts" | "failures" | "results"))
    {
        assert_ne!(status, 200, "a made-up token was taken: {list}?{query}");
    }
}

/// Invented tokens: bearer tokens, and page tokens, whole or damaged ones of ours. None is accepted.
pub fn token(data: &str) {
    let service = Service::new();
    let door = Authenticator::hs256(KEY, Arc::new(SystemClock));
    if let Ok(request) = Request::get("/").header("authorization", format!("Bearer {data}")).body(()) {
        let entered = service.block_on(door.claims(&request.into_parts().0));
        assert!(entered.is_err(), "a made-up token was taken");
    }
    let (owner, now) = (UserId::new("ann").unwrap(), DateTime::UNIX_EPOCH);
    let (tokens, list) = (PageTokens::new(b"key"), List { owner: &owner, kind: "jobs", of: &["Failed"] });
    assert!(tokens.open(list, data, now).is_err(), "a made-up page token was taken");
    let ours = tokens.issue(list, b"position", now).unwrap();
    let spoilt = overwritten(&ours, data);
    assert_eq!(tokens.open(list, &spoilt, now).is_ok(), spoilt == ours);
}

/// Invented job tokens, and damaged ones of ours. None opens the job.
pub fn job_token(data: &str) {
    let service = Service::new();
    let member = |answer: Option<(StatusCode, Vec<u8>)>, name: &str| -> String {
        let answer: Value = serde_json::from_slice(&answer.unwrap().1).unwrap();
        answer[name].as_str().unwrap().to_owned()
    };
    let json = [("content-type", "application/json")];
    let job = member(service.ask("POST", "/v1/jobs", &json, br#"{"processor":"echo","items":[1]}"#), "id");
    let ours = member(service.ask("POST", &format!("/v1/jobs/{job}/tokens"), &json, br#"{"allow":"act"}"#), "token");
    let path = format!("/embed/v1/jobs/{job}");
    let opens = |token: &str| service.ask_with(token, "GET", &path, &[], b"").is_some_and(|(status, _)| status == StatusCode::OK);
    assert!(opens(&ours));
    let (head, signature) = (ours.split('.').next().unwrap(), ours.rsplit('.').next().unwrap());
    for token in [data.to_owned(), format!("{head}.{data}.{signature}"), format!("{ours}.{data}"), overwritten(&ours, data)] {
        assert_eq!(opens(&token), token.trim() == ours, "{token}");
    }
}

/// `text` with the characters of `data` over its own. A zero leaves the character beneath it.
fn overwritten(text: &str, data: &str) -> String {
    text.chars().zip(data.chars().chain(std::iter::repeat('\0'))).map(|(a, b)| if b == '\0' { a } else { b }).collect()
}

/// Messages from the queue: one of ours is read back as it was written, any other is recognised as foreign.
pub fn message(text: &str) {
    let Ok(message) = Message::from_wire(text) else { return };
    let wire = message.clone().into_wire().unwrap();
    let again = Message::from_wire(&wire).unwrap();
    assert_eq!(format!("{message:?}"), format!("{again:?}"));
}

/// Files that the command reads: CSV, NDJSON and JSON. Every item that it returns is JSON of a size that a job accepts.
pub fn input(data: &[u8]) {
    let Some((format, file)) = data.split_first() else { return };
    let format = [Format::Csv, Format::Ndjson, Format::Json][usize::from(format % 3)];
    let Ok(mut items) = items(Cursor::new(file.to_vec()), &Reading::of(format)) else { return };
    let mut item = Vec::new();
    while let Ok(Some(_)) = items.next(&mut item) {
        assert!(item.len() <= ITEM_BYTES_MAX);
        if let Err(error) = serde_json::from_slice::<Value>(&item) {
            panic!("{format:?}: {error}: {}", String::from_utf8_lossy(&item));
        }
    }
}
