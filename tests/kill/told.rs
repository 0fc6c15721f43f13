//! Small jobs whose ends are told, to an endpoint and by events: one after the other, while the server is killed. Some are deleted
//! after their end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use headway_testkit::home::LONG;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, Send};
use crate::endpoint::Endpoint;
use crate::killer::World;
use crate::workload::LOOK_EVERY;

/// What became of a job: how many rounds it had; and if it was deleted, how long the log of events was when that was answered, or
/// `None` if the answer was lost.
pub(crate) struct End {
    rounds: u64,
    deleted: Option<Option<u64>>,
}

/// By the jobs' ids.
pub(crate) type Ends = BTreeMap<String, End>;

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
    let mut end = End { rounds: if retried { 2 } else { 1 }, deleted: deleted.then_some(None) };
    if deleted {
        let answer = api.call(Method::DELETE, &format!("jobs/{id}"), &Send::default()).await;
        // If the first answer was lost, the second is that there is no such job; then it is not known when it was deleted.
        if answer.status == 204 {
            endpoint.deleted(&id);
            end.deleted = Some(Some(std::fs::metadata(world.event_log()).map_or(0, |log| log.len())));
        }
    }
    world.live.fetch_sub(1, SeqCst);
    world.progress.fetch_add(1, SeqCst);
    ends.insert(id, end);
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
pub(crate) async fn audit(api: &Api, world: &World, ends: &Ends, endpoint: &Endpoint) {
    let until = Instant::now() + LONG;
    for (id, _) in ends.iter().filter(|(_, end)| end.deleted.is_none()) {
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
    while let Err(missing) = audit_events(world, ends) {
        assert!(Instant::now() < until, "{missing}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Each start and end of a job that is still there is in the log of events, always told alike, and none of a deleted job after the
/// deletion was answered. A killed server may have left a part of a line.
fn audit_events(world: &World, ends: &Ends) -> Result<(), String> {
    let log = std::fs::read(world.event_log()).unwrap();
    let (mut told, mut at) = (BTreeMap::new(), 0);
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let began = at;
        at += line.len() as u64;
        let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
        let detail = &event["detail"];
        let (id, job) = (detail["id"].as_str().unwrap().to_owned(), detail["data"]["id"].as_str().unwrap());
        let deleted = ends.get(job).and_then(|end| end.deleted.flatten());
        assert!(deleted.is_none_or(|length| began < length), "an event of a deleted job: {event}");
        let same = (event["detail-type"].clone(), detail["timestamp"].clone());
        let first = told.entry(id).or_insert_with(|| same.clone());
        assert_eq!(*first, same, "an event is told otherwise than before");
    }
    let kept = ends.iter().filter(|(_, end)| end.deleted.is_none());
    for (id, what) in
        kept.flat_map(|(id, end)| (1..=end.rounds).flat_map(move |round| ["started", "ended"].map(|what| (id, format!("{round}_{what}")))))
    {
        if !told.contains_key(&format!("{id}_{what}")) {
            return Err(format!("no event {what} of job {id}"));
        }
    }
    println!("{} events in the log, each told alike", told.len());
    Ok(())
}
