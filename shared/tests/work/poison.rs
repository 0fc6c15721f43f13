//! Items that panic, hang, or kill the process: only they fail.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headway_core::outcome::FailureKind;
use headway_core::{ItemError, JobStatus, Options, ToleratedFailures};

use crate::world::{FUNCTION_TIMEOUT, Held, World, done, done_after, fails, hangs};

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
        5 => hangs(),
        _ => done(),
    });
    let id = world.start(10, 10, ToleratedFailures::Count(2)).await;
    world.work_off().await;
    let failures: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind, failure.message)).collect();
    assert_eq!(
        failures,
        [(2, FailureKind::Crashed, "panicked: on purpose".to_owned()), (5, FailureKind::TimedOut, "took longer than 5.0 s".to_owned()),]
    );
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 8));
}

/// Bug found: an item that killed its worker took others with it, or another message of the batch became a dead letter
/// because of it.
#[tokio::test(start_paused = true)]
async fn an_item_that_kills_its_worker_is_identified_and_the_others_complete() {
    // The killer hangs: the worker that runs it is killed from outside, with everything else that it was running.
    let mut world = World::new(Options { item_timeout: Duration::from_secs(50), ..options() }, |item| match item.index {
        KILLER => hangs(),
        _ => done_after(Duration::from_millis(5)),
    });
    let id = world.start(20, 5, ToleratedFailures::Count(1)).await;
    let mut deaths = 0;
    while !world.messages.is_empty() {
        let batch = world.receive(10).await;
        assert!(batch.iter().all(|held| held.received <= RECEIVES_MAX), "a message is driven to the dead letters: {batch:?}");
        if world.deliver_to_one_who_dies(batch, LIFE).await {
            deaths += 1;
            // Its mark counts as a living worker's until that worker's function is over.
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
    }
    let failures = world.failures(id).await;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].0, failures[0].1.kind, failures[0].1.attempts), (KILLER, FailureKind::Crashed, 2));
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 19));
    assert_eq!(deaths, 4, "two deaths until careful mode, then two strikes");
}

/// Delivers the chunk to a new worker. Returns the items that it called, in order.
async fn called(world: &mut World) -> Vec<u64> {
    let before = world.calls().len();
    let batch = world.receive(1).await;
    if world.deliver_to_one_who_dies(batch, LIFE).await {
        tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    }
    world.called()[before..].to_vec()
}

/// Bug found: a death with another cause gave the same item strikes again and again, or an item to blame took the time
/// of others before it was failed.
#[tokio::test(start_paused = true)]
async fn a_suspect_runs_last_and_an_item_to_blame_fails_before_anything_runs() {
    let mut world = World::new(options(), |item| match item.index {
        0 => hangs(),
        _ => fails(ItemError::retryable("later", "not now")),
    });
    let id = world.start(4, 4, ToleratedFailures::Count(1)).await;
    for careless in 1..=2 {
        called(&mut world).await;
        assert_eq!(world.messages[0].received, careless, "a death may have been caused by another item");
    }
    assert_eq!(called(&mut world).await, [0], "marked, and dies");
    assert_eq!(called(&mut world).await, [1, 1, 2, 2, 3, 3, 0], "one that fails for now stops no other; the suspect comes last");
    assert_eq!(called(&mut world).await, [0_u64; 0], "convicted");
    assert_eq!(
        world.failures(id).await.iter().map(|(index, failure)| (*index, failure.kind)).collect::<Vec<_>>(),
        [(0, FailureKind::Crashed)]
    );
    assert_eq!(world.job(id).await.pending_items(), 3, "the rest is in a message of its own");
    assert_eq!((world.messages.len(), world.messages[0].received), (1, 0));
}

/// Bug found: two items in one chunk killed workers in turns. The mark of one replaced the other's strike, so neither ever
/// got enough strikes, and all items of the chunk failed, even those that had never begun.
#[tokio::test(start_paused = true)]
async fn several_killers_in_one_chunk_are_all_found_out_and_their_neighbours_complete() {
    let mut world = World::new(options(), |item| match item.index {
        0 | 2 | 5 => hangs(),
        _ => done(),
    });
    let id = world.start(6, 6, ToleratedFailures::Count(6)).await;
    let mut deaths = 0;
    while !world.messages.is_empty() && deaths < 50 {
        let (dead, batch): (Vec<_>, Vec<_>) = world.receive(10).await.into_iter().partition(|held| held.received > RECEIVES_MAX);
        for message in dead {
            assert!(world.deliver_dead(message).await);
        }
        if world.deliver_to_one_who_dies(batch, LIFE).await {
            deaths += 1;
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
    }
    let failed: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind)).collect();
    assert_eq!(failed, [0, 2, 5].map(|index| (index, FailureKind::Crashed)));
    assert_eq!(world.job(id).await.processed_items, 3);
    assert!(deaths < 30, "{deaths} deaths of three killers");
}

