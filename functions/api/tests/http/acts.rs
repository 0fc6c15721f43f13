//! What an owner can do with a job: each call once, again, and too late.

use axum::body::Body;
use chrono::TimeDelta;
use headway_core::sweep::sweep;
use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn act(world: &World, id: &str, verb: &str) -> Answer {
    world.call("ann", "POST", &format!("/v1/jobs/{id}/{verb}")).await
}

async fn retry(world: &World, id: &str, round: u64) -> Answer {
    world.post(&format!("/v1/jobs/{id}/retry"), json!({ "round": round }).to_string()).await
}

async fn job(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/jobs/{id}")).await.json()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.problem())
}

fn conflict(problem: &str) -> (u16, String) {
    (409, problem.to_owned())
}

/// A cancelled job ends once, and a second cancel is answered like the first.
#[tokio::test(start_paused = true)]
async fn a_job_is_cancelled_once() {
    let world = World::new();
    let id = world.start(json!([1, 2])).await;
    let cancelled = world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["status"]), (200, &json!("Cancelled")));
    assert_eq!(cancelled.json()["pendingItems"], 2);
    world.work().await;
    let again = world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &cancelled.body), "nothing was begun, nothing has changed");

    let id = world.start(json!([1])).await;
    world.work().await;
    let late = world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    assert_eq!((late.status.as_u16(), late.problem().as_str()), (409, "job-ended"));
    assert_eq!(late.json()["jobStatus"], "Completed");
}

/// A paused job loses nothing and can be resumed. Sending either request twice has the effect of sending it once.
#[tokio::test(start_paused = true)]
async fn a_job_is_paused_and_resumed() {
    let world = World::new();
    let id = world.start_with(json!({"items": [1, 2, 3], "chunkSize": 1})).await;
    assert_eq!(act(&world, &id, "resume").await.status, 200, "it was not held");
    let held = act(&world, &id, "pause").await;
    assert_eq!((held.status.as_u16(), &held.json()["paused"], &held.json()["status"]), (200, &json!(true), &json!("Pending")));
    assert_eq!(held.json()["actions"], json!(["cancel", "resume"]));
    assert_eq!((held.header("retry-after"), held.header("cache-control")), ("1", "private, no-cache"));
    assert!(!held.header("etag").is_empty());
    assert_eq!(act(&world, &id, "pause").await.body, held.body, "nothing has changed");
    world.work().await;
    assert_eq!(job(&world, &id).await["pendingItems"], 3);
    let parts = world.get(&format!("/v1/jobs/{id}/parts")).await.json();
    assert_eq!((&parts["parts"][0]["open"], &parts["parts"][0]["parked"]), (&json!(""), &json!("0-2")));

    let running = act(&world, &id, "resume").await;
    assert_eq!((running.status.as_u16(), &running.json()["paused"]), (200, &json!(false)));
    let again = act(&world, &id, "resume").await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &running.body));
    world.work().await;
    let ended = job(&world, &id).await;
    assert_eq!((&ended["status"], &ended["processedItems"], &ended["actions"]), (&json!("Completed"), &json!(3), &json!(["delete"])));
    for verb in ["pause", "resume"] {
        let late = act(&world, &id, verb).await;
        assert_eq!((refused(&late), &late.json()["jobStatus"]), (conflict("job-ended"), &json!("Completed")), "{verb}");
    }
}

