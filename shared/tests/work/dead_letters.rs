//! Messages the queue gave up on.

use headway::outcome::FailureKind;
use headway::pause::{pause, resume};
use headway::{JobStatus, Options, ToleratedFailures};

use crate::world::{Held, World, done};

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
    assert_eq!(deaths, 4, "it is sent again three times first: a receive count also rises through throttling");
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
        let message = || Held { body: body.to_owned(), delay: std::time::Duration::ZERO, received: 1 };
        assert_eq!(world.deliver(vec![message()]).await, 1, "a newer worker may know it: {body}");
        world.messages.clear();
        assert!(world.deliver_dead(message()).await && world.messages.is_empty());
    }
    let strays = world.table.strays();
    assert_eq!(strays.len(), 1, "both came with one message id here; the later one stands");
    assert_eq!(strays[0].body, r#"{"v":9,"kind":"chunk"}"#);
    assert!(strays[0].reason.contains("version 9"), "{}", strays[0].reason);
}
