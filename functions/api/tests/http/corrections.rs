//! Correcting failed items: what a retry runs, and what is refused.

use std::io::Write as _;

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::{Answer, World};

async fn patch(world: &World, user: &str, id: &str, lines: impl Into<Body>) -> Answer {
    let request = world.request(user, "PATCH", &format!("/v1/jobs/{id}/items")).header("content-type", "application/x-ndjson");
    world.send(request.body(lines.into()).unwrap()).await
}

/// A job whose items 1 and 3 have failed.
async fn job_with_failures(world: &World) -> String {
    let items = json!([{"id": "a"}, {"id": "b", "fail": "no"}, {"id": "c"}, {"id": "d", "fail": "no"}]);
    let id = world.start_with(json!({"items": items, "idField": "id", "toleratedFailures": {"count": 9}, "chunkSize": 2})).await;
    world.work().await;
    id
}

fn errors(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["detail"]))).collect()
}

/// The whole way: corrected, listed as it was until the retry, run with the new value, and never anything else.
#[tokio::test(start_paused = true)]
async fn a_corrected_item_runs_with_its_new_value() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let lines = "\r\n{\"index\":1,\"item\":{\"id\":\"b\",\"n\": 1.50}}\r\n";
    for _ in 0..2 {
        let answer = patch(&world, "ann", &id, lines).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"corrected":1}"#), "also when it is repeated");
    }
    let job = world.get(&format!("/v1/jobs/{id}")).await.json();
    assert_eq!((&job["correctedItems"], &job["failedItems"], &job["processedItems"]), (&json!(1), &json!(2), &json!(2)));
    let listed = world.get(&format!("/v1/jobs/{id}/failures?format=ndjson")).await.body;
    let (first, second) = listed.trim_end().split_once('\n').unwrap();
    assert!(
        first.ends_with(r#""item":{"fail":"no","id":"b"},"corrected":true,"newItem":{"id":"b","n": 1.50}}"#),
        "both values, byte for byte: {first}"
    );
    assert!(second.ends_with(r#""corrected":false,"newItem":null}"#), "{second}");

    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), r#"{"round":1}"#).await.status, 202);
    world.work().await;
    let job = world.get(&format!("/v1/jobs/{id}")).await.json();
    assert_eq!((&job["correctedItems"], &job["failedItems"], &job["processedItems"]), (&json!(0), &json!(1), &json!(3)));
    let rounds = json!([
        {"round": 1, "processedItems": 2, "failedItems": 2, "correctedItems": 1},
        {"round": 2, "processedItems": 1, "failedItems": 1, "correctedItems": 0},
    ]);
    assert_eq!(job["rounds"], rounds);
    let results = world.get(&format!("/v1/jobs/{id}/results?format=ndjson")).await.body;
    assert!(results.contains(r#""output":{"id":"b","n": 1.50}"#), "byte for byte: {results}");
    let failures = world.get(&format!("/v1/jobs/{id}/failures")).await.json()["failures"].clone();
    assert_eq!((failures.as_array().unwrap().len(), &failures[0]["index"]), (1, &json!(3)));
}

#[tokio::test(start_paused = true)]
async fn an_item_is_corrected_to_null() {
    let world = World::new();
    let id = world.start_with(json!({"items": [{"fail": "no"}], "toleratedFailures": {"count": 9}})).await;
    world.work().await;
    let answer = patch(&world, "ann", &id, r#"{"index":0,"item":null}"#).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"corrected":1}"#));
    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), r#"{"round":1}"#).await.status, 202);
    world.work().await;
    let results = world.get(&format!("/v1/jobs/{id}/results?format=ndjson")).await.body;
    assert_eq!(results, "{\"index\":0,\"id\":null,\"output\":null,\"outputOmitted\":false}\n");
}

/// Each kind of refusal, and that it leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn a_line_that_is_not_a_correction_is_refused() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let invalid = |pointer: &str, detail: &str| (422, "invalid", vec![(pointer.to_owned(), detail.to_owned())]);
    let large = format!("{{\"index\":3,\"item\":{{\"id\":\"d\",\"x\":\"{}\"}}}}", "x".repeat(270_000));
    let cases = vec![
        (
            "{\"index\":1,\"item\":{\"id\":\"b\"}}\n\n{\"index\":2,\"item\":{\"id\":\"c\"}}",
            invalid("/1", "line 3: item 2 is not among the failed items of round 1"),
        ),
        ("{\"index\":99,\"item\":{\"id\":\"b\"}}", invalid("/0", "line 1: item 99 is not among the failed items of round 1")),
        (
            "{\"index\":1,\"item\":{\"id\":\"b\"}}\n{\"index\":1,\"item\":{\"id\":\"c\"}}",
            invalid("/1", "line 2: item 1 is corrected twice in this request"),
        ),
        (
            "{\"index\":1,\"item\":{\"id\":\"x\"}}\n{\"index\":3,\"item\":{\"id\":\"x\"}}",
            invalid("/1", "line 2: its \"id\" is the same as that of /0"),
        ),
        ("{\"index\":1,\"item\":{}}", invalid("/0", "line 1: has no \"id\" that is a string or an integer")),
        ("{\"index\":1}", invalid("/0", "line 1: must be {\"index\": 17, \"item\": …}")),
        ("[1]", invalid("/0", "line 1: must be {\"index\": 17, \"item\": …}")),
        ("{\"index\":1,\"item\":1,\"id\":2}", invalid("/0", "line 1: must have no member but `index` and `item`")),
        ("{\"index\":-1,\"item\":1}", invalid("/0", "line 1: `index` must be a whole number: the item's index in the job")),
        ("{\"index\":\"1\",\"item\":1}", invalid("/0", "line 1: `index` must be a whole number: the item's index in the job")),
        (large.as_str(), invalid("/0", "line 1: larger than 262144 bytes")),
        ("{\"index\":1,\"item\":1,\"item\":2}", (400, "malformed", vec![])),
        ("{\"index\":1,\"item\":", (400, "malformed", vec![])),
    ];
    for (lines, (status, problem, wrong)) in cases {
        let answer = patch(&world, "ann", &id, lines.to_owned()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, problem), "{lines:.80}: {}", answer.body);
        assert_eq!(errors(&answer), wrong, "{lines:.80}");
    }
    assert_eq!(world.get(&format!("/v1/jobs/{id}")).await.json()["correctedItems"], 0, "nothing was corrected");
    let json = world.request("ann", "PATCH", &format!("/v1/jobs/{id}/items")).header("content-type", "application/json");
    assert_eq!(world.send(json.body(Body::from("{}")).unwrap()).await.problem(), "media-type");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"{\"index\":1,\"item\":{\"id\":\"b\"}}").unwrap();
    let gzip = world.request("ann", "PATCH", &format!("/v1/jobs/{id}/items")).header("content-type", "application/x-ndjson");
    let gzip = gzip.header("content-encoding", "gzip").body(Body::from(encoder.finish().unwrap())).unwrap();
    assert_eq!(world.send(gzip).await.body, r#"{"corrected":1}"#);
    assert_eq!(patch(&world, "bob", &id, "").await.status, 404, "for another owner there is no such job");
}

/// Bug found: two people corrected a job at once, both were told that all was well, and one's values were dropped.
#[tokio::test(start_paused = true)]
async fn nobodys_new_values_are_replaced_without_a_word() {
    let world = World::new();
    let id = job_with_failures(&world).await;
    let given = async |query: &str, lines: &str| {
        let request = world.request("ann", "PATCH", &format!("/v1/jobs/{id}/items{query}")).header("content-type", "application/x-ndjson");
        world.send(request.body(Body::from(lines.to_owned())).unwrap()).await
    };
    let first = "{\"index\":1,\"item\":{\"id\":\"one\",\"fail\":\"no\"}}";
    let other = "{\"index\":3,\"item\":{\"id\":\"x\"}}\n{\"index\":1,\"item\":{\"id\":\"other\"}}";
    for _ in 0..2 {
        assert_eq!(given("?round=1&replace=false", first).await.status, 200, "also when it is repeated");
    }
    let refused = given("?round=1&replace=false", other).await;
    let detail = "line 2: item 1 has another new value already, from an earlier correction that no retry has used yet".to_owned();
    assert_eq!((refused.status.as_u16(), errors(&refused)), (422, vec![("/1".to_owned(), detail)]));
    assert_eq!(world.get(&format!("/v1/jobs/{id}")).await.json()["correctedItems"], 1, "nothing of it was kept");
    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), r#"{"round":1}"#).await.status, 202);
    world.work().await;
    assert_eq!(given("?round=1&replace=false", other).await.problem(), "round-differs", "item 1 has failed again, in another round");
    assert_eq!(given("?round=2&replace=false", first).await.status, 200);
    assert_eq!(given("?replace=true", "{\"index\":1,\"item\":{\"id\":\"last\"}}").await.status, 200);
    for wrong in ["?round=x", "?replace=no", "?replace=", "?round=1&round=1"] {
        assert_eq!(given(wrong, first).await.problem(), "malformed", "{wrong}");
    }
}