/// The same retry request, however often and however late it is sent, must not run anything twice.
#[tokio::test]
async fn a_round_is_left_only_once() {
    let world = World::new();
    let id = world.start_with(json!({"items": [1, {"fail": "a"}, {"fail": "b"}], "chunkSize": 1})).await;
    let early = retry(&world, &id, 1).await;
    assert_eq!((refused(&early), &early.json()["jobStatus"]), (conflict("job-not-ended"), &json!("Pending")));
    world.work().await;
    let failed = job(&world, &id).await;
    assert_eq!((&failed["status"], &failed["actions"]), (&json!("Failed"), &json!(["retry", "delete"])));
    let token = world.get(&format!("/v1/jobs/{id}/failures?pageSize=1")).await.json()["nextPageToken"].clone();

    let left = retry(&world, &id, 1).await;
    assert_eq!((left.status.as_u16(), left.header("retry-after"), left.header("location")), (202, "1", ""));
    let next = left.json();
    assert_eq!((&next["round"], &next["status"], &next["failedItems"]), (&json!(2), &json!("Processing"), &json!(0)));
    assert_eq!((&next["completedAt"], &next["errorMessage"], &next["expiresAt"]), (&Value::Null, &Value::Null, &Value::Null));
    let part = world.get(&format!("/v1/jobs/{id}/parts")).await.json()["parts"][0].clone();
    assert_eq!(
        (&part["failedItems"], &part["settled"], &part["open"]),
        (&json!(0), &json!("0"), &json!("1-2")),
        "the part and the job agree"
    );
    if let Some(token) = token.as_str() {
        assert_eq!(world.get(&format!("/v1/jobs/{id}/failures?pageToken={token}")).await.problem(), "page-token");
    }
    let again = retry(&world, &id, 1).await;
    assert_eq!((again.status.as_u16(), &again.body), (202, &left.body));
    assert_eq!(refused(&act(&world, &id, "retry").await), conflict("job-not-ended"), "without a round it would start another one");
    assert_eq!(refused(&retry(&world, &id, 2).await), conflict("job-not-ended"));
    for other in [3, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(refused(&retry(&world, &id, other).await), conflict("round-differs"), "{other}");
    }
    world.work().await;
    assert_eq!(retry(&world, &id, 1).await.json()["status"], "Failed", "the job as it is now");
    assert_eq!(act(&world, &id, "retry").await.json()["round"], 3, "without a body the current round is left");
    assert_eq!(refused(&retry(&world, &id, 1).await), conflict("round-differs"));
}

/// A refused retry says why.
#[tokio::test(start_paused = true)]
async fn a_retry_needs_something_to_retry() {
    let world = World::new();
    let completed = world.start(json!([1])).await;
    world.work().await;
    assert_eq!(refused(&act(&world, &completed, "retry").await), conflict("nothing-to-retry"));
    let cancelled = world.start(json!([1])).await;
    act(&world, &cancelled, "cancel").await;
    let answer = act(&world, &cancelled, "retry").await;
    assert_eq!((refused(&answer), &answer.json()["jobStatus"]), (conflict("job-ended"), &json!("Cancelled")));
    assert_eq!(job(&world, &cancelled).await["actions"], json!(["delete"]));
    let tolerant = world.start_with(json!({"items": [1, {"fail": "x"}], "toleratedFailures": {"count": 1}})).await;
    world.work().await;
    assert_eq!(act(&world, &tolerant, "retry").await.status, 202, "completed, but with a failure");
}

