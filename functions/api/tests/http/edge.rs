//! The headers of every answer, and the answers to requests for which there is no handler.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use headway_api::auth::Authenticator;
use headway_api::edge::HeadFault;
use headway_core::queue::Outgoing;
use headway_core::{ChunkQueue, JobError, SystemClock, UserId};
use http::Request;
use serde_json::json;

use crate::world::World;

/// An answer without one of these headers has missed a layer.
#[tokio::test]
async fn every_answer_carries_its_headers() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let job = format!("/v1/jobs/{id}");
    let table = [
        ("GET", "/healthz", 200, "no-store"),
        ("GET", "/", 200, "no-cache"),
        ("GET", "/docs", 200, "no-cache"),
        ("GET", "/openapi.json", 200, "no-cache"),
        ("GET", "/embed.js", 200, "no-cache"),
        ("GET", "/v1/processors", 200, "no-store"),
        ("GET", "/v1/jobs", 200, "no-store"),
        ("GET", &job, 200, "private, no-cache"),
        ("GET", "/v1/jobs/x", 404, "no-store"),
        ("GET", "/nothing", 404, "no-store"),
        ("PATCH", &job, 405, "no-store"),
        ("POST", "/v1/jobs", 415, "no-store"),
    ];
    let mut ids = std::collections::BTreeSet::new();
    for (method, path, status, cache_control) in table {
        let answer = world.call("ann", method, path).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (status, cache_control), "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        assert!(answer.headers.get_all("vary").iter().any(|name| name == "Origin"), "{method} {path}");
        assert!(ids.insert(answer.header("x-request-id").to_owned()), "each request has its own id");
        if method == "GET" {
            let head = world.call("ann", "HEAD", path).await;
            assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "HEAD {path}");
            assert_eq!(head.header("content-type"), answer.header("content-type"), "HEAD {path}");
        }
    }
    assert!(!ids.contains(""));
}

/// A wrong method names the right ones; a wrong path is reported as a problem.
#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new();
    let answer = world.call("ann", "DELETE", "/v1/jobs").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (405, "method"));
    let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    assert_eq!(world.call("ann", "OPTIONS", "/v1/jobs").await.problem(), "method", "not a preflight");
    for path in ["/v1", "/v1/jobs/", "/v2/jobs", "/v1/jobs/x/y/z", "//v1/jobs"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (404, "not-found"), "{path}");
        assert_eq!(answer.json()["instance"], path);
    }
}

/// A page of a listed origin may call and read; any other gets no permission. Neither needs a token to ask.
#[tokio::test]
async fn browsers_of_listed_origins_may_call() {
    let world = World::new();
    let preflight = async |origin: &str, path: &str| {
        let request = Request::options(path).header("origin", origin).header("access-control-request-method", "PUT");
        world.send(request.body(Body::empty()).unwrap()).await
    };
    let leave = preflight("https://app.example", "/v1/jobs/x/parts/0").await;
    assert_eq!((leave.status.as_u16(), leave.header("access-control-allow-origin")), (204, "https://app.example"));
    let headers = "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-None-Match, Headway-Owner";
    assert_eq!(leave.header("access-control-allow-headers"), headers);
    assert!(leave.header("access-control-allow-methods").contains("PUT"));
    for origin in ["https://app.example.evil.example", "http://app.example", "https://APP.example", "null"] {
        let refused = preflight(origin, "/v1/jobs").await;
        assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (204, ""), "{origin}");
        assert_eq!(refused.header("access-control-allow-methods"), "", "{origin}");
    }

    let read = async |origin: &str| {
        world.send(world.request("ann", "GET", "/v1/jobs").header("origin", origin).body(Body::empty()).unwrap()).await
    };
    let answer = read("https://app.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "ETag, Location, Link, Headway-More, Retry-After, WWW-Authenticate, X-Request-Id"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(read("https://evil.example").await.header("access-control-allow-origin"), "");
    let refusal = world.send(Request::get("/v1/jobs").header("origin", "https://app.example").body(Body::empty()).unwrap()).await;
    assert_eq!(
        (refusal.status.as_u16(), refusal.header("access-control-allow-origin")),
        (401, "https://app.example"),
        "problems can be read too"
    );
}