/// The state of the job decides, whatever the lines are.
#[tokio::test(start_paused = true)]
async fn only_an_ended_job_that_can_be_retried_is_corrected() {
    let world = World::new();
    let line = r#"{"index":0,"item":1}"#;
    let id = world.start(json!([1])).await;
    let live = patch(&world, "ann", &id, line).await;
    assert_eq!((live.status.as_u16(), live.problem().as_str(), &live.json()["jobStatus"]), (409, "job-not-ended", &json!("Pending")));
    world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    let cancelled = patch(&world, "ann", &id, line).await;
    assert_eq!((cancelled.status.as_u16(), cancelled.problem().as_str()), (409, "job-ended"), "it is never retried");
    world.call("ann", "DELETE", &format!("/v1/jobs/{id}")).await;
    assert_eq!(patch(&world, "ann", &id, line).await.status, 404);
}

/// Everything is checked, and nothing is made.
#[tokio::test(start_paused = true)]
async fn a_submission_can_be_checked_without_being_made() {
    let world = World::new();
    let check = async |body: Value| world.post("/v1/jobs?validateOnly=true", body.to_string()).await;
    let whole = check(json!({"processor": "echo", "items": [1, 2, 3], "chunkSize": 2})).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    let plan = whole.json();
    assert_eq!((&plan["chunks"], &plan["estimate"]["seconds"]), (&json!(2), &json!(0.003)));
    assert!(plan["estimate"]["usd"].as_str().unwrap().starts_with("0.0000"), "{plan}");
    let parts = check(json!({"processor": "echo", "sealed": false, "expectedItems": 1_001, "chunkSize": 250})).await.json();
    assert_eq!(parts["chunks"], 5);
    for (body, problem) in [
        (json!({"processor": "none", "items": []}), "unknown-processor"),
        (json!({"processor": "echo", "items": [{"id": 1}, {"id": 1}], "idField": "id"}), "invalid"),
    ] {
        assert_eq!(check(body).await.problem(), problem);
    }
    assert_eq!(world.post("/v1/jobs?validateOnly=1", "{}").await.problem(), "malformed");
    assert_eq!(world.get("/v1/jobs").await.json()["jobs"], json!([]), "nothing was made");
    assert!(world.take().is_empty());
}

