//! What a worker does for a batch as a whole, and tells of it.

use headway::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{World, done, fails};

/// What broke it: metrics that say nothing, or tell of items that nobody worked on.
#[tokio::test(start_paused = true)]
async fn what_a_worker_did_is_counted() {
    let mut world = World::new(Options::default(), |item| match item.index {
        0..=2 => fails(ItemError::permanent("no", "will not do")),
        3 if item.attempt < 3 => fails(ItemError::retryable("later", "not now")),
        _ => done(),
    });
    let id = world.start(20, 10, ToleratedFailures::Count(3)).await;
    let first = world.receive(2).await;
    world.deliver(first.clone()).await;
    world.work_off().await;
    world.deliver(first).await;
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
    let worked = &world.worked;
    assert_eq!((worked.items_processed, worked.items_failed, worked.items_retried, worked.duplicates), (17, 3, 1, 2), "{worked:?}");
}

/// What broke it: a schema compiled, or a connection made, for every chunk.
#[tokio::test(start_paused = true)]
async fn a_processor_is_prepared_once_a_job() {
    let mut world = World::new(Options::default(), |_| done());
    for jobs in 1..=2 {
        world.start(30, 10, ToleratedFailures::Count(0)).await;
        world.work_off().await;
        assert_eq!(world.prepared(), jobs);
    }
}
