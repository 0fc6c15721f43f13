//! The function's deadline: no item begins that is not expected to end in time, and the rest is returned at once.

use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::{JobStatus, Options, ToleratedFailures};

use crate::world::{World, done_after};

fn one_at_a_time(item_timeout: Duration) -> Options {
    Options { concurrency: 1, item_timeout, ..Options::default() }
}

/// Bug found: an item began in the last seconds, was cut short and run again, and so was its side effect.
#[tokio::test(start_paused = true)]
async fn no_item_begins_that_is_not_expected_to_end() {
    let mut world = World::new(one_at_a_time(Duration::from_secs(30)), |_| done_after(Duration::from_secs(4)));
    world.function_timeout = Duration::from_secs(14);
    let id = world.start(6, 6, ToleratedFailures::Count(0)).await;
    let began = tokio::time::Instant::now();
    let batch = world.receive(1).await;
    assert_eq!(world.deliver(batch).await, 0, "the message is done: the rest is in a new one");
    assert!(began.elapsed() < world.function_timeout, "returned before the deadline");
    assert_eq!((world.calls().len(), world.messages[0].delay), (2, Duration::ZERO));
    assert_eq!(world.job(id).await.processed_items, 2, "finished items are recorded");
    world.work_off().await;
    assert_eq!(world.calls().len(), 6, "each item was begun once");
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_item_longer_than_the_whole_function_fails_and_says_so() {
    let hour = Duration::from_secs(3_600);
    let mut world = World::new(one_at_a_time(hour), move |item| done_after(if item.index == 1 { hour } else { Duration::ZERO }));
    let id = world.start(3, 3, ToleratedFailures::Count(1)).await;
    world.work_off().await;
    let failures = world.failures(id).await;
    assert_eq!((failures.len(), failures[0].0, failures[0].1.kind), (1, 1, FailureKind::TimedOut));
    assert!(failures[0].1.message.contains("took longer than 57.5 s"), "{}", failures[0].1.message);
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 2));
}

/// Bug found: an item that began late was failed as too long, although a new function would have had enough time for
/// it.
#[tokio::test(start_paused = true)]
async fn one_that_the_deadline_cuts_short_gets_a_whole_function_next() {
    let took = |index| Duration::from_secs(if index == 0 { 8 } else { 54 });
    let mut world = World::new(one_at_a_time(Duration::from_secs(55)), move |item| done_after(took(item.index)));
    let id = world.start(2, 2, ToleratedFailures::Count(0)).await;
    world.work_off().await;
    let attempts: Vec<u32> = world.calls_of(1).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 1], "being cut short costs no attempt");
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 2));
}
