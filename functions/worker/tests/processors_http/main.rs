//! `http` with a real server on loopback, which `allowPrivate` allows.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod batch_cases;
mod batches;
mod cases;
mod connections;
mod scripted;
mod secrets;
mod table;
mod vectors;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use headway_core::{Item, ItemError, ItemProcessor, JobId, Output, UserId};
use headway_outbound::Secret;
use headway_worker::processors::{Endpoints, Http};
use serde_json::value::RawValue;
use tokio::net::TcpListener;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const JOB: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
/// What [`run`] returns for an output that is not kept.
const OMITTED: &str = "(omitted)";
const JSON: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8")];

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;
type Answer = fn() -> Response<Body>;

/// A server that records each request and gives the same answer to all. Returns its port.
async fn serve(answer: Answer) -> (u16, Seen) {
    let seen = Seen::default();
    let note = move |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body));
        answer()
    };
    let app = Router::new().fallback(note).with_state(Arc::clone(&seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, seen)
}

fn http(port: u16, members: &str) -> Http {
    let json = format!(r#"{{"crm": {{"url": "http://127.0.0.1:{port}/in?k=v", "secret": "{SECRET}", "allowPrivate": true {members}}}}}"#);
    Http::new(Endpoints::parse(&json).unwrap())
}

fn item(value: &str, params: &str) -> Item {
    Item {
        job_id: JobId::parse(JOB).unwrap(),
        user_id: UserId::new("u-17").unwrap(),
        index: 17,
        id: Some("ZRH".to_owned()),
        attempt: 2,
        round: 1,
        value: RawValue::from_string(value.to_owned()).unwrap(),
        params: RawValue::from_string(params.to_owned()).unwrap().into(),
    }
}

async fn run(processor: &dyn ItemProcessor, value: &str) -> Result<Option<String>, ItemError> {
    match processor.process(item(value, r#"{"endpoint": "crm"}"#)).await? {
        Output::Json(json) => Ok(Some(json.get().to_owned())),
        Output::None => Ok(None),
        Output::Omitted => Ok(Some(OMITTED.to_owned())),
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

/// What a receiver relies on: the item's bytes, the key that is the same on every attempt, and a signature that it can
/// verify.
#[tokio::test]
async fn sends_the_item_as_it_came_with_key_and_signature() {
    let (port, seen) = serve(|| answer(200, JSON, "{\"id\": 1.10}")).await;
    let http = http(port, r#", "headers": {"Authorization": "Bearer hush"}"#);
    let value = "{\"n\":1.0000000000000000000000001, \"n\": 2}";
    assert_eq!(run(&http, value).await.unwrap().as_deref(), Some("{\"id\": 1.10}"));
    let bound = http.prepare(&item("1", r#"{"endpoint": "crm"}"#).params).unwrap().unwrap();
    run(bound.as_ref(), value).await.unwrap();

    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for (headers, body) in seen.iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(body, value);
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(header("authorization"), "Bearer hush");
        let key = format!("{JOB}/17");
        assert_eq!([header("idempotency-key"), header("webhook-id")], [&key, &key]);
        assert_eq!([header("headway-job"), header("headway-index"), header("headway-attempt")], [JOB, "17", "2"]);
        let timestamp = header("webhook-timestamp").parse().unwrap();
        assert_eq!(header("webhook-signature"), Secret::parse(SECRET).unwrap().sign(&key, timestamp, body));
    }
}

/// What a person reads of a refusal: which endpoint refused, its status, and its own text.
#[tokio::test]
async fn a_refusal_says_who_refused_and_why() {
    const MOVED: &str = "endpoint crm answered 307 Temporary Redirect (it leads to \"/items/\", and redirects are not followed)";
    let table: [(Answer, &str); 7] = [
        (|| answer(429, &[], "slow down"), "endpoint crm answered 429 Too Many Requests: slow down"),
        (|| answer(599, &[], ""), "endpoint crm answered 599"),
        (|| answer(400, &[], "no\r\nname"), "endpoint crm answered 400 Bad Request: no name"),
        (|| answer(422, JSON, "{\"e\":1}"), "endpoint crm answered 422 Unprocessable Entity: {\"e\":1}"),
        (|| answer(404, &[("content-type", "text/html")], "<html>"), "endpoint crm answered 404 Not Found"),
        (|| answer(307, &[("location", "items/?key=1")], ""), MOVED),
        (|| answer(308, &[("location", SECRET)], ""), "endpoint crm answered 308 Permanent Redirect (redirects are not followed)"),
    ];
    for (answer, expected) in table {
        let (port, seen) = serve(answer).await;
        assert_eq!(run(&http(port, ""), "1").await.unwrap_err().to_string(), expected);
        assert_eq!(seen.lock().unwrap().len(), 1, "one try is one request");
    }
}

/// A missing answer never fails an item for good, and its message contains no address.
#[tokio::test]
async fn no_answer_is_retryable() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = run(&http(port, r#", "timeoutSeconds": 1"#), "1").await.unwrap_err();
    assert_eq!(error.to_string(), "endpoint crm: no complete answer within 1 s");
    // Bound but not listening: no other process gets this port, and nothing answers there.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = closed.local_addr().unwrap().port();
    let error = run(&http(port, ""), "1").await.unwrap_err();
    assert_eq!(error, ItemError::unreachable("endpoint crm: could not connect: connection refused"));
}

/// A name that does not exist has to be corrected by the operator, or is a resolver's fault: items wait for it.
#[tokio::test]
async fn an_unknown_name_is_unreachable() {
    let json = format!(r#"{{"crm": {{"url": "https://headway.invalid/", "secret": "{SECRET}"}}}}"#);
    let error = run(&Http::new(Endpoints::parse(&json).unwrap()), "1").await.unwrap_err();
    assert_eq!(error, ItemError::unreachable("endpoint crm: its name could not be resolved"));
}

/// A name that leads only to this machine, without `allowPrivate`, is refused before any connection.
#[tokio::test]
async fn a_private_name_is_refused() {
    let json = format!(r#"{{"crm": {{"url": "https://localhost:1/", "secret": "{SECRET}"}}}}"#);
    let error = run(&Http::new(Endpoints::parse(&json).unwrap()), "1").await.unwrap_err();
    assert!(matches!(&error, ItemError::Permanent { code, .. } if code == "address"), "{error:?}");
}

#[tokio::test]
async fn an_unknown_endpoint_names_the_known_ones() {
    let error = http(1, "").process(item("1", r#"{"endpoint": "erp"}"#)).await.unwrap_err();
    assert_eq!(error, ItemError::permanent("endpoint", "there is no endpoint \"erp\": known are crm"));
    let error = Http::new(Endpoints::default()).prepare(&item("1", r#"{"endpoint": "erp"}"#).params).err().unwrap();
    assert!(error.to_string().contains("HEADWAY_HTTP_ENDPOINTS"), "{error}");
    let error = http(1, "").prepare(&item("1", r#"{"url": "http://x"}"#).params).err().unwrap();
    assert!(error.to_string().contains("unknown field `url`"), "{error}");
}

/// The worker uses these options; those of the bound processor are the endpoint's own.
#[test]
fn options_are_the_endpoints() {
    let http = http(1, r#", "timeoutSeconds": 20, "concurrency": 3, "maxAttempts": 7"#);
    let bound = http.prepare(&item("1", r#"{"endpoint": "crm"}"#).params).unwrap().unwrap().options();
    assert_eq!((bound.concurrency, bound.item_timeout.as_secs(), bound.attempts_max), (3, 21, 7));
    assert_eq!(bound.limit.as_deref(), Some("crm"), "a job that waits names the endpoint, not the processor");
    assert_eq!(http.options().params_schema["properties"]["endpoint"]["enum"], serde_json::json!(["crm"]));
    assert!(!format!("{http:?}").contains(SECRET));
}
