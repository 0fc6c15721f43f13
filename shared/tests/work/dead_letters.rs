//! Messages the queue gave up on.

use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::pause::{pause, resume};
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{Held, World, done, done_after, fails, hangs};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(1_000);

#[tokio::test(start_paused = true)]
async fn one_that_comes_back_again_and_again_is_settled_as_failed_with_the_cause() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(3, 3, TOLERANT).await;
    let mut deaths = 0;
    while let Some(mut message) = world.messages.pop_front() {
        message.received = 8;
        assert!(world.deliver_dead(message).await);
        deaths += 1;
    }
    assert_eq!(deaths, 21, "it is sent again twenty times first: a receive count also rises through others' deaths, and throttling");
    let failures = world.failures(id).await;
    assert!(failures.len() == 3 && failures.iter().all(|(_, failure)| failure.kind == FailureKind::DeadLettered), "{failures:?}");
    assert!(failures[0].1.message.contains("received 8 times"), "{}", failures[0].1.message);
    let job = world.job(id).await;
    assert_eq!((job.status, job.failed_items, job.pending_items()), (JobStatus::Completed, 3, 0), "no job waits for ever");
}

#[tokio::test(start_paused = true)]
async fn one_of_a_paused_job_is_kept_until_it_goes_on() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(3, 3, TOLERANT).await;
    pause(&world.app, &world.user, id).await.unwrap();
    let message = world.messages.pop_front().unwrap();
    assert!(world.deliver_dead(message).await && world.messages.is_empty());
    assert_eq!(world.job(id).await.pending_items(), 3);
    resume(&world.app, &world.user, id).await.unwrap();
    world.take_sent();
    world.work_off().await;
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 3));
}

/// What broke it: a message dropped because nobody could read it, or kept going round.
#[tokio::test(start_paused = true)]
async fn one_that_nobody_can_read_is_kept_and_told_of() {
    let mut world = World::new(Options::default(), |_| done());
    for body in ["not ours", r#"{"v":9,"kind":"chunk"}"#] {
        let message = || Held { body: body.to_owned(), delay: Duration::ZERO, received: 1 };
        assert_eq!(world.deliver(vec![message()]).await, 1, "a newer worker may know it: {body}");
        world.messages.clear();
        assert!(world.deliver_dead(message()).await && world.messages.is_empty());
    }
    let strays = world.table.strays();
    assert_eq!(strays.len(), 1, "both came with one message id here; the later one stands");
    assert_eq!(strays[0].body, r#"{"v":9,"kind":"chunk"}"#);
    assert!(strays[0].reason.contains("version 9"), "{}", strays[0].reason);
}

/// Item 0 hangs, the others take a while.
fn with_one_that_hangs() -> World {
    World::new(Options { item_timeout: Duration::from_secs(50), ..Options::default() }, |item| match item.index {
        0 => hangs(),
        _ => done_after(Duration::from_millis(100)),
    })
}

/// Delivers the message, received so often, to a worker who dies after `life`, and waits until its function is over.
async fn die_at(world: &mut World, received: u32, life: Duration) {
    world.messages[0].received = received - 1;
    let batch = world.receive(1).await;
    assert!(world.deliver_to_one_who_dies(batch, life).await);
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
}

async fn bury(world: &mut World) {
    let message = world.messages.pop_front().unwrap();
    assert!(world.deliver_dead(message).await);
}

/// What broke it: a chunk that makes progress at each delivery, given up for its workers' deaths.
#[tokio::test(start_paused = true)]
async fn progress_clears_it_of_what_was_held_against_it() {
    let mut world = World::new(Options::default(), |_| done_after(Duration::from_millis(100)));
    let id = world.start(3, 3, TOLERANT).await;
    for _ in 0..19 {
        bury(&mut world).await;
    }
    die_at(&mut world, 1, Duration::from_millis(150)).await;
    assert_eq!(world.job(id).await.processed_items, 1);
    bury(&mut world).await;
    for _ in 0..20 {
        bury(&mut world).await;
        assert_eq!(world.job(id).await.failed_items, 0, "its count begins anew");
    }
    bury(&mut world).await;
    assert_eq!(world.job(id).await.failed_items, 2);
}

/// What broke it: a suspicion that the way through the dead-letter queue wipes out, or that is taken for a conviction.
#[tokio::test(start_paused = true)]
async fn one_with_a_mark_goes_on_carefully() {
    let mut world = with_one_that_hangs();
    let id = world.start(3, 3, TOLERANT).await;
    die_at(&mut world, 3, Duration::from_millis(50)).await;
    bury(&mut world).await;
    assert_eq!(world.job(id).await.failed_items, 0, "one mark convicts nobody");
    // However new its message is, the suspect comes last.
    let before = world.calls().len();
    die_at(&mut world, 1, Duration::from_millis(150)).await;
    assert_eq!(world.called()[before..], [1, 2]);
}

/// What broke it: neighbours failed for an item that was at work at two deaths.
#[tokio::test(start_paused = true)]
async fn an_item_that_was_marked_twice_is_failed_and_its_neighbours_go_on() {
    let mut world = World::new(Options { item_timeout: Duration::from_secs(50), ..Options::default() }, |item| match item.index {
        0 => hangs(),
        _ if item.attempt < 3 => fails(ItemError::retryable("later", "not now")),
        _ => done(),
    });
    let id = world.start(3, 3, TOLERANT).await;
    for _ in 0..2 {
        die_at(&mut world, 3, Duration::from_millis(500)).await;
    }
    bury(&mut world).await;
    let failures = world.failures(id).await;
    assert_eq!(failures.iter().map(|(index, failure)| (*index, failure.kind)).collect::<Vec<_>>(), [(0, FailureKind::DeadLettered)]);
    world.work_off().await;
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 2));
}
