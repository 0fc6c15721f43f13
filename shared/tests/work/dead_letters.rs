//! Dead letters: messages that were received too often.

use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::pause::{pause, resume};
use headway_core::work::STRAYS;
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{Held, World, done, done_after, fails, hangs};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(1_000);

#[tokio::test(start_paused = true)]
async fn one_that_returns_too_often_is_settled_as_failed_with_the_cause() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(3, 3, TOLERANT).await;
    let mut deaths = 0;
    while let Some(mut message) = world.messages.pop_front() {
        message.received = 8;
        assert!(world.deliver_dead(message).await);
        deaths += 1;
    }
    assert_eq!(deaths, 21, "it is sent again twenty times first, since other items' crashes and throttling also raise a receive count");
    let failures = world.failures(id).await;
    assert!(failures.len() == 3 && failures.iter().all(|(_, failure)| failure.kind == FailureKind::DeadLettered), "{failures:?}");
    assert!(failures[0].1.message.contains("received 8 times"), "{}", failures[0].1.message);
    let job = world.job(id).await;
    assert_eq!((job.status, job.failed_items, job.pending_items()), (JobStatus::Completed, 3, 0), "no job waits for ever");
}

#[tokio::test(start_paused = true)]
async fn one_of_a_paused_job_is_kept_until_it_is_resumed() {
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

/// Bug found: a message that no worker could read was dropped, or returned for ever.
#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_read_is_kept_and_reported() {
    let mut world = World::new(Options::default(), |_| done());
    for body in ["not ours", r#"{"v":9,"kind":"chunk"}"#] {
        let message = || Held { body: body.to_owned(), delay: Duration::ZERO, received: 1 };
        assert_eq!(world.deliver(vec![message()]).await, 1, "a newer worker may know it: {body}");
        world.messages.clear();
        assert!(world.deliver_dead(message()).await && world.messages.is_empty());
    }
    let strays = world.table.kept_of(STRAYS);
    let [(_, stray)] = &strays[..] else { panic!("both came with one message id here; the later one is kept: {strays:?}") };
    let (reason, body) = stray.text.split_once("\n\n").unwrap();
    assert!(body == r#"{"v":9,"kind":"chunk"}"# && reason.contains("version 9"), "{}", stray.text);
}

/// Item 0 hangs, the others take some time.
fn with_one_that_hangs() -> World {
    World::new(Options { item_timeout: Duration::from_secs(50), ..Options::default() }, |item| match item.index {
        0 => hangs(),
        _ => done_after(Duration::from_millis(100)),
    })
}

/// Delivers the message, with this receive count, to a worker that dies after `life`, and waits until its function is
/// over.
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

/// Bug found: a chunk that makes progress with each delivery was given up because its workers died.
#[tokio::test(start_paused = true)]
async fn progress_resets_what_counts_against_it() {
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
        assert_eq!(world.job(id).await.failed_items, 0, "its count starts again");
    }
    bury(&mut world).await;
    assert_eq!(world.job(id).await.failed_items, 2);
}

/// Bug found: a suspicion was lost on the way through the dead-letter queue, or was treated as proof.
#[tokio::test(start_paused = true)]
async fn one_with_a_mark_continues_in_careful_mode() {
    let mut world = with_one_that_hangs();
    let id = world.start(3, 3, TOLERANT).await;
    die_at(&mut world, 3, Duration::from_millis(50)).await;
    bury(&mut world).await;
    assert_eq!(world.job(id).await.failed_items, 0, "one mark is no proof");
    // Even with a new message, the suspect comes last.
    let before = world.calls().len();
    die_at(&mut world, 1, Duration::from_millis(150)).await;
    assert_eq!(world.called()[before..], [1, 2]);
}

/// Bug found: a dead letter took the mark of a worker that was alive, with another delivery of the same chunk, for a strike,
/// and the item was failed though one worker alone had died.
#[tokio::test(start_paused = true)]
async fn the_mark_of_a_worker_that_may_be_alive_blames_nobody() {
    let mut world = with_one_that_hangs();
    let id = world.start(1, 1, TOLERANT).await;
    die_at(&mut world, 3, Duration::from_millis(50)).await;
    // The next one is at the same item, and was given the chunk a moment ago.
    world.messages[0].received = 2;
    let copy = world.messages[0].clone();
    let batch = world.receive(1).await;
    assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(500)).await);
    assert!(!world.deliver_dead(copy.clone()).await, "it is left for later");
    assert_eq!(world.job(id).await.failed_items, 0);
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    assert!(world.deliver_dead(copy).await);
    assert_eq!(world.job(id).await.failed_items, 1, "by then two workers have died at it");
}

/// Bug found: other items were failed because of an item that was running at two crashes.
#[tokio::test(start_paused = true)]
async fn an_item_that_was_marked_twice_is_failed_and_the_others_continue() {
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