/// Bug found: two items that kill their workers were in two messages of one chunk. The chunk has one mark, so each death replaced
/// the other item's strike: both ran some hundred times, and then all items of the chunk failed, even those that had never begun.
#[tokio::test(start_paused = true)]
async fn killers_in_two_messages_of_one_chunk_are_found_out_and_their_neighbours_complete() {
    let mut world = World::new(options(), |item| match item.index {
        0 | 3 => hangs(),
        _ => done(),
    });
    let id = world.start(6, 6, ToleratedFailures::Count(6)).await;
    let whole = world.messages.pop_front().unwrap();
    for indexes in [[0, 1, 2], [3, 4, 5]] {
        let mut part: serde_json::Value = serde_json::from_str(&whole.body).unwrap();
        part["items"] = indexes.iter().map(|index| part["items"][*index].clone()).collect();
        (part["indexes"], part["careful"]) = (indexes.to_vec().into(), true.into());
        world.messages.push_back(Held { body: part.to_string(), delay: Duration::ZERO, received: 0 });
    }
    let mut deaths = 0;
    while let Some(message) = world.receive(1).await.pop() {
        assert!(deaths < 10, "the deaths of two killers");
        if message.received > RECEIVES_MAX {
            assert!(world.deliver_dead(message).await);
        } else if world.deliver_to_one_who_dies(vec![message], LIFE).await {
            deaths += 1;
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
    }
    let failed: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind)).collect();
    assert_eq!(failed, [0, 3].map(|index| (index, FailureKind::Crashed)));
    assert_eq!((world.job(id).await.processed_items, deaths), (4, 4));
}

/// Bug found: a worker that found the mark of another which had just died left the message for later, since that one might have been
/// alive: each death cost minutes, also where the server had seen it. Of 16 items with 4 killers one was found in 22 minutes.
#[tokio::test(start_paused = true)]
async fn deaths_that_a_server_sees_cost_no_wait() {
    for chunk_size in [16, 1] {
        let mut world = World::new(options(), |item| match item.index % 4 {
            1 => hangs(),
            _ => done(),
        })
        .watched();
        let id = world.start(16, chunk_size, ToleratedFailures::Count(16)).await;
        let (mut deaths, began) = (0, tokio::time::Instant::now());
        while !world.messages.is_empty() && deaths < 50 {
            let (dead, batch): (Vec<_>, Vec<_>) = world.receive(10).await.into_iter().partition(|held| held.received > RECEIVES_MAX);
            for message in dead {
                assert!(world.deliver_dead(message).await);
            }
            deaths += u32::from(world.deliver_to_one_who_dies(batch, LIFE).await);
        }
        let failed: Vec<_> = world.failures(id).await.into_iter().map(|(index, failure)| (index, failure.kind)).collect();
        assert_eq!(failed, [1, 5, 9, 13].map(|index| (index, FailureKind::Crashed)), "{chunk_size} in a chunk, {deaths} deaths");
        assert_eq!(world.job(id).await.processed_items, 12);
        assert!(deaths <= 30, "{deaths} deaths of four killers, {chunk_size} in a chunk");
        assert!(began.elapsed() <= 3 * LIFE * deaths, "{:?}", began.elapsed());
    }
}

/// Bug found: an item that had run alone, since it had a strike, kept its mark until the next item of its chunk had its turn. If
/// another chunk's item killed the worker before that, the item was failed for it.
#[tokio::test(start_paused = true)]
async fn a_death_after_a_suspect_has_run_is_not_blamed_on_it() {
    let began = AtomicBool::new(false);
    let mut world = World::new(options(), move |item| match item.index {
        0 if !began.swap(true, Ordering::Relaxed) => hangs(),
        0 => fails(ItemError::retryable("later", "not now")),
        2 => hangs(),
        _ => done(),
    });
    let id = world.start(4, 2, ToleratedFailures::Count(4)).await;
    let others = world.messages.pop_back().unwrap();
    world.messages[0].received = 2;
    assert_eq!(called(&mut world).await, [0], "its worker dies by chance");
    world.messages.push_back(others);
    // The suspect runs first. While it does, the other chunk waits for its turn.
    (world.messages[0].received, world.messages[1].received) = (4, 2);
    let batch = world.receive(2).await;
    assert!(world.deliver_to_one_who_dies(batch, LIFE).await);
    assert_eq!(world.called()[1..], [0, 0, 2]);
    tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    world.messages.truncate(1);
    called(&mut world).await;
    assert_eq!(world.job(id).await.failed_items, 0, "{:?}", world.failures(id).await);
}

/// Bug found: with two workers at one chunk, each treated the other's mark as that of a dead worker.
#[tokio::test(start_paused = true)]
async fn a_mark_counts_as_a_living_workers_until_its_function_is_over() {
    let mut world = World::new(options(), |_| hangs());
    world.start(1, 1, ToleratedFailures::Count(1)).await;
    let mut batch = world.receive(1).await;
    batch[0].received = 3;
    let marked = tokio::time::Instant::now();
    assert!(world.deliver_to_one_who_dies(batch, LIFE).await);
    for (later, begins) in [(LIFE, false), (FUNCTION_TIMEOUT, false), (FUNCTION_TIMEOUT + Duration::from_secs(6), true)] {
        tokio::time::sleep_until(marked + later).await;
        assert_eq!(called(&mut world).await.len(), usize::from(begins), "{later:?} later");
    }
}
