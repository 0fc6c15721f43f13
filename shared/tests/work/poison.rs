//! Items that panic, hang, or kill the process: each costs only itself.

use std::time::Duration;

use headway::outcome::FailureKind;
use headway::{ItemError, JobStatus, Options, Output, ToleratedFailures};

use crate::world::{World, done, done_after};

/// The template's `maxReceiveCount`.
const RECEIVES_MAX: u32 = 8;
const KILLER: u64 = 7;
/// So long a worker lives that has the killer at work: the time it needs to get to it.
const LIFE: Duration = Duration::from_millis(500);

fn options() -> Options {
    Options { item_timeout: Duration::from_secs(5), ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_hang_cost_their_items_only() {
    let mut world = World::new(options(), |item| match item.index {
        2 => Box::pin(async { std::panic::panic_any("on purpose") }),
        5 => Box::pin(std::future::pending::<Result<Output, ItemError>>()),
        _ => done(),
    });
    let id = world.start(10, 10, ToleratedFailures::Count(2)).await;
    world.work_off().await;
    let kinds: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind)).collect();
    assert_eq!(kinds, [(2, FailureKind::Crashed), (5, FailureKind::TimedOut)]);
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 8));
}

/// What broke it: a culprit that takes its neighbours with it, or a batch mate driven to the dead letters by it.
#[tokio::test(start_paused = true)]
async fn an_item_that_kills_its_worker_is_found_out_and_its_neighbours_complete() {
    // The killer hangs: whoever has it at work is killed from outside, with everything else it had in hand.
    let mut world = World::new(Options { item_timeout: Duration::from_secs(50), ..options() }, |item| match item.index {
        KILLER => Box::pin(std::future::pending::<Result<Output, ItemError>>()),
        _ => done_after(Duration::from_millis(5)),
    });
    let id = world.start(20, 5, ToleratedFailures::Count(1)).await;
    let mut deaths = 0;
    while !world.messages.is_empty() {
        let batch = world.receive(10).await;
        assert!(batch.iter().all(|held| held.received <= RECEIVES_MAX), "a message is driven to the dead letters: {batch:?}");
        if world.deliver_to_one_who_dies(batch, LIFE).await {
            deaths += 1;
            // Its mark is believed to be another worker's until that one's function is over.
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
    }
    let failures = world.failures(id).await;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].0, failures[0].1.kind), (KILLER, FailureKind::Crashed));
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 19));
    assert_eq!(deaths, 4, "two deaths till it is run carefully, two strikes");
}
