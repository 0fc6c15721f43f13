//! Every item with what became of it: also those that never ran, and those that succeeded without an output.

use axum::body::Body;
use serde_json::{Value, json};

use crate::world::World;

async fn items(world: &World, id: &str) -> Vec<Value> {
    world.get(&format!("/v1/jobs/{id}/items?pageSize=1000")).await.json()["items"].as_array().unwrap().clone()
}

/// `0 Processed, 1 Failed`, and so on.
async fn statuses(world: &World, id: &str) -> String {
    let word = |item: &Value| format!("{} {}", item["index"], item["status"].as_str().unwrap());
    items(world, id).await.iter().map(word).collect::<Vec<_>>().join(", ")
}

async fn correct_and_retry(world: &World, id: &str, round: u32, lines: &str) {
    let request = world.request("ann", "PATCH", &format!("/v1/jobs/{id}/items")).header("content-type", "application/x-ndjson");
    assert_eq!(world.send(request.body(Body::from(lines.to_owned())).unwrap()).await.status, 200);
    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), format!("{{\"round\":{round}}}")).await.status, 202);
}

/// Each page size gives the same list, in each format.
#[tokio::test(start_paused = true)]
async fn every_item_is_listed_with_its_outcome() {
    let world = World::new();
    let job = json!({"items": [{"id": "a"}, {"id": "b", "fail": "=no"}, {"id": "c"}], "idField": "id", "toleratedFailures": {"count": 9}, "chunkSize": 1});
    let id = world.start_with(job).await;
    assert_eq!(statuses(&world, &id).await, "0 Pending, 1 Pending, 2 Pending");
    let mut messages = world.take();
    let last = messages.split_off(2);
    world.deliver(messages).await;
    assert_eq!(statuses(&world, &id).await, "0 Processed, 1 Failed, 2 Pending");
    world.deliver(last).await;
    let expected = json!([
        {"index": 0, "id": "a", "status": "Processed", "correction": null, "kind": null, "code": null, "message": null, "attempts": null,
         "output": {"id": "a"}, "hasOutput": true, "outputOmitted": false},
        {"index": 1, "id": "b", "status": "Failed", "correction": null, "kind": "Permanent", "code": "asked", "message": "=no", "attempts": 1,
         "output": null, "hasOutput": false, "outputOmitted": false},
        {"index": 2, "id": "c", "status": "Processed", "correction": null, "kind": null, "code": null, "message": null, "attempts": null,
         "output": {"id": "c"}, "hasOutput": true, "outputOmitted": false},
    ]);
    assert_eq!(Value::from(items(&world, &id).await), expected);
    let csv = "_index,_id,_status,_correction,_kind,_code,_error,_attempts,id\r\n0,a,Processed,,,,,,a\r\n\
               1,b,Failed,,Permanent,asked,'=no,1,\r\n2,c,Processed,,,,,,c\r\n";
    for (format, expected) in [
        (
            "csv",
            "index,id,status,correction,kind,code,message,attempts,output\r\n0,a,Processed,,,,,,\"{\"\"id\"\":\"\"a\"\"}\"\r\n\
                 1,b,Failed,,Permanent,asked,'=no,1,\r\n2,c,Processed,,,,,,\"{\"\"id\"\":\"\"c\"\"}\"\r\n",
        ),
        ("csv&columns=outputs", csv),
    ] {
        for size in 1..=3 {
            let (mut joined, mut query) = (String::new(), format!("?format={format}&pageSize={size}"));
            loop {
                let page = world.get(&format!("/v1/jobs/{id}/items{query}")).await;
                assert_eq!(page.status, 200, "{}", page.body);
                joined.push_str(&page.body);
                let Some(next) = page.next_query() else { break };
                query = next;
            }
            assert_eq!(joined, expected, "pages of {size}");
        }
    }
}

