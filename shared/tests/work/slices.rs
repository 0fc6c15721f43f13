//! Time slices: a chunk of slow items makes room for others and continues with a new message.

use std::time::Duration;

use headway_core::limits::SLICE;
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{World, done_after, fails};

fn options(concurrency: usize) -> Options {
    Options { concurrency, ..Options::default() }
}

/// Bug found: a chunk kept its place until the function's time was over, or items were cut off at the end of a slice.
#[tokio::test(start_paused = true)]
async fn slow_items_make_room_for_others_and_each_begins_once() {
    for (concurrency, seconds) in [(1, 4), (2, 3), (16, 12), (1, 25)] {
        let mut world = World::new(options(concurrency), move |_| done_after(Duration::from_secs(seconds)));
        let id = world.start(30, 30, ToleratedFailures::Count(0)).await;
        let mut slices = 0;
        while !world.messages.is_empty() {
            let (batch, before) = (world.receive(10).await, world.calls().len());
            assert_eq!((batch[0].delay, batch[0].received), (Duration::ZERO, 1), "the rest is a new message, without delay");
            let began = tokio::time::Instant::now();
            assert_eq!(world.deliver(batch).await, 0, "the message is done");
            let most = SLICE + Duration::from_secs(seconds);
            assert!(began.elapsed() <= most, "{concurrency} at a time, {seconds} s each: {:?} in one slice", began.elapsed());
            assert!(world.calls().len() > before, "each slice makes progress");
            assert_eq!(world.job(id).await.processed_items as usize, world.calls().len(), "finished items are recorded");
            slices += 1;
        }
        assert!(slices > 1);
        assert!(world.calls().iter().all(|call| call.attempt == 1), "a slice costs no attempt");
        assert_eq!((world.calls().len(), world.job(id).await.status), (30, JobStatus::Completed));
    }
}

/// Bug found: a chunk whose items all fail for now kept its place for the second try of each.
#[tokio::test(start_paused = true)]
async fn after_the_slice_an_item_waits_in_the_queue_for_its_second_try() {
    let slow_failure = |_: &_| -> futures::future::BoxFuture<'static, _> {
        Box::pin(async {
            tokio::time::sleep(SLICE).await;
            fails(ItemError::retryable("later", "not now")).await
        })
    };
    let mut world = World::new(Options { attempts_max: 3, ..options(1) }, slow_failure);
    let id = world.start(1, 1, ToleratedFailures::Count(1)).await;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    assert_eq!((world.calls().len(), world.messages.len(), world.messages[0].delay), (1, 1, Duration::ZERO));
    world.work_off().await;
    let attempts: Vec<u32> = world.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3], "each try is counted, and no slice");
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
}
