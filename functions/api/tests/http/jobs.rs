//! Starting jobs, reading one, and listing them.

use axum::body::Body;
use chrono::TimeDelta;
use headway_core::limits::{BODY_BYTES_MAX, ITEM_BYTES_MAX};
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// A job's whole life, and its document byte for byte: clients in other languages rely on its fields and their order.
#[tokio::test]
async fn a_job_from_its_start_to_its_end() {
    let world = World::new();
    let body = json!({"processor": "echo", "items": [{"n": 1}, {"n": 2}, {"fail": "no"}, {"n": 4}],
        "toleratedFailures": {"count": 1}, "title": "Airports, \u{fc}", "metadata": {"file": "a.csv"}});
    let started = world.post("/v1/jobs", body.to_string()).await;
    assert_eq!(started.status, 202);
    let id = started.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((started.header("location"), started.header("retry-after")), (&*format!("jobs/{id}"), "1"));
    assert_eq!(started.header("cache-control"), "private, no-cache");
    let expected = format!(
        r#"{{"id":"{id}","status":"Pending","progressPercentage":0.0,"totalItems":4,"processedItems":0,"errorMessage":null,"#
    ) + r#""createdAt":"2026-11-24T08:00:00.000Z","completedAt":null,"failedItems":0,"pendingItems":4,"processor":"echo","round":1,"#
        + r#""sealed":true,"paused":false,"startedAt":null,"updatedAt":"2026-11-24T08:00:00.000Z","expiresAt":null,"#
        + r#""itemsPerSecond":null,"estimatedCompletionAt":null,"actions":["cancel","pause"],"toleratedFailures":{"count":1},"#
        + r#""title":"Airports, ü","metadata":{"file":"a.csv"},"createdBy":"ann","callback":null,"callbackState":null,"callbackDelivery":null,"cost":null,"#
        + r#""settling":false,"waitingFor":null,"retryingItems":0,"correctedItems":0,"limits":null,"#
        + r#""rounds":[{"round":1,"processedItems":0,"failedItems":0,"correctedItems":0}],"idField":null,"expectedItems":null}"#;
    assert_eq!(started.body, expected);

    let path = format!("/v1/jobs/{id}");
    let pending = world.get(&path).await;
    assert_eq!((pending.status.as_u16(), pending.body.as_str()), (200, expected.as_str()));
    let etag = pending.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");

    world.clock.pass(TimeDelta::seconds(60));
    world.work().await;
    let ended = world.get(&path).await;
    let job = ended.json();
    assert_eq!((&job["status"], &job["progressPercentage"]), (&json!("Completed"), &json!(100.0)));
    assert_eq!((&job["processedItems"], &job["failedItems"], &job["pendingItems"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!(job["completedAt"], "2026-11-24T08:01:00.000Z");
    assert_eq!(job["actions"], json!(["retry", "delete"]));
    assert_eq!(ended.header("retry-after"), "", "nothing to wait for any more");
    assert_ne!(ended.header("etag"), etag);
    let list = world.get("/v1/jobs").await.json();
    assert_eq!((&job["title"], &list["jobs"][0]["title"]), (&json!("Airports, ü"), &json!("Airports, ü")));
}

/// Polling an unchanged job must not send a body, and a change must not be missed.
#[tokio::test]
async fn an_unchanged_job_is_not_sent_again() {
    let world = World::new();
    let path = format!("/v1/jobs/{}", world.start(json!([1])).await);
    let etag = world.get(&path).await.header("etag").to_owned();
    let ask =
        async |tags: &str| world.send(world.request("ann", "GET", &path).header("if-none-match", tags).body(Body::empty()).unwrap()).await;
    for tags in [etag.as_str(), etag.trim_start_matches("W/"), &format!("\"x\", {etag}"), "*"] {
        let answer = ask(tags).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (304, ""), "{tags}");
        assert_eq!((answer.header("etag"), answer.header("retry-after")), (etag.as_str(), "1"));
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
    assert_eq!(ask("\"x\"").await.status, 200);
    world.clock.pass(TimeDelta::seconds(60));
    assert_eq!(ask(&etag).await.header("retry-after"), "5", "after the first minute");
    world.work().await;
    assert_eq!(ask(&etag).await.status, 200);
}

/// A request that is sent again must not start a second job.
#[tokio::test]
async fn an_idempotency_key_starts_one_job() {
    let world = World::new();
    let send = async |user: &str, key: &str, body: &str| {
        let request = world.request(user, "POST", "/v1/jobs").header("content-type", "application/json");
        world.send(request.header("idempotency-key", key).body(Body::from(body.to_owned())).unwrap()).await
    };
    let (body, other) = (r#"{"processor":"echo","items":[1]}"#, r#"{"processor":"echo", "items":[1]}"#);
    let first = send("ann", "k-1", body).await;
    assert_eq!(first.status, 202);
    world.work().await;
    let again = send("ann", "\"k-1\"", body).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (202, &first.json()["id"]));
    assert_eq!(again.json()["status"], "Completed", "the job as it is now");
    assert_eq!(again.header("location"), first.header("location"));

    let reused = send("ann", "k-1", other).await;
    assert_eq!((reused.status.as_u16(), reused.problem().as_str()), (422, "idempotency-key-reused"));
    validating_sees_the_key(&world, body, other).await;
    assert_ne!(send("bob", "k-1", body).await.json()["id"], first.json()["id"], "each owner has keys of its own");
    assert_ne!(send("ann", "k-2", body).await.json()["id"], first.json()["id"]);
    assert_eq!(send("ann", &"k".repeat(255), body).await.status, 202);
    for key in ["", "\"\"", "\"", "\"\"\"", "a b", "é", &"k".repeat(256)] {
        assert_eq!(send("ann", key, body).await.problem(), "malformed", "{key:?}");
    }
}

/// Bug found: a body was called right although its key belonged to another.
async fn validating_sees_the_key(world: &World, body: &str, other: &str) {
    for (user, key, body, status) in
        [("ann", "k-1", body, 200), ("ann", "k-1", other, 422), ("bob", "k-1", other, 200), ("ann", "k-9", other, 200)]
    {
        let request = world.request(user, "POST", "/v1/jobs?validateOnly=true").header("content-type", "application/json");
        let answer = world.send(request.header("idempotency-key", key).body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{user} {key}: {}", answer.body);
        assert!(status == 200 || answer.problem() == "idempotency-key-reused");
    }
}

/// Every refusal, by its type. A refused job leaves nothing behind.
#[tokio::test]
async fn a_refused_job_leaves_nothing_behind() {
    let world = World::new();
    let deep = format!(r#"{{"processor":"echo","items":[{}{}]}}"#, "[".repeat(101), "]".repeat(101));
    let large_item = json!({"processor": "echo", "items": [1, "x".repeat(ITEM_BYTES_MAX)]}).to_string();
    let table: [(&str, u16, &str); 15] = [
        ("", 400, "malformed"),
        ("{", 400, "malformed"),
        (r#"{"processor":"echo","items":[1]} x"#, 400, "malformed"),
        (r#"{"processor":"echo","items":[{"a":1,"a":1}]}"#, 400, "malformed"),
        (r#"{"processor":"echo","items":[1e999]}"#, 400, "malformed"),
        (&deep, 400, "malformed"),
        ("[]", 422, "invalid"),
        (r#"{"processor":"echo"}"#, 422, "invalid"),
        (r#"{"processor":"echo","items":[],"x":1}"#, 422, "invalid"),
        (r#"{"processor":"echo","items":[1],"sealed":false}"#, 422, "invalid"),
        (r#"{"processor":"echo","items":[{"id":"a"},{"id":"a"}],"idField":"id"}"#, 422, "invalid"),
        (r#"{"processor":"echo","items":[{"id":"a"},{}],"idField":"id"}"#, 422, "invalid"),
        (r#"{"processor":"echo","items":[1],"callback":"crm"}"#, 422, "invalid"),
        (&large_item, 422, "invalid"),
        (r#"{"processor":"none","items":[1]}"#, 422, "unknown-processor"),
    ];
    for (body, status, problem) in table {
        let answer = world.post("/v1/jobs", body.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, problem), "{body:.60}");
        assert_eq!(answer.json()["instance"], "/v1/jobs");
    }
    assert_eq!(world.post("/v1/jobs", b"{\"processor\":\"\xff\"}".to_vec()).await.problem(), "malformed");
    let unknown = world.post("/v1/jobs", r#"{"processor":"none","items":[]}"#).await;
    assert_eq!(unknown.json()["known"], json!(["echo"]));
    let many = world.post("/v1/jobs", format!(r#"{{"processor":"echo","items":[{}0]}}"#, "0,".repeat(50_000))).await;
    assert_eq!((many.problem().as_str(), &many.json()["errors"][0]["pointer"]), ("invalid", &json!("/items")));
    let invalid = world.post("/v1/jobs", large_item).await;
    assert_eq!(invalid.json()["errors"][0]["pointer"], "/items/1");

    assert_eq!(world.get("/v1/jobs").await.body, r#"{"jobs":[],"nextPageToken":null}"#);
    assert!(world.take().is_empty());
}

/// The limit is exact, and a larger body is not read, whatever its declared length.
#[tokio::test]
async fn bodies_have_a_maximum_size() {
    let world = World::new();
    let padded = |bytes: usize| {
        let body = r#"{"processor":"echo","items":[1]}"#;
        format!("{body}{}", " ".repeat(bytes - body.len()))
    };
    assert_eq!(world.post("/v1/jobs", padded(BODY_BYTES_MAX)).await.status, 202);
    let refused = world.post("/v1/jobs", padded(BODY_BYTES_MAX + 1)).await;
    assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (413, "too-large"));
    assert_eq!(refused.json()["limit"], BODY_BYTES_MAX);
    assert!(refused.json()["detail"].as_str().unwrap().contains("parts"));

    let sized = async |length: &str, body: Body| {
        let request = world.request("ann", "POST", "/v1/jobs").header("content-type", "application/json");
        world.send(request.header("content-length", length).body(body).unwrap()).await.status.as_u16()
    };
    assert_eq!(sized("3000001", Body::empty()).await, 413, "refused before it is read");
    assert_eq!(sized("10", Body::from(padded(BODY_BYTES_MAX + 1))).await, 413, "the length lies");
}

/// A body whose media type is not JSON is not read as JSON.
#[tokio::test]
async fn the_media_type_must_be_json() {
    let world = World::new();
    let send = async |headers: &[(&str, &str)]| {
        let request = headers.iter().fold(world.request("ann", "POST", "/v1/jobs"), |r, (name, value)| r.header(*name, *value));
        world.send(request.body(Body::from(r#"{"processor":"echo","items":[1]}"#)).unwrap()).await
    };
    for taken in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
        assert_eq!(send(&[("content-type", taken)]).await.status, 202, "{taken}");
    }
    for refused in ["text/plain", "application/x-ndjson", "application/jsonp", "application/json; charset=latin1", ""] {
        let answer = send(&[("content-type", refused)]).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (415, "media-type"), "{refused}");
    }
    assert_eq!(send(&[]).await.problem(), "media-type");
    for encoding in ["gzip", "br", "gzip, gzip"] {
        let answer = send(&[("content-type", "application/json"), ("content-encoding", encoding)]).await;
        assert_eq!(answer.problem(), "media-type", "{encoding}");
    }
}

/// The pages together are the whole list, newest first. A page token works for no other list.
#[tokio::test]
async fn the_list_is_paged() {
    let world = World::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        world.clock.pass(TimeDelta::seconds(1));
        ids.insert(0, Value::from(world.start(json!([1])).await));
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/jobs?pageSize=2".to_owned());
    let mut token = String::new();
    loop {
        let page = world.get(&path).await;
        assert_eq!(page.header("cache-control"), "no-store");
        let page = page.json();
        listed.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["id"].clone()));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        next.clone_into(&mut token);
        path = format!("/v1/jobs?pageSize=2&pageToken={next}");
    }
    assert_eq!(listed, ids);

    let query = |query: &str| format!("/v1/jobs?{query}pageToken={token}");
    assert_eq!(world.get(&query("pageSize=1&")).await.status, 200, "another size is the same list");
    assert_eq!(world.get(&query("status=Completed&")).await.problem(), "page-token", "another filter");
    assert_eq!(world.call("bob", "GET", &query("")).await.problem(), "page-token", "another owner");
    assert_eq!(world.get(&format!("/v1/jobs/{}/parts?pageToken={token}", listed[0].as_str().unwrap())).await.problem(), "page-token");
    world.clock.pass(TimeDelta::hours(24));
    assert_eq!(world.get(&query("")).await.problem(), "page-token", "too old");
    assert_eq!(world.get("/v1/jobs?pageToken=x").await.problem(), "page-token");
}

/// Filters accept only valid values; others are refused, not ignored.
#[tokio::test]
async fn the_list_is_filtered() {
    let world = World::new();
    let ended = world.start(json!([1])).await;
    world.work().await;
    let live = world.start(json!([1])).await;
    let ids = async |query: &str| {
        let page = world.get(&format!("/v1/jobs?{query}")).await.json();
        page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("status=Completed").await, [ended]);
    assert_eq!(ids("status=Pending&owner=ann").await, [live]);
    for query in ["status=completed", "status=Pending&status=Pending", "pageSize=-1", "pageSize=x"] {
        assert_eq!(world.get(&format!("/v1/jobs?{query}")).await.problem(), "malformed", "{query}");
    }
    for query in ["owner=bob", "owner=*"] {
        assert_eq!(world.get(&format!("/v1/jobs?{query}")).await.problem(), "scope", "{query}");
    }
}

/// One call finds a job with a status that few have, behind several pages of others.
#[tokio::test]
async fn a_filtered_list_reads_on_until_it_finds_some() {
    let world = World::new();
    let ended = world.start(json!([1])).await;
    world.work().await;
    for _ in 0..8 {
        world.clock.pass(TimeDelta::seconds(1));
        world.start(json!([1])).await;
    }
    let page = world.get("/v1/jobs?status=Completed&pageSize=2").await.json();
    assert_eq!(page["jobs"][0]["id"], *ended, "{page}");
    let page = world.get("/v1/jobs?status=Failed&pageSize=2").await.json();
    assert_eq!((page["jobs"].as_array().unwrap().len(), &page["nextPageToken"]), (0, &Value::Null), "{page}");
}

/// A client is asked to poll again until no number changes any more. Then the answer and its ETag change.
#[tokio::test(start_paused = true)]
async fn an_ended_job_settles() {
    let world = World::new();
    let id = world.start_with(json!({"items": [1, 2, 3], "chunkSize": 1})).await;
    let path = format!("/v1/jobs/{id}");
    world.clock.pass(TimeDelta::minutes(10));
    let ended = world.post(&format!("{path}/cancel"), "").await;
    let told = |answer: &Answer| (answer.json()["status"].clone(), answer.json()["settling"].clone());
    assert_eq!(told(&ended), (json!("Cancelled"), json!(true)));
    let settling = world.get(&path).await;
    assert_eq!((told(&settling), settling.header("retry-after")), ((json!("Cancelled"), json!(true)), "1"));
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"][0]["settling"], true);
    world.clock.pass(TimeDelta::milliseconds(3_500));
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"][0]["settling"], false, "the list shows it too");
    let settled = world.get(&path).await;
    assert_eq!(told(&settled), (json!("Cancelled"), json!(false)));
    assert!(!settled.headers.contains_key("retry-after") && settled.header("etag") != settling.header("etag"));
}

/// Rate and estimate follow the ledger's time, not the time of the request.
#[tokio::test]
async fn the_rate_follows_the_ledgers_time() {
    let world = World::new();
    let id = world.start_with(json!({"items": [1, 2, 3, 4], "chunkSize": 1})).await;
    let path = format!("/v1/jobs/{id}");
    let mut messages = world.take();
    world.deliver(messages.split_off(3)).await;
    assert_eq!(world.get(&path).await.json()["itemsPerSecond"], Value::Null, "in the first two seconds");
    world.clock.pass(TimeDelta::seconds(4));
    world.deliver(messages.split_off(2)).await;
    let running = world.get(&path).await;
    assert_eq!(running.json()["itemsPerSecond"], 0.5);
    assert_eq!(running.json()["estimatedCompletionAt"], "2026-11-24T08:00:08.000Z");
    world.clock.pass(TimeDelta::seconds(30));
    assert_eq!(world.get(&path).await.body, running.body, "nothing happened");
    world.deliver(messages).await;
    assert_eq!(world.get(&path).await.json()["itemsPerSecond"], Value::Null, "ended");
}

/// A job without items ends at once; an unsealed one without items so far stays open.
#[tokio::test]
async fn a_job_may_have_no_items() {
    let world = World::new();
    let empty = world.get(&format!("/v1/jobs/{}", world.start(json!([])).await)).await.json();
    assert_eq!((&empty["status"], &empty["progressPercentage"]), (&json!("Completed"), &json!(100.0)));
    let open = world.get(&format!("/v1/jobs/{}", world.start_with(json!({"sealed": false})).await)).await.json();
    assert_eq!(
        (&open["status"], &open["sealed"], &open["actions"]),
        (&json!("Pending"), &json!(false), &json!(["cancel", "pause", "seal"]))
    );
}

/// Bug found: 18.4 % of 375 is 69, but a little less in binary floating point, and the job failed.
#[tokio::test]
async fn a_tolerated_percentage_is_exact_and_comes_back_as_it_was_written() {
    let world = World::new();
    let items: Vec<Value> = (0..375).map(|n| if n < 69 { json!({"fail": "x"}) } else { json!(n) }).collect();
    for (share, status) in [("18.4", "Completed"), ("18.399999999", "Failed")] {
        let items = serde_json::to_string(&items).unwrap();
        let body = format!(r#"{{"processor":"echo","items":{items},"toleratedFailures":{{"percentage":{share}}}}}"#);
        let job = world.post("/v1/jobs", body).await;
        assert!(job.body.contains(&format!(r#""toleratedFailures":{{"percentage":{share}}}"#)), "{}", job.body);
        world.work().await;
        let job = world.get(&format!("/v1/jobs/{}", job.json()["id"].as_str().unwrap())).await.json();
        assert_eq!((job["status"].as_str(), job["failedItems"].as_u64()), (Some(status), Some(69)), "{share} %: {job}");
    }
}
