//! Events with AWS's own client and an endpoint on loopback that answers as EventBridge does.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_eventbridge::{Client, Config};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use headway_core::config::EventsTo;
use headway_core::job::{Labels, NoticeKind, SendResult};
use headway_core::limits::{JOB_ERROR_BYTES_MAX, METADATA_BYTES_MAX, TITLE_CHARS_MAX};
use headway_core::notice::{Notice, NoticeSender as _};
use headway_core::{Job, JobId, JobStatus, SystemClock, UserId};
use headway_testkit::clock::BEGINNING;
use headway_worker::{EVENT_BYTES_MAX, Events};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const JOB: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// Events on the bus `jobs` of an EventBridge that answers this to every call.
async fn events(status: u16, answer: Value) -> (Events, Calls) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let app = Router::new().fallback(move |headers: HeaderMap, body: String| {
        let target = headers["x-amz-target"].to_str().unwrap().to_owned();
        noted.lock().unwrap().push((target, serde_json::from_str(&body).unwrap()));
        let answer = answer.to_string();
        async move { (StatusCode::from_u16(status).unwrap(), [("content-type", "application/x-amz-json-1.1")], answer) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (Events::new(EventsTo::Bus("jobs".to_owned()), Arc::new(SystemClock)).with_client(client(port)), calls)
}

fn client(port: u16) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)))
        .endpoint_url(format!("http://127.0.0.1:{port}"));
    Client::from_conf(config.build())
}

fn notice(kind: NoticeKind) -> Notice {
    let mut job = Job::new(JobId::parse(JOB).unwrap(), UserId::new("u-17").unwrap(), 9, BEGINNING);
    (job.status, job.started_at, job.completed_at) = (JobStatus::Completed, Some(BEGINNING), Some(BEGINNING));
    (job.processed_items, job.failed_items) = (7, 2);
    Notice { kind, endpoint: None, id: kind.id(job.id, 1), timestamp: BEGINNING, job }
}

/// Bug found: an answer of 200 counted as sent although the bus had refused the entry in it.
#[tokio::test]
async fn only_a_confirmed_entry_is_delivered() {
    let refused = |code: &str| json!({"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]});
    let cases = [
        (200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}), None),
        (200, refused("ThrottlingException"), Some("ThrottlingException: no")),
        (200, refused("NotAuthorizedForSource"), Some("NotAuthorizedForSource: no")),
        (200, json!({"FailedEntryCount": 1, "Entries": []}), Some("FailedEntryCount 1")),
        (200, json!({"FailedEntryCount": 0, "Entries": []}), Some("did not confirm")),
        (200, json!({}), Some("did not confirm")),
        (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}), Some("Rate exceeded")),
        (400, json!({"__type": "AccessDeniedException", "message": "not allowed"}), Some("not allowed")),
        (400, json!({"__type": "ResourceNotFoundException", "message": "Event bus jobs does not exist."}), Some("does not exist")),
        (500, json!({"__type": "InternalException", "message": "ours"}), Some("ours")),
    ];
    for (status, answer, reason) in cases {
        let (events, _calls) = events(status, answer.clone()).await;
        match (events.send(&notice(NoticeKind::JobEnded)).await, reason) {
            (SendResult::Delivered, None) => {}
            (SendResult::Failed(said), Some(reason)) => assert!(said.contains(reason), "{answer}: {said}"),
            (other, _) => panic!("{status} {answer}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_throttled_call_is_made_again() {
    let (events, calls) = events(400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"})).await;
    assert!(matches!(events.send(&notice(NoticeKind::JobEnded)).await, SendResult::Failed(_)));
    assert_eq!(calls.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_event_is_the_job_with_an_id_that_never_changes() {
    let (events, calls) = events(200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})).await;
    for (kind, name, id) in [(NoticeKind::JobStarted, "job.started", "_1_started"), (NoticeKind::JobEnded, "job.completed", "_1_ended")] {
        for _ in 0..2 {
            assert_eq!(events.send(&notice(kind)).await, SendResult::Delivered);
            let (target, body) = calls.lock().unwrap().pop().unwrap();
            let [entry] = &body["Entries"].as_array().unwrap()[..] else { panic!("{body}") };
            let seen = ["EventBusName", "Source", "DetailType"].map(|name| entry[name].as_str().unwrap().to_owned());
            assert_eq!((target.as_str(), seen.each_ref().map(String::as_str)), ("AWSEvents.PutEvents", ["jobs", "headway", kind.as_str()]));
            assert_eq!(entry["Time"].as_f64(), Some(BEGINNING.timestamp() as f64));
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            assert_eq!((&detail["type"], &detail["id"]), (&json!(name), &json!(format!("{JOB}{id}"))));
            assert_eq!(detail["timestamp"], "2026-11-24T08:00:00.000Z");
            assert_eq!((&detail["data"]["id"], &detail["data"]["failedItems"]), (&json!(JOB), &json!(2)));
        }
    }
}

/// Bug found: an event too large for the bus was tried for 18 hours.
#[tokio::test]
async fn the_largest_job_is_far_below_what_the_bus_accepts() {
    let (events, calls) = events(200, json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})).await;
    let mut largest = notice(NoticeKind::JobEnded);
    let text = |chars: usize| Some("\u{1}".repeat(chars));
    largest.job.labels = Labels {
        callback: text(64),
        title: text(TITLE_CHARS_MAX),
        metadata: Some(format!("{{\"k\":\"{}\"}}", "x".repeat(METADATA_BYTES_MAX))),
        events: true,
    };
    largest.job.error_message = text(JOB_ERROR_BYTES_MAX);
    largest.job.created_by = "\u{1}".repeat(4_000);
    assert_eq!(events.send(&largest).await, SendResult::Delivered);
    let bytes = calls.lock().unwrap()[0].1["Entries"][0]["Detail"].as_str().unwrap().len();
    assert!(bytes < EVENT_BYTES_MAX / 4, "{bytes}");
}

#[tokio::test]
async fn without_a_bus_each_event_is_a_line_as_the_bus_delivers_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    let events = Events::new(EventsTo::Log(path.clone()), Arc::new(SystemClock));
    for kind in [NoticeKind::JobStarted, NoticeKind::JobEnded] {
        assert_eq!(events.send(&notice(kind)).await, SendResult::Delivered);
    }
    let lines: Vec<Value> = std::fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["detail-type"].as_str().unwrap()).collect::<Vec<_>>(), ["JobStarted", "JobEnded"]);
    assert_eq!((&lines[1]["source"], &lines[1]["detail"]["data"]["status"]), (&json!("headway"), &json!("Completed")));
    let gone = Events::new(EventsTo::Log(directory.path().join("no/such")), Arc::new(SystemClock));
    assert!(matches!(gone.send(&notice(NoticeKind::JobEnded)).await, SendResult::Failed(reason) if reason.contains("no/such")));
}