/// An unclear body must not start a round.
#[tokio::test]
async fn a_retrys_body_is_read_strictly() {
    let world = World::new();
    let id = world.start(json!([{"fail": "x"}])).await;
    world.work().await;
    let path = format!("/v1/jobs/{id}/retry");
    let invalid =
        ["{}", "[]", "null", "1", r#"{"round":0}"#, r#"{"round":-1}"#, r#"{"round":1.5}"#, r#"{"round":"1"}"#, r#"{"round":1,"x":1}"#];
    for body in invalid {
        assert_eq!(world.post(&path, body).await.problem(), "invalid", "{body}");
    }
    for body in ["{", " ", r#"{"round":1,"round":1}"#, r#"{"round":1}x"#] {
        assert_eq!(world.post(&path, body).await.problem(), "malformed", "{body}");
    }
    let send = async |headers: &[(&str, &str)], body: &str| {
        let request = headers.iter().fold(world.request("ann", "POST", &path), |request, (name, value)| request.header(*name, *value));
        world.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    assert_eq!(send(&[("content-type", "text/plain")], r#"{"round":1}"#).await.problem(), "media-type");
    assert_eq!(send(&[], r#"{"round":1}"#).await.problem(), "media-type");
    assert_eq!(send(&[("content-type", "application/json"), ("content-encoding", "gzip")], r#"{"round":1}"#).await.problem(), "media-type");
    assert_eq!(job(&world, &id).await["round"], 1);
    assert_eq!(send(&[("content-type", "text/plain")], "").await.status, 202, "without a body the type does not matter");
}

/// A submission that failed halfway accepts the missing parts after a retry.
#[tokio::test]
async fn an_unsealed_job_accepts_parts_again() {
    let world = World::new();
    let id = world.start_with(json!({"sealed": false})).await;
    world.put_part(&id, 0, 0, "1\n{\"fail\":\"x\"}").await;
    world.work().await;
    let failed = job(&world, &id).await;
    assert_eq!((&failed["status"], &failed["actions"]), (&json!("Failed"), &json!(["retry", "delete", "seal"])));
    assert_eq!(refused(&world.put_part(&id, 1, 2, "3").await), conflict("job-ended"));
    let open = act(&world, &id, "retry").await;
    assert_eq!((open.status.as_u16(), &open.json()["actions"]), (202, &json!(["cancel", "pause", "seal"])));
    assert_eq!(world.put_part(&id, 1, 2, "3").await.status, 201);

    let id = world.start_with(json!({"sealed": false})).await;
    world.put_part(&id, 0, 0, "1\n{\"fail\":\"x\"}").await;
    world.work().await;
    let sealed = world.post(&format!("/v1/jobs/{id}/seal"), r#"{"parts":1}"#).await.json();
    assert_eq!((&sealed["status"], &sealed["actions"]), (&json!("Failed"), &json!(["retry", "delete"])), "it had all its parts");
}

/// A deleted job looks like one that never existed, and its idempotency key is free again.
#[tokio::test]
async fn a_job_is_deleted() {
    let world = World::new();
    let start = async || {
        let request = world.request("ann", "POST", "/v1/jobs").header("content-type", "application/json").header("idempotency-key", "k");
        world.send(request.body(Body::from(r#"{"processor":"echo","items":[{"fail":"x"}]}"#)).unwrap()).await.json()["id"].clone()
    };
    let id = start().await.as_str().unwrap().to_owned();
    let path = format!("/v1/jobs/{id}");
    let early = world.call("ann", "DELETE", &path).await;
    assert_eq!((refused(&early), &early.json()["jobStatus"]), (conflict("job-not-ended"), &json!("Pending")));
    world.work().await;
    let gone = world.call("ann", "DELETE", &path).await;
    assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
    assert_eq!((gone.header("content-type"), gone.header("cache-control")), ("", "no-store"));
    for (method, below) in [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("POST", "/pause"), ("GET", "/failures"), ("GET", "/parts")] {
        assert_eq!(world.call("ann", method, &format!("{path}{below}")).await.status, 404, "{method} {below}");
    }
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"], json!([]));
    assert_ne!(start().await, id.as_str(), "the key is free again");
    world.clock.pass(TimeDelta::minutes(16));
    assert_eq!(sweep(&world.app).await.unwrap().deleted, 1, "and within the hour no row is left of it");
}

/// After its retention a job is gone for every call, even before the sweep has deleted it.
#[tokio::test]
async fn an_expired_job_is_gone() {
    let world = World::new();
    let id = world.start(json!([{"fail": "x"}])).await;
    world.work().await;
    world.clock.pass(TimeDelta::days(30));
    let path = format!("/v1/jobs/{id}");
    let posts = ["/cancel", "/pause", "/resume", "/retry", "/seal"].map(|below| ("POST", below));
    for (method, below) in posts.into_iter().chain([("GET", ""), ("GET", "/failures"), ("GET", "/parts"), ("DELETE", "")]) {
        assert_eq!(world.call("ann", method, &format!("{path}{below}")).await.status, 404, "{method} {below}");
    }
}
