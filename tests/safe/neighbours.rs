//! One owner's flood is no other's wait: the queue shares its workers among owners.

use serde_json::json;

use crate::house::House;

/// Batches that a small job takes to its end while `flooders` have the queue full.
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
async fn a_small_job_ends_while_a_flood_is_worked_off() {
    let (alone, beside_one) = (batches_to_the_end(0).await, batches_to_the_end(1).await);
    assert_eq!(alone, 1);
    assert!(beside_one <= 5, "{beside_one} batches: at most one for each of its five messages");
}
