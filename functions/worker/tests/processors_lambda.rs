//! `lambda` with AWS's own client and an endpoint on loopback that answers as AWS Lambda does.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::{Client, Config};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, Uri};
use chrono::{DateTime, Utc};
use headway_core::{Clock, Item, ItemError, ItemProcessor as _, JobId, Output, UserId};
use headway_testkit::clock::BEGINNING;
use headway_worker::processors::{Functions, Lambda};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use uuid::Uuid;

const BATCH: &str = "batch_5f0c2f3e-9a53-4d3c-8d0e-0d1f6a1d9b7c";
const JOB: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// A clock whose ids are all the same, so that answers can repeat the batch's name.
#[derive(Debug)]
struct SameId;

impl Clock for SameId {
    fn now(&self) -> DateTime<Utc> {
        BEGINNING
    }

    fn fresh_id(&self) -> Uuid {
        BATCH.trim_start_matches("batch_").parse().unwrap()
    }
}

/// What the endpoint answers: status, headers, body.
#[derive(Debug, Clone)]
struct Answer(u16, Vec<(&'static str, &'static str)>, String);

type Calls = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A client of an endpoint that gives the same answer to all calls, or none. Each call is recorded: its path and body.
async fn aws(answer: Option<Answer>) -> (Client, Calls) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let app = Router::new().fallback(move |State(answer): State<Option<Answer>>, uri: Uri, body: Bytes| {
        noted.lock().unwrap().push((uri.path().to_owned(), body));
        async move {
            let Some(Answer(status, headers, body)) = answer else { return std::future::pending().await };
            let response =
                headers.into_iter().fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
            response.body(Body::from(body)).unwrap()
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app.with_state(answer)).await });
    (client(port), calls)
}

fn client(port: u16) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(format!("http://127.0.0.1:{port}"));
    Client::from_conf(config.build())
}

fn lambda(client: Client) -> Lambda {
    let functions = r#"{"resize": {"function": "images-resize:live", "timeoutSeconds": 1}}"#;
    Lambda::new(Functions::parse(functions).unwrap()).with_client(client).with_clock(Arc::new(SameId))
}

