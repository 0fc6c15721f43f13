//! Time slices: a chunk of slow items gives its place back, and comes again as a new message.

use std::time::Duration;

use headway_core::limits::SLICE;
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{World, done_after, fails};

fn options(concurrency: usize) -> Options {
    Options { concurrency, ..Options::default() }
}

/// What broke it: a chunk that holds its place until the function's time is over, or items that are cut off for a slice.
#[tokio::test(start_paused = true)]
async fn slow_items_give_their_place_back_and_each_is_begun_once() {
    for (concurrency, seconds) in [(1, 4), (2, 3), (16, 12), (1, 25)] {
        let mut world = World::new(options(concurrency), move |_| done_after(Duration::from_secs(seconds)));
        let id = world.start(30, 30, ToleratedFailures::Count(0)).await;
        let mut slices = 0;
        while !world.messages.is_empty() {
            let (batch, before) = (world.receive(10).await, world.calls().len());
            assert_eq!((batch[0].delay, batch[0].received), (Duration::ZERO, 1), "what is left is a new message, at once");
            let began = tokio::time::Instant::now();
            assert_eq!(world.deliver(batch).await, 0, "the message is done");
            let most = SLICE + Duration::from_secs(seconds);
            assert!(began.elapsed() <= most, "{concurrency} at a time, {seconds} s each: {:?} in one slice", began.elapsed());
            assert!(world.calls().len() > before, "each slice makes progress");
            assert_eq!(world.job(id).await.processed_items as usize, world.calls().len(), "what is done is recorded");
            slices += 1;
        }
        assert!(slices > 1);
        assert!(world.calls().iter().all(|call| call.attempt == 1), "a slice costs no attempt");
        assert_eq!((world.calls().len(), world.job(id).await.status), (30, JobStatus::Completed));
    }
}

/// What broke it: a chunk whose items all fail for now, and hold its place with a second try each.
#[tokio::test(start_paused = true)]
async fn an_item_that_waits_for_its_second_try_waits_in_the_queue_once_the_slice_is_over() {
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
