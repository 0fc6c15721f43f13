//! How many failures a job tolerates.

use headway_core::limits::LEASE;
use headway_core::retry::retry;
use headway_core::submit::{put_part, seal, start_job};
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};
use serde_json::value::RawValue;

use crate::world::{World, done, fails};

/// 200 chunks of one item are three parts; every third item fails.
const ITEMS: u64 = 200;

fn every_third_fails() -> World {
    World::new(Options::default(), |item| match item.index % 3 {
        0 => fails(ItemError::permanent("third", format!("no thirds: {}", item.index))),
        _ => done(),
    })
}

#[tokio::test(start_paused = true)]
async fn tolerance_is_exact_across_parts() {
    let failing = ITEMS.div_ceil(3);
    for (tolerated, status) in [(failing, JobStatus::Completed), (failing - 1, JobStatus::Failed)] {
        let mut world = every_third_fails();
        let id = world.start(ITEMS, 1, ToleratedFailures::Count(tolerated)).await;
        world.work_off().await;
        let job = world.job(id).await;
        assert_eq!(job.status, status, "{tolerated} of {failing} failures tolerated: {job:?}");
        let why = job.error_message.unwrap_or_default();
        assert!(status == JobStatus::Completed || why.contains(": no thirds: "), "{why}");
        assert!(!why.contains("failed"), "a count could change a moment later: {why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_percentage_waits_for_its_sample() {
    let share = |minimum_sample| ToleratedFailures::Percentage { percentage: "10".parse().unwrap(), minimum_sample };
    for (tolerated, handled_at_most) in [(share(Some(30)), 60), (share(None), ITEMS)] {
        let mut world = every_third_fails();
        let id = world.start(ITEMS, 1, tolerated).await;
        while !world.messages.is_empty() {
            let batch = world.receive(10).await;
            world.deliver(batch).await;
            tokio::time::sleep(LEASE).await;
        }
        let job = world.job(id).await;
        assert_eq!(job.status, JobStatus::Failed);
        assert!((20..=handled_at_most).contains(&job.handled_items()), "{tolerated:?}: {job:?}");
    }
}

/// A percentage of all items can be checked only when all are there. Then the job fails at once, with the first failure
/// of all.
#[tokio::test(start_paused = true)]
async fn a_percentage_is_checked_when_the_job_is_sealed() {
    for (failing, why) in [(vec![5], "item 5: not 5"), (vec![7, 5], "item 5: not 5")] {
        let mut world = World::new(Options::default(), move |item| match failing.contains(&item.index) {
            true => fails(ItemError::permanent("", format!("not {}", item.index))),
            false => done(),
        });
        let tolerated = ToleratedFailures::Percentage { percentage: "5".parse().unwrap(), minimum_sample: None };
        let id = start_job(&world.app, world.submission(None, 1, tolerated)).await.unwrap().id;
        for part in 0..3 {
            let items = (0..4).map(|i| RawValue::from_string(i.to_string()).unwrap()).collect();
            put_part(&world.app, &world.owned(id).await, part, u64::from(part) * 4, items).await.unwrap();
        }
        world.take_sent();
        world.work_off().await;
        assert_eq!(world.job(id).await.status, JobStatus::Processing, "nobody knows yet how many items there are");
        seal(&world.app, &world.owned(id).await, 3).await.unwrap();
        let job = world.job(id).await;
        assert_eq!((job.status, job.error_message.as_deref()), (JobStatus::Failed, Some(why)));
    }
}

/// Bug found: items were lost because their job failed while they waited.
#[tokio::test(start_paused = true)]
async fn a_job_fails_once_with_its_first_error_and_the_rest_is_kept_for_a_retry() {
    let mut world = every_third_fails();
    let id = world.start(30, 5, ToleratedFailures::Count(0)).await;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    let failed = world.job(id).await;
    assert_eq!((failed.status, failed.failed_items, failed.pending_items()), (JobStatus::Failed, 2, 25));
    assert_eq!(failed.error_message.as_deref(), Some("item 0: no thirds: 0"));
    // The worker's lease of the job ends.
    tokio::time::sleep(LEASE).await;
    world.work_off().await;
    let still = world.job(id).await;
    assert_eq!((still.pending_items(), still.error_message, still.completed_at), (25, failed.error_message, failed.completed_at));
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    world.work_off().await;
    let job = world.job(id).await;
    assert_eq!((job.status, job.round), (JobStatus::Failed, 2), "the failed items fail again");
    assert_eq!(job.processed_items + job.failed_items + job.pending_items(), 30);
}