fn items(indexes: &[u64]) -> Vec<Item> {
    let item = |index: &u64| Item {
        job_id: JobId::parse(JOB).unwrap(),
        user_id: UserId::new("u-17").unwrap(),
        index: *index,
        id: None,
        attempt: 1,
        round: 1,
        value: RawValue::from_string(format!("{{\"n\": {index}.00}}")).unwrap(),
        params: RawValue::from_string(r#"{"function": "resize"}"#.to_owned()).unwrap().into(),
    };
    indexes.iter().map(item).collect()
}

/// What an item became, in a few words.
fn told(result: Result<Output, ItemError>) -> String {
    match result {
        Ok(Output::Json(json)) => format!("done {}", json.get()),
        Ok(_) => "done".to_owned(),
        Err(ItemError::NoResult { code, .. }) => format!("no result, {code}"),
        Err(ItemError::Throttled { code, after, .. }) => format!("throttled, {code} {}", after.map_or(0, |after| after.as_secs())),
        Err(ItemError::Unreachable { code, .. }) => format!("waits, {code}"),
        Err(ItemError::Permanent { code, .. }) => format!("failed, {code}"),
        Err(ItemError::Retryable { code, .. }) => format!("retryable, {code}"),
    }
}

fn refusal(status: u16, name: &'static str) -> Answer {
    Answer(status, vec![("x-amzn-errortype", name)], r#"{"Message": "no"}"#.to_owned())
}

fn raised(body: &str) -> Answer {
    Answer(200, vec![("x-amz-function-error", "Unhandled")], body.to_owned())
}

/// The answer; what becomes of two items in one call; and of one that is alone.
fn cases() -> Vec<(Answer, &'static str, &'static str)> {
    let mut cases = vec![
        (
            raised(r#"{"errorType": "Sandbox.Timedout", "errorMessage": "late"}"#),
            "no result, function-timeout",
            "no result, function-timeout",
        ),
        (
            raised(r#"{"errorMessage": "2026-11-24T08:00:00Z 1f Task timed out after 3.00 seconds"}"#),
            "no result, function-timeout",
            "no result, function-timeout",
        ),
        (raised(r#"{"errorType": "Function.ResponseSizeTooLarge"}"#), "no result, answer-too-large", "failed, answer-too-large"),
        (raised(r#"{"errorType": "ValueError", "errorMessage": "no"}"#), "no result, function-error", "no result, function-error"),
        (raised("not JSON"), "no result, function-error", "no result, function-error"),
        (refusal(413, "RequestTooLargeException"), "no result, request-too-large", "failed, request-too-large"),
        (refusal(400, "InvalidRequestContentException"), "no result, invalid-request", "failed, invalid-request"),
        (refusal(500, "ServiceException"), "no result, service", "no result, service"),
        (refusal(503, "SomethingNew"), "no result, service", "no result, service"),
        (Answer(200, vec![], "null".to_owned()), "no result, invalid-answer", "no result, invalid-answer"),
        (Answer(200, vec![], String::new()), "no result, invalid-answer", "no result, invalid-answer"),
    ];
    for kind in ["Runtime.ExitError", "Runtime.OutOfMemory", "Runtime.ImportModuleError"] {
        let body = format!(r#"{{"errorType": "{kind}", "errorMessage": "RequestId: 1f Error: Runtime exited"}}"#);
        cases.push((raised(&body), "no result, function-exited", "no result, function-exited"));
    }
    let mut waits = refusal(429, "TooManyRequestsException");
    waits.1.push(("retry-after", "7"));
    cases.push((waits, "throttled, throttled 7", "throttled, throttled 7"));
    cases.push((refusal(502, "EC2ThrottledException"), "throttled, throttled 0", "throttled, throttled 0"));
    for (status, name) in [
        (404, "ResourceNotFoundException"),
        (403, "AccessDeniedException"),
        (502, "InvalidRuntimeException"),
        (502, "KMSAccessDeniedException"),
        (403, "UnrecognizedClientException"),
        (400, "SomethingNew"),
    ] {
        cases.push((refusal(status, name), "failed, function-configuration", "failed, function-configuration"));
    }
    for (status, name) in [
        (502, "ResourceNotReadyException"),
        (409, "ResourceConflictException"),
        (409, "SnapStartNotReadyException"),
        (502, "ENILimitReachedException"),
        (408, "EFSMountTimeoutException"),
        (502, "SubnetIPAddressLimitReachedException"),
    ] {
        cases.push((refusal(status, name), "waits, unreachable", "waits, unreachable"));
    }
    cases
}

#[tokio::test]
async fn every_kind_of_answer_is_told_apart_and_each_call_is_made_once() {
    let mut wrongs = Vec::new();
    for (answer, several, alone) in cases() {
        let (client, calls) = aws(Some(answer.clone())).await;
        let lambda = lambda(client);
        let of_two: Vec<String> = lambda.process_many(items(&[17, 18])).await.into_iter().map(told).collect();
        let of_one: Vec<String> = lambda.process_many(items(&[18])).await.into_iter().map(told).collect();
        if of_two != [several, several] || of_one != [alone] {
            wrongs.push(format!("{answer:?}: {of_two:?} and {of_one:?}, not {several} and {alone}"));
        }
        assert_eq!(calls.lock().unwrap().len(), 2, "{answer:?}: the client tried again by itself");
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Bug found: a code on the page that no answer leads to, or one that the page does not name.
#[test]
fn the_page_names_the_codes() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/processor-protocol.md")).unwrap();
    let (_, section) = page.split_once("\n## `lambda`").unwrap();
    let lines = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with('|'));
    let told: BTreeSet<&str> =
        lines.filter_map(|line| line.trim_end_matches(" |").rsplit_once("| `")).map(|(_, code)| code.trim_matches('`')).collect();
    let shown = cases().into_iter().map(|(_, several, _)| several.split(", ").nth(1).unwrap().split(' ').next().unwrap());
    let shown: BTreeSet<&str> = shown.filter(|code| *code != "invalid-answer").chain(["timeout"]).collect();
    assert_eq!(told, shown);
}

#[tokio::test]
async fn the_document_is_the_event_and_each_item_has_its_own_result() {
    let answer = format!(
        r#"{{"batch": "{BATCH}", "results": [{{"index": 18, "error": {{"kind": "permanent", "code": "closed"}}}}, {{"index": 17, "output": 1.10}}]}}"#
    );
    let (client, calls) = aws(Some(Answer(200, vec![], answer))).await;
    let results = lambda(client).process_many(items(&[17, 18, 19])).await.into_iter().map(told).collect::<Vec<_>>();
    assert_eq!(results, ["done 1.10", "failed, closed", "no result, no-result"]);
    let (path, event) = calls.lock().unwrap()[0].clone();
    assert_eq!(path, "/2015-03-31/functions/images-resize%3Alive/invocations");
    let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
    assert_eq!((&event["type"], &event["processor"], &event["batch"]), (&"headway.batch".into(), &"lambda".into(), &BATCH.into()));
    assert_eq!((event["limits"]["seconds"].as_u64(), event["items"].as_array().unwrap().len()), (Some(1), 3));
}

/// Without an answer in time the function may still be running; without a connection it never ran.
#[tokio::test]
async fn a_call_without_an_answer_is_no_result_and_one_without_a_connection_waits() {
    let (silent, _) = aws(None).await;
    let late = lambda(silent).process_many(items(&[17])).await.remove(0);
    assert!(
        matches!(&late, Err(ItemError::NoResult { code, retry_after: Some(wait), .. }) if code == "timeout" && *wait >= Duration::from_secs(1))
    );
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = lambda(client(closed.local_addr().unwrap().port()));
    assert_eq!(told(nobody.process_many(items(&[17])).await.remove(0)), "waits, unreachable");
}

#[test]
fn options_are_the_functions() {
    let functions =
        Functions::parse(r#"{"resize": {"function": "x", "batch": 7, "timeoutSeconds": 20, "concurrency": 3, "maxAttempts": 2}}"#);
    let lambda = Lambda::new(functions.unwrap());
    let bound = lambda.prepare(&items(&[1])[0].params).unwrap().unwrap().options();
    assert_eq!((bound.batch, bound.concurrency, bound.item_timeout.as_secs(), bound.attempts_max), (7, 3, 21, 2));
    assert_eq!((bound.limit.as_deref(), lambda.options().limit), (Some("resize"), None));
    let unknown = lambda.prepare(&RawValue::from_string(r#"{"function": "crop"}"#.to_owned()).unwrap()).err().unwrap();
    assert_eq!(unknown, ItemError::permanent("function", "there is no function \"crop\": known are resize"));
}
