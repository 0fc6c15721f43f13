//! Small jobs whose ends are told: one after the other, while the server is killed. Some are deleted after their end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use headway_testkit::home::LONG;
use reqwest::Method;
use serde_json::json;

use crate::api::{Api, Send};
use crate::endpoint::Endpoint;
use crate::killer::World;
use crate::workload::LOOK_EVERY;

/// Whether a job was deleted, by its id.
pub(crate) type Ends = BTreeMap<String, bool>;

/// Runs one job to its end: completed, failed, or failed twice. One in six is then deleted.
pub(crate) async fn job(api: &Api, world: &World, endpoint: &Endpoint, number: u64, ends: &mut Ends) {
    let (retried, deleted) = (number % 3 == 1, number % 6 == 5);
    let item = if number.is_multiple_of(3) { json!(1) } else { json!("no number") };
    let body = json!({"processor": "json-schema", "params": {"schema": {"type": "integer"}}, "items": [item], "callback": "told"});
    let send = Send { key: Some(format!("told-{number}")), media_type: "application/json", body: body.to_string() };
    world.live.fetch_add(1, SeqCst);
    let id = api.call(Method::POST, "jobs", &send).await.body["id"].as_str().unwrap().to_owned();
    follow(api, &id, 1).await;
    if retried {
        let round = Send { media_type: "application/json", body: json!({"round": 1}).to_string(), ..Send::default() };
        api.call(Method::POST, &format!("jobs/{id}/retry"), &round).await;
        follow(api, &id, 2).await;
    }
    if deleted {
        let answer = api.call(Method::DELETE, &format!("jobs/{id}"), &Send::default()).await;
        // If the first answer was lost, the second is that there is no such job; then it is not known when it was deleted.
        if answer.status == 204 {
            endpoint.deleted(&id);
        }
    }
    world.live.fetch_sub(1, SeqCst);
    world.progress.fetch_add(1, SeqCst);
    ends.insert(id, deleted);
}

async fn follow(api: &Api, id: &str, round: u64) {
    loop {
        let job = api.get(&format!("jobs/{id}")).await.body;
        if job["round"] == round && matches!(job["status"].as_str(), Some("Completed" | "Failed")) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until every end of the jobs that are still there is told, and checks that nothing else was.
pub(crate) async fn audit(api: &Api, ends: &Ends, endpoint: &Endpoint) {
    let until = Instant::now() + LONG;
    for (id, _) in ends.iter().filter(|(_, deleted)| !**deleted) {
        let job = loop {
            let job = api.get(&format!("jobs/{id}")).await.body;
            if job["callbackState"] == "Delivered" {
                break job;
            }
            assert!(Instant::now() < until, "an end was not told: {job}");
            tokio::time::sleep(LOOK_EVERY).await;
        };
        for round in 1..=job["round"].as_u64().unwrap() {
            assert!(endpoint.told(&format!("{id}_{round}")) > 0, "the end of round {round} was not told: {job}");
        }
    }
    assert_eq!(endpoint.told_wrongly(), [""; 0], "notices that should not have been sent");
}