/// A success without an output is told from an item that never ran, before and after a retry.
#[tokio::test(start_paused = true)]
async fn what_never_ran_is_told_from_a_success_without_an_output() {
    let world = World::new();
    let items = json!([{"wait": 0.0}, {"wait": 0.0}, {"wait": 0.0, "fail": "no"}, {"wait": 0.0}, {"wait": 0.0}, {"wait": 0.0}]);
    let id = world.start_with(json!({"items": items, "chunkSize": 2})).await;
    let mut messages = world.take();
    let second = messages.remove(1);
    world.deliver(vec![second]).await;
    assert_eq!(world.get(&format!("/v1/jobs/{id}")).await.json()["status"], "Failed", "no failure is tolerated");
    assert_eq!(statuses(&world, &id).await, "0 Pending, 1 Pending, 2 Failed, 3 Processed, 4 Pending, 5 Pending");
    correct_and_retry(&world, &id, 1, r#"{"index":2,"item":{"wait": 0.0}}"#).await;
    assert_eq!(
        statuses(&world, &id).await,
        "0 Pending, 1 Pending, 2 Pending, 3 Processed, 4 Pending, 5 Pending",
        "failures are pending again"
    );
    world.deliver(messages).await;
    world.work().await;
    assert_eq!(statuses(&world, &id).await, "0 Processed, 1 Processed, 2 Processed, 3 Processed, 4 Processed, 5 Processed");
}

/// Bug found: in JSON and NDJSON an output that is `null` could not be told from no output. `{"wait": 0}` is answered with none.
#[tokio::test(start_paused = true)]
async fn an_output_that_is_null_is_told_from_none() {
    let world = World::new();
    let id = world.start_with(json!({"items": [null, {"wait": 0.0}, [null]], "chunkSize": 3})).await;
    world.work().await;
    let told = |item: &Value| format!("{} {} {}", item["status"].as_str().unwrap(), item["output"], item["hasOutput"]);
    let expected = ["Processed null true", "Processed null false", "Processed [null] true"];
    assert_eq!(items(&world, &id).await.iter().map(told).collect::<Vec<_>>(), expected);
    let lines = world.get(&format!("/v1/jobs/{id}/items?format=ndjson")).await.body;
    assert_eq!(lines.lines().map(|line| told(&serde_json::from_str(line).unwrap())).collect::<Vec<_>>(), expected);
    let outputs = async |format: &str| {
        let table = world.get(&format!("/v1/jobs/{id}/items?format={format}")).await.body;
        table.lines().map(|row| row.rsplit(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outputs("csv").await, ["output", "null", "", "[null]"]);
    assert_eq!(outputs("csv&columns=outputs").await, ["_item", "null", "", "[null]"]);
}

/// Whose outcome it is, the submitted value's or a corrected one's, is known in every later round.
#[tokio::test(start_paused = true)]
async fn a_corrected_item_says_so_in_every_later_round() {
    let world = World::new();
    let failing = json!([{"fail": "a"}, {"fail": "b"}, {"fail": "c"}, 4]);
    let id = world.start_with(json!({"items": failing, "toleratedFailures": {"count": 9}, "chunkSize": 4})).await;
    world.work().await;
    let corrections = async || items(&world, &id).await.iter().map(|item| item["correction"].clone()).collect::<Vec<_>>();
    correct_and_retry(&world, &id, 1, "{\"index\":0,\"item\":1}\n{\"index\":1,\"item\":{\"fail\":\"again\"}}").await;
    world.work().await;
    assert_eq!(corrections().await, [json!("Used"), json!("Used"), Value::Null, Value::Null]);
    let request = world.request("ann", "PATCH", &format!("/v1/jobs/{id}/items")).header("content-type", "application/x-ndjson");
    world.send(request.body(Body::from("{\"index\":1,\"item\":2}\n{\"index\":2,\"item\":3}")).unwrap()).await;
    assert_eq!(corrections().await, [json!("Used"), json!("Waiting"), json!("Waiting"), Value::Null]);
    assert_eq!(world.post(&format!("/v1/jobs/{id}/retry"), r#"{"round":2}"#).await.status, 202);
    world.work().await;
    assert_eq!(corrections().await, [json!("Used"), json!("Used"), json!("Used"), Value::Null]);
    let outputs: Vec<_> = items(&world, &id).await.iter().map(|item| item["output"].clone()).collect();
    assert_eq!(outputs, [json!(1), json!(2), json!(3), json!(4)]);
}

/// A page is of one round.
#[tokio::test(start_paused = true)]
async fn a_retry_ends_the_list() {
    let world = World::new();
    let id = world.start_with(json!({"items": [{"fail": "a"}, 2], "toleratedFailures": {"count": 9}})).await;
    world.work().await;
    let page = world.get(&format!("/v1/jobs/{id}/items?pageSize=1")).await.json();
    let next = format!("/v1/jobs/{id}/items?pageToken={}", page["nextPageToken"].as_str().unwrap());
    assert_eq!(world.get(&next).await.json()["items"][0]["index"], 1);
    world.post(&format!("/v1/jobs/{id}/retry"), r#"{"round":1}"#).await;
    assert_eq!(world.get(&next).await.problem(), "page-token");
}