/// Items in columns of their own: the header is the same however the pages are cut, and the link keeps it.
#[tokio::test]
async fn items_and_outputs_have_columns_of_their_own() {
    let world = World::new();
    let items = json!([{"b": "=1", "fail": "no"}, {"a": 1.5, "fail": "x"}, {"ok": true}, {"c": [1], "fail": "y"}]);
    let id = world.start_with(json!({"items": items, "toleratedFailures": {"count": 9}, "chunkSize": 1})).await;
    world.work().await;
    let expected = "_index,_id,_error,b,fail,a,c\r\n0,,no,'=1,no,,\r\n1,,x,,x,1.5,\r\n3,,y,,y,,[1]\r\n";
    for size in 1..=4 {
        let (mut joined, mut query) = (String::new(), format!("?format=csv&columns=items&pageSize={size}"));
        loop {
            let page = world.get(&format!("/v1/jobs/{id}/failures{query}")).await;
            assert_eq!(page.status, 200, "{}", page.body);
            joined.push_str(&page.body);
            match page.next_query() {
                Some(next) => query = next,
                None => break,
            }
        }
        assert_eq!(joined, expected, "pages of {size}");
    }
    let raw = world.get(&format!("/v1/jobs/{id}/failures?format=csv&columns=items&cells=raw&bom=true")).await.body;
    assert_eq!(raw, format!("\u{feff}{}", expected.replace("'=1", "=1")));
    let results = world.get(&format!("/v1/jobs/{id}/results?format=csv&columns=outputs")).await.body;
    assert_eq!(results, "_index,_id,ok\r\n2,,true\r\n");
    for refused in [
        "format=json&columns=items",
        "format=csv&columns=outputs",
        "format=csv&cells=x",
        "format=csv&bom=1",
        "format=csv&columns=items&names=a",
    ] {
        assert_eq!(world.get(&format!("/v1/jobs/{id}/failures?{refused}")).await.status, 400, "{refused}");
    }
}
