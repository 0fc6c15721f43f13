//! What must hold: each time a job is read, and for everything that can be read once all is quiet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::api::Api;
use crate::endpoint::Endpoint;
use crate::workload::{Acknowledged, End};

/// What was seen of one job so far.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    last: Option<Value>,
}

fn count(job: &Value, name: &str) -> u64 {
    job[name].as_u64().unwrap_or_else(|| panic!("{name} is no count in {job}"))
}

fn ended(job: &Value) -> bool {
    matches!(job["status"].as_str(), Some("Completed" | "Failed" | "Cancelled"))
}

fn adds_up(job: &Value) {
    let [total, processed, failed, pending] = ["totalItems", "processedItems", "failedItems", "pendingItems"].map(|name| count(job, name));
    assert_eq!(processed + failed + pending, total, "the counts do not add up: {job}");
}

impl Watch {
    /// Compares a reading with the one before. Returns the job's progress in between.
    pub(crate) fn look(&mut self, job: &Value) -> u64 {
        adds_up(job);
        let before = self.last.replace(job.clone()).unwrap_or_else(|| json!({}));
        let rose = |name: &str| {
            let (was, is) = (before[name].as_u64().unwrap_or(0), count(job, name));
            assert!(is >= was, "{name} fell from {was} to {is}: {before} then {job}");
            is - was
        };
        let got_on = rose("processedItems") + rose("failedItems") + rose("totalItems");
        if ended(&before) {
            assert_eq!(before["status"], job["status"], "an ended job went on");
            assert_eq!(before["completedAt"], job["completedAt"], "it ended twice");
        }
        got_on + u64::from(before["status"] != job["status"])
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.last.as_ref().is_some_and(ended)
    }
}

/// In this many kills, one item may be blamed wrongly because it was running at two in a row: that is not promised. On a machine so
/// busy that a server is killed soon after it has started, what is tried first is hit more often: four in 200 kills were seen.
const KILLS_PER_VICTIM: u64 = 50;

/// Compares everything that can be read of the jobs, after this many kills, with what was acknowledged.
pub(crate) async fn audit(api: &Api, jobs: &[Acknowledged], endpoint: &Endpoint, kills: u64) {
    let mut victims = BTreeMap::new();
    for acknowledged in jobs {
        let id = &acknowledged.id;
        let job = api.get(&format!("jobs/{id}")).await.body;
        adds_up(&job);
        parts(api, acknowledged).await;
        let failures = by_index(api, id, "failures").await;
        let results = by_index(api, id, "results").await;
        let other: BTreeSet<u64> = failures.iter().filter(|(_, failure)| failure["kind"] != "Permanent").map(|(index, _)| *index).collect();
        assert!(other.iter().all(|index| failures[index]["kind"] == "Crashed"), "items failed for other reasons than their own: {other:?}");
        assert_eq!(failures.len() as u64, count(&job, "failedItems"), "as many failures are listed as are counted: {job}");
        victims.insert(id, other.len() as u64);
        match &acknowledged.end {
            End::Completed { failed, outputs, by_endpoint } => {
                assert_eq!(job["status"], "Completed", "{job}");
                let failed: BTreeSet<u64> = failed.union(&other).copied().collect();
                let outputs: BTreeSet<u64> = outputs.difference(&other).copied().collect();
                assert_eq!((count(&job, "totalItems"), count(&job, "failedItems")), (acknowledged.total, failed.len() as u64), "{job}");
                assert_eq!(count(&job, "pendingItems"), 0, "{job}");
                assert!(failures.keys().eq(&failed), "other items failed than should: {:?}", difference(&failures, &failed));
                assert!(results.keys().eq(&outputs), "other items have outputs than should: {:?}", difference(&results, &outputs));
                if *by_endpoint {
                    assert!(endpoint.called(id).into_iter().eq(0..acknowledged.total), "an item was never worked on in {id}");
                }
            }
            End::Cancelled => {
                assert_eq!(job["status"], "Cancelled", "{job}");
                let handled = failures.keys().chain(results.keys()).copied().collect::<BTreeSet<_>>();
                assert_eq!(handled.len(), failures.len() + results.len(), "an item has failed and succeeded in {id}");
                assert!(handled.is_subset(&endpoint.called(id)), "an item was counted and never worked on in {id}");
                assert!(count(&job, "processedItems") + count(&job, "failedItems") <= endpoint.called(id).len() as u64, "{job}");
            }
        }
    }
    let blamed: u64 = victims.values().sum();
    println!("{blamed} items were blamed for {kills} kills");
    assert!(blamed <= 2 + kills / KILLS_PER_VICTIM, "too many items are blamed for kills: {victims:?}");
    assert_eq!(endpoint.late(), [], "items began after their job's cancel had been answered");
}

fn difference(found: &BTreeMap<u64, Value>, wanted: &BTreeSet<u64>) -> BTreeSet<u64> {
    found.keys().copied().collect::<BTreeSet<_>>().symmetric_difference(wanted).copied().collect()
}

/// Every acknowledged part is there and complete, and settled if its job has to be.
async fn parts(api: &Api, acknowledged: &Acknowledged) {
    let listed = all(api, &acknowledged.id, "parts").await;
    let places: Vec<_> = listed.iter().map(|part| (count(part, "firstIndex"), count(part, "totalItems"))).collect();
    assert_eq!(places, acknowledged.parts, "the ledger of {}", acknowledged.id);
    if matches!(acknowledged.end, End::Completed { .. }) {
        assert!(listed.iter().all(|part| part["open"] == "" && part["parked"] == ""), "a part of an ended job is open: {listed:?}");
    }
}

async fn by_index(api: &Api, id: &str, list: &str) -> BTreeMap<u64, Value> {
    let mut found = BTreeMap::new();
    for element in all(api, id, list).await {
        let index = count(&element, "index");
        assert!(found.insert(index, element).is_none(), "item {index} is listed twice in {list} of {id}");
    }
    found
}

/// All pages of a list, joined.
async fn all(api: &Api, id: &str, list: &str) -> Vec<Value> {
    let mut elements = Vec::new();
    let mut token = String::new();
    loop {
        let answer = api.get(&format!("jobs/{id}/{list}?pageSize=1000{token}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        elements.extend(answer.body[list].as_array().unwrap().iter().cloned());
        match answer.body["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => return elements,
        }
    }
}
