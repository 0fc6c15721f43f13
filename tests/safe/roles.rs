//! Least privilege: each function's role allows exactly the calls that it was seen to make.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::json;

use crate::house::House;

const TEMPLATE: &str = include_str!("../../template.yaml");
/// Actions that Lambda itself performs with the worker's role, and those that every function needs for its logs.
const NOT_OURS: [&str; 4] = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// Everything that can happen to jobs, so that every possible call is made.
async fn live(house: &House) {
    let fails = json!({"fail": "no"});
    let body = json!({"processor": "echo", "items": [1, fails], "chunkSize": 1, "toleratedFailures": {"count": 9}}).to_string();
    let request = || {
        let request = http::Request::post("/v1/jobs").header("authorization", format!("Bearer {}", house.token("ann")));
        request.header("content-type", "application/json").header("idempotency-key", "k").body(body.clone().into()).unwrap()
    };
    let done = house.send(request()).await.id();
    assert_eq!(house.send(request()).await.id(), done);
    race(house).await;
    let held = house.start("ann", json!({"items": [1, 2, fails], "chunkSize": 1})).await.id();
    house.post("ann", &format!("/v1/jobs/{held}/pause"), &json!({})).await;
    house.work().await;
    house.post("ann", &format!("/v1/jobs/{held}/resume"), &json!({})).await;
    house.work().await;
    house.post("ann", &format!("/v1/jobs/{held}/retry"), &json!({"round": 1})).await;
    let open = house.start("ann", json!({"sealed": false})).await.id();
    let part = format!("/v1/jobs/{open}/parts/0?firstIndex=0");
    house.call("ann", "PUT", &part, "application/x-ndjson", "1\n2\n").await;
    house.post("ann", &format!("/v1/jobs/{open}/seal"), &json!({"parts": 1})).await;
    house.work().await;
    for path in ["", "/parts?pageSize=1", "/failures?pageSize=1", "/failures/groups", "/results"] {
        assert_eq!(house.get("ann", &format!("/v1/jobs/{done}{path}")).await.status, 200, "{path}");
    }
    let token = house.post("ann", &format!("/v1/jobs/{done}/tokens"), &json!({"allow": "read"})).await.json();
    let request = http::Request::get(format!("/embed/v1/jobs/{done}"));
    let request = request.header("authorization", format!("Bearer {}", token["token"].as_str().unwrap()));
    assert_eq!(house.send(request.body(axum::body::Body::empty()).unwrap()).await.status, 200);
    house.get("ann", "/v1/jobs?pageSize=1").await;
    assert_eq!(house.get("ops", "/v1/jobs?owner=*").await.status, 200);
    house.post("ann", &format!("/v1/jobs/{}/cancel", house.start("ann", json!({"items": [1]})).await.id()), &json!({})).await;
    assert_eq!(house.call("ann", "DELETE", &format!("/v1/jobs/{open}"), "", "").await.status, 204);
    careful(house).await;
    house.deliver(&house.embedded.dead_letters().arn.clone(), &[("m", "not ours")]).await;
    // An hour later the sweep checks jobs that do not move; two days later unfinished submissions; then expired jobs.
    house.start("ann", json!({"items": [1, 2], "chunkSize": 1})).await.id();
    let forgotten = house.start("ann", json!({"sealed": false})).await.id();
    for n in 0..2 {
        let part = format!("/v1/jobs/{forgotten}/parts/{n}?firstIndex={n}");
        assert_eq!(house.call("ann", "PUT", &part, "application/x-ndjson", "1\n").await.status, 201);
    }
    house.clock.pass(TimeDelta::hours(2));
    house.sweep().await;
    house.clock.pass(TimeDelta::days(2));
    house.sweep().await;
    house.work().await;
    house.clock.pass(TimeDelta::days(40));
    house.sweep().await;
}

/// Two concurrent requests with one `Idempotency-Key`, neither of which finds the other's job: one creates the job, and
/// the other gets that job.
async fn race(house: &House) {
    let request = || {
        let request = http::Request::post("/v1/jobs").header("authorization", format!("Bearer {}", house.token("ann")));
        let request = request.header("content-type", "application/json").header("idempotency-key", "race");
        request.body(json!({"processor": "echo", "items": [1]}).to_string().into()).unwrap()
    };
    let held = house.api_calls.hold("TransactWriteItems");
    let (loser, winner) = tokio::join!(house.send(request()), async {
        held.arrived().await;
        let winner = house.send(request()).await;
        held.go_on();
        winner
    });
    assert_eq!(loser.id(), winner.id());
}

/// A chunk whose worker is believed to have died: marks are written and removed.
async fn careful(house: &House) {
    house.start("ann", json!({"items": [1, 2]})).await.id();
    let received = house.embedded.sqs().receive_message().queue_url(&house.embedded.queue().url).send().await.unwrap();
    let body = received.messages.unwrap()[0].body.clone().unwrap();
    let mut message: serde_json::Value = serde_json::from_str(&body).unwrap();
    message["careful"] = true.into();
    assert!(house.deliver(&house.embedded.queue().arn.clone(), &[("m", &message.to_string())]).await.is_empty());
}

/// The actions in IAM: a transaction needs those of its parts, a batch of messages that of a single one.
fn actions(calls: Vec<String>) -> BTreeSet<String> {
    let action = |call: String| match call.split_once('.').unwrap() {
        (_, "TransactWriteItems") => "dynamodb:PutItem".to_owned(),
        (_, "SendMessageBatch") => "sqs:SendMessage".to_owned(),
        (service, operation) if service.starts_with("DynamoDB") => format!("dynamodb:{operation}"),
        (_, operation) => format!("sqs:{operation}"),
    };
    calls.into_iter().map(action).collect()
}

/// The actions that the template allows for a role, apart from those that no test calls.
fn allowed() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut roles: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut resource = "";
    for line in TEMPLATE.lines() {
        if let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '#'])).and_then(|rest| rest.strip_suffix(':')) {
            resource = name;
        }
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        let actions = words.filter(|word| word.starts_with("dynamodb:") || word.starts_with("sqs:"));
        let ours = actions.filter(|action| !NOT_OURS.contains(action)).map(str::to_owned);
        if resource.ends_with("Role") {
            roles.entry(resource).or_default().extend(ours);
        }
    }
    roles
}

#[tokio::test(start_paused = true)]
async fn each_role_allows_what_its_function_was_seen_to_call() {
    let house = House::new().await;
    live(&house).await;
    let House { api_calls, worker_calls, cleanup_calls, .. } = &house;
    let seen = [("ApiRole", api_calls), ("CleanupRole", cleanup_calls), ("WorkerRole", worker_calls)];
    let seen: BTreeMap<_, _> = seen.into_iter().map(|(role, calls)| (role, actions(calls.take()))).collect();
    assert_eq!(seen, allowed());
}