/// A caller that sends its whole body first must get the answer. A caller that asks first (`Expect: 100-continue`) must not
/// send a body that is not read. And the server must not receive without limit.
#[tokio::test]
async fn an_unread_body_is_received_and_discarded() {
    const FRAME: usize = 1_000_000;
    let world = World::new();
    let id = world.start(json!([1])).await;
    let cases = [
        ("x.y.z", "PUT", format!("/v1/jobs/{id}/parts/0?firstIndex=0"), 401),
        (&*world.token("bob", &[]), "PUT", format!("/v1/jobs/{id}/parts/0?firstIndex=0"), 404),
        (&*world.token("ann", &[]), "POST", "/v1/jobs".to_owned(), 413),
        (&*world.token("ann", &[]), "POST", format!("/v1/jobs/{id}/pause"), 200),
        (&*world.token("ann", &[]), "PATCH", "/v1/jobs".to_owned(), 405),
    ];
    for (token, method, path, status) in cases {
        for (expects, frames) in [(false, 9), (true, 9), (false, 1_000)] {
            let sent = Arc::new(AtomicUsize::new(0));
            let counter = sent.clone();
            let body = futures::stream::iter(0..frames).map(move |_| {
                counter.fetch_add(1, Ordering::Relaxed);
                Ok::<_, std::io::Error>(vec![b' '; FRAME])
            });
            let request = Request::builder().method(method).uri(&path).header("authorization", format!("Bearer {token}"));
            let request = request.header("content-type", "application/json");
            let request = if expects { request.header("expect", "100-continue") } else { request };
            let answer = world.send(request.body(Body::from_stream(body)).unwrap()).await;
            let taken = sent.load(Ordering::Relaxed);
            assert_eq!(answer.status, status, "{method} {path}");
            match (expects, frames) {
                (true, _) => assert!(taken <= 4, "{method} {path}: {taken}"),
                (false, 9) => assert_eq!(taken, 9, "{method} {path}"),
                (false, _) => assert!(taken < 40, "{method} {path}: {taken}"),
            }
        }
    }
}

/// A queue that refuses, never answers, or panics.
#[derive(Debug)]
enum BadQueue {
    Refuses,
    Hangs,
    Panics,
}

#[async_trait]
impl ChunkQueue for BadQueue {
    async fn send(&self, _: &UserId, _: Vec<Outgoing>) -> Result<(), JobError> {
        match self {
            Self::Refuses => Err(JobError::unavailable("the queue", std::io::Error::other("arn:aws:sqs:secret"))),
            Self::Hangs => pending().await,
            Self::Panics => panic!("arn:aws:sqs:secret"),
        }
    }
}

/// A fault of the queue is reported in time and without its inner text. A panic costs one answer, not the process.
#[tokio::test(start_paused = true)]
async fn inner_faults_are_reported_without_their_text() {
    for (queue, status, problem) in [(BadQueue::Refuses, 503, "busy"), (BadQueue::Hangs, 503, "busy"), (BadQueue::Panics, 500, "internal")]
    {
        let name = format!("{queue:?}");
        let world = World::sending_to(queue);
        let began = tokio::time::Instant::now();
        let answer = world.post("/v1/jobs", r#"{"processor":"echo","items":[1]}"#).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, problem), "{name}");
        assert!(began.elapsed().as_secs() <= 25, "{name}");
        assert!(!answer.body.contains("secret"), "{}", answer.body);
        assert_eq!(answer.header("retry-after").is_empty(), status == 500, "{name}");
        if status == 500 {
            assert_eq!(answer.json()["requestId"], answer.header("x-request-id"));
        }
    }
}

/// An event of API Gateway, as the runtime turns it into a request: claims, stage, query and encoded body arrive.
#[tokio::test]
async fn a_gateway_event_becomes_a_request() {
    let world = World::with(|_| Authenticator::gateway(Arc::new(SystemClock)));
    let event = |method: &str, path: &str, query: &str, media_type: &str, body: &str, is_base64: bool| {
        let event = json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "isBase64Encoded": is_base64, "body": body,
            "headers": {"host": "id.execute-api.eu-central-1.amazonaws.com", "content-type": media_type},
            "requestContext": {"stage": "$default", "authorizer": {"jwt": {"claims": {"sub": "ann"}}},
                "http": {"method": method, "path": path}}});
        lambda_http::request::from_str(&event.to_string()).unwrap()
    };
    let body = r#"{"processor":"echo","sealed":false}"#;
    let started = world.send(event("POST", "/v1/jobs", "", "application/json", body, false)).await;
    assert_eq!(started.status, 202, "{}", started.body);
    let id = started.json()["id"].as_str().unwrap().to_owned();
    let lines = STANDARD.encode("1\n2\n");
    let path = format!("/v1/jobs/{id}/parts/0");
    let part = world.send(event("PUT", &path, "firstIndex=0", "application/x-ndjson", &lines, true)).await;
    assert_eq!((part.status.as_u16(), &part.json()["totalItems"]), (201, &json!(2)));
    assert_eq!(world.send(event("GET", "/v1/jobs", "pageSize=1", "", "", false)).await.json()["jobs"][0]["createdBy"], "ann");
}

/// The gateway's own request id is used in both logs.
#[tokio::test]
async fn on_lambda_the_request_has_the_invocations_id() {
    let world = World::new();
    let mut context = lambda_http::Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    let request = lambda_http::RequestExt::with_lambda_context(Request::get("/healthz").body(Body::empty()).unwrap(), context);
    assert_eq!(world.send(request).await.header("x-request-id"), "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
}

/// Bug found: the answer to a head that the host refuses had no id, so nobody found it in the log.
#[tokio::test]
async fn a_head_that_the_host_refuses_is_answered_like_every_request() {
    let mut request = Request::get("/v1/jobs").body(Body::empty()).unwrap();
    request.extensions_mut().insert(HeadFault("the header Host is missing"));
    let answer = World::new().send(request).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (400, &json!("the header Host is missing")));
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
