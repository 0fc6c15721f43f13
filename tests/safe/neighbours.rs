//! One owner's many messages do not delay another: the queue shares its workers among owners.

use std::time::Duration;

use headway_core::limits::SLICE;
use serde_json::json;
use tokio::time::Instant;

use crate::house::House;

/// How many batches a small job takes while `flooders` keep the queue full.
async fn batches_to_the_end(flooders: usize) -> usize {
    let house = House::new().await;
    for flooder in 0..flooders {
        for _ in 0..3 {
            house.start(&format!("flood-{flooder}"), json!({"items": vec![1; 600], "chunkSize": 1})).await.id();
        }
    }
    house.work_a_batch().await;
    let small = house.start("ann", json!({"items": vec![1; 5], "chunkSize": 1})).await.id();
    for batch in 1..1_000 {
        assert!(house.work_a_batch().await > 0, "the queue is empty");
        if house.get("ann", &format!("/v1/jobs/{small}")).await.json()["status"] == "Completed" {
            assert_eq!(house.work_a_batch().await > 0, flooders > 0, "the flood is still being worked off");
            return batch;
        }
    }
    panic!("the small job never ended");
}

#[tokio::test(start_paused = true)]
async fn a_small_job_ends_while_a_flood_is_processed() {
    let (alone, beside_one) = (batches_to_the_end(0).await, batches_to_the_end(1).await);
    assert_eq!(alone, 1);
    assert!(beside_one <= 5, "{beside_one} batches: at most one for each of its five messages");
}

/// How long a small job takes, in virtual time, if it is submitted while long jobs of another owner, whose items take
/// this many seconds each, occupy all `calls`.
async fn time_beside_long_jobs(calls: usize, seconds: f64) -> Duration {
    let house = House::new().await;
    for _ in 0..4 {
        let items = vec![json!({"wait": seconds}); 2_000];
        house.start("long", json!({ "items": items })).await.id();
    }
    let workers = futures::future::join_all((0..calls).map(|_| async { while house.work_a_batch().await > 0 {} }));
    let small = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        let small = house.start("ann", json!({"items": [1, 2, 3]})).await.id();
        while house.get("ann", &format!("/v1/jobs/{small}")).await.json()["status"] != "Completed" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        began.elapsed()
    };
    tokio::select! {
        biased;
        took = small => took,
        _ = workers => panic!("the long jobs ended first"),
    }
}

/// Bug found: a call processed one owner's slow items for as long as a function may run.
#[tokio::test(start_paused = true)]
async fn a_small_job_ends_within_a_slice_whatever_others_are_running() {
    for (calls, seconds) in [(1, 0.05), (1, 1.0), (2, 1.0), (3, 7.0)] {
        let took = time_beside_long_jobs(calls, seconds).await;
        let most = SLICE + Duration::from_secs_f64(seconds) + Duration::from_secs(1);
        assert!(took <= most, "{calls} calls, items of {seconds} s: {took:?}, a slice and an item are {most:?}");
    }
}
