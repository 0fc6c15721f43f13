//! A stranger's request about a job costs the same whether the job exists, so its duration reveals nothing.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::house::House;

/// Every call on a job, from the OpenAPI document, so that none can be forgotten.
fn calls(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("{job_id}"));
    paths.flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))).collect()
}

#[tokio::test(start_paused = true)]
async fn another_owners_job_costs_the_same_reads_as_none() {
    let house = House::new().await;
    let document = house.get("bob", "/openapi.json").await.json();
    let calls = calls(&document);
    assert!(calls.len() >= 12, "{calls:?}");
    let open = house.start("ann", json!({"sealed": false})).await.id();
    let ended = house.start("ann", json!({"items": vec![json!({"fail": "no"}); 100]})).await.id();
    house.work().await;
    for (method, path) in calls {
        let mut costs = Vec::new();
        for id in ["00000000-0000-4000-8000-000000000000", &open, &ended] {
            let path = path.replace("{job_id}", id).replace("{n}", "0");
            let (path, media_type) =
                if method == "PUT" { (path + "?firstIndex=0", "application/x-ndjson") } else { (path, "application/json") };
            house.api_calls.take();
            let answer = house.call("bob", &method, &path, media_type, r#"{"round":1}"#).await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
            costs.push(house.api_calls.take());
        }
        assert_eq!(costs[0], ["DynamoDB_20120810.GetItem"], "{method} {path}");
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{method} {path}: {costs:?}");
    }
}

/// The routes of job tokens have no authorizer in front: who has no token must not cause reads.
#[tokio::test(start_paused = true)]
async fn a_flood_of_bad_job_tokens_reads_the_key_once() {
    let house = House::new().await;
    let id = house.start("ann", json!({"items": [1]})).await.id();
    house.api_calls.take();
    for _ in 0..100 {
        assert_eq!(house.get("ann", &format!("/embed/v1/jobs/{id}")).await.status, 401);
    }
    assert_eq!(house.api_calls.take(), ["DynamoDB_20120810.GetItem"]);
}

/// Whether the tokens of a job were ended is in the row that a call reads anyway.
#[tokio::test(start_paused = true)]
async fn a_job_token_costs_the_reads_of_its_owner() {
    let house = House::new().await;
    let id = house.start("ann", json!({"items": [1]})).await.id();
    let made = house.post("ann", &format!("/v1/jobs/{id}/tokens"), &json!({"allow": "read"})).await.json();
    let path = format!("/v1/jobs/{id}");
    let mut costs = Vec::new();
    for (path, token) in [(path.clone(), house.token("ann")), (format!("/embed{path}"), made["token"].as_str().unwrap().to_owned())] {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        house.api_calls.take();
        assert_eq!(house.send(request.body(Body::empty()).unwrap()).await.status, 200);
        costs.push(house.api_calls.take());
    }
    assert_eq!(costs[0], costs[1]);
}
