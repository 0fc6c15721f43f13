//! What a worker does for a whole batch, and what it reports.

use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::pause::{pause, resume};
use headway_core::{App, ChunkId, ItemError, Job, JobError, JobId, JobStatus, Ledger, Options, ToleratedFailures, UserId};

use crate::world::{World, done, done_after, fails};

/// Bug found: metrics were empty, or counted items that were not processed.
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

/// Bug found: a schema was compiled, or a connection opened, for every chunk.
#[tokio::test(start_paused = true)]
async fn a_processor_is_prepared_once_for_each_job() {
    let mut world = World::new(Options::default(), |_| done());
    for _ in 0..2 {
        world.start(30, 10, ToleratedFailures::Count(0)).await;
    }
    // The chunks of the two jobs alternate, so that neither job makes the other forgotten.
    world.messages.swap(1, 3);
    while !world.messages.is_empty() {
        let batch = world.receive(1).await;
        world.deliver(batch).await;
    }
    assert_eq!(world.prepared(), 2);
}

/// A job of two chunks of two items. `act` is done while its first item is running.
async fn amid_an_item(act: impl AsyncFnOnce(&App, &UserId, JobId) -> Result<Job, JobError>) -> (World, JobId, Job) {
    let mut world = World::new(Options { concurrency: 1, ..Options::default() }, |_| done_after(Duration::from_secs(3)));
    let id = world.start(4, 2, ToleratedFailures::Count(0)).await;
    let (app, user) = (world.app.clone(), world.user.clone());
    let at_work = world.receive(1).await;
    let (_, done) = tokio::join!(world.deliver(at_work), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        act(&app, &user, id).await
    });
    (world, id, done.unwrap())
}

/// Bug found: items of a cancelled job were parked for a resume that cannot happen.
#[tokio::test(start_paused = true)]
async fn the_rest_of_a_cancelled_job_is_dropped() {
    let (mut world, id, cancelled) = amid_an_item(async |app, user, id| cancel(app, user, id).await).await;
    assert_eq!(cancelled.status, JobStatus::Cancelled);
    assert_eq!((world.messages.len(), world.calls().len()), (1, 1), "the second item did not begin, and is not sent again");
    world.work_off().await;
    assert_eq!(world.calls().len(), 1);
    assert_eq!(world.table.parked((id, 0)).await.unwrap(), []);
}

/// Bug found: items that had not begun when their job was paused were lost, or run all the same.
#[tokio::test(start_paused = true)]
async fn the_rest_of_a_paused_job_is_kept_until_it_is_resumed() {
    let (mut world, id, _) = amid_an_item(async |app, user, id| pause(app, user, id).await).await;
    world.work_off().await;
    assert_eq!((world.calls().len(), world.table.parked((id, 0)).await.unwrap().len()), (1, 2), "one of two items, and a chunk");
    resume(&world.app, &world.user, id).await.unwrap();
    world.take_sent();
    world.work_off().await;
    assert_eq!(world.calls().len(), 4, "each item began once");
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 4));
    assert_eq!(world.table.parked((id, 0)).await.unwrap(), []);
}

/// Bug found: a pause forgot what items had been charged in the run that it stopped, so a failing item was called without a bound.
#[tokio::test(start_paused = true)]
async fn a_paused_item_keeps_the_attempts_that_it_was_charged() {
    let options = Options { concurrency: 1, attempts_max: 3, ..Options::default() };
    let mut world = World::new(options, |item| match item.index {
        0 => fails(ItemError::retryable("later", "not now")),
        _ => done_after(Duration::from_secs(3)),
    });
    let id = world.start(3, 3, ToleratedFailures::Count(1)).await;
    for _ in 0..10 {
        let (app, user) = (world.app.clone(), world.user.clone());
        let at_work = world.receive(1).await;
        tokio::join!(world.deliver(at_work), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pause(&app, &user, id).await.ok();
        });
        resume(&world.app, &world.user, id).await.ok();
        world.take_sent();
    }
    world.work_off().await;
    let attempts: Vec<u32> = world.calls_of(0).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!((world.job(id).await.processed_items, world.job(id).await.failed_items), (2, 1));
}

/// Bug found: a duplicate left a row, and so caused a write and a read for all later deliveries.
#[tokio::test(start_paused = true)]
async fn the_same_chunk_twice_at_once_is_settled_once() {
    let mut world = World::new(Options::default(), |_| done_after(Duration::from_millis(10)));
    let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
    world.messages.extend(world.messages.clone());
    world.work_off().await;
    assert_eq!(world.calls().len(), 6, "both deliveries ran it");
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 3));
    assert!(world.table.outcome(ChunkId { job: id, part: 0, chunk: 0 }).await.unwrap().is_none());
}
