//! Preparing a job's processor: an error there fails the job, once, and affects no other.

use std::time::Duration;

use headway_core::retry::retry;
use headway_core::{ItemError, JobId, JobStatus, Options, ToleratedFailures};

use crate::world::{World, done, done_after};

/// The template's `maxReceiveCount`.
const RECEIVES_MAX: u32 = 8;

/// One normal job, and several whose processor kills its worker while it is prepared; each of those begins when the one
/// before has failed. Returns the normal job, the killers' jobs, and how many workers died.
async fn beside_killers(world: &mut World, killers: usize) -> (JobId, Vec<JobId>, usize) {
    let neighbour = world.start(4, 2, ToleratedFailures::Count(0)).await;
    let (mut ids, mut deaths) = (Vec::new(), 0);
    loop {
        let at_work = match ids.last() {
            Some(id) => world.job(*id).await.is_live(),
            None => false,
        };
        if !at_work && ids.len() < killers {
            let id = world.start(2, 1, ToleratedFailures::Count(0)).await;
            world.killers.jobs.lock().unwrap().insert(id);
            ids.push(id);
            continue;
        }
        if world.messages.is_empty() {
            return (neighbour, ids, deaths);
        }
        let (dead, batch): (Vec<_>, Vec<_>) = world.receive(10).await.into_iter().partition(|held| held.received > RECEIVES_MAX);
        for message in dead {
            assert!(world.deliver_dead(message).await);
        }
        if world.deliver_to_one_who_dies(batch, Duration::from_secs(60)).await {
            deaths += 1;
            // A mark counts as a living worker's until that worker's function is over.
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
    }
}

/// Bug found: a processor killed its worker before anything was marked, so that nothing was ever blamed, and other
/// jobs' messages became dead letters.
#[tokio::test(start_paused = true)]
async fn a_job_that_kills_its_worker_while_preparing_fails_and_others_complete() {
    for (killers, deaths) in [(1, 4..=8), (10, 32..=80)] {
        let mut world = World::new(Options::default(), |_| done_after(Duration::from_secs(2)));
        let (neighbour, ids, died) = beside_killers(&mut world, killers).await;
        assert!(deaths.contains(&died), "{died} deaths of {killers} killers");
        for id in ids {
            let job = world.job(id).await;
            assert_eq!((job.status, job.failed_items, job.pending_items()), (JobStatus::Failed, 0, 2), "no item is to blame");
            let error = job.error_message.unwrap_or_default();
            assert!(error.contains("died each time it prepared the processor \"script\""), "{error}");
        }
        let (job, failures) = (world.job(neighbour).await, world.failures(neighbour).await);
        assert_eq!((job.status, job.processed_items, failures.len()), (JobStatus::Completed, 4, 0), "{failures:?}");
    }
}

/// Bug found: a mark remained after preparing had succeeded, so that each death while a chunk waited for its turn
/// counted against its job, and two of them failed it.
#[tokio::test(start_paused = true)]
async fn a_prepared_job_that_waits_for_a_turn_is_not_blamed_for_a_death() {
    let mut world = World::new(Options { concurrency: 1, ..Options::default() }, |_| done_after(Duration::from_secs(3)));
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(world.start(6, 6, ToleratedFailures::Count(6)).await);
    }
    // Two lives without progress bring all chunks into careful mode. After that one item ends in each life, and a chunk
    // that was just being prepared waits for the next turn when the worker dies.
    for life in [2, 2, 5, 5, 5] {
        let batch = world.receive(10).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_secs(life)).await);
        tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    }
    world.work_off().await;
    for id in ids {
        let job = world.job(id).await;
        assert_eq!((job.status, job.error_message), (JobStatus::Completed, None));
    }
}

/// Bug found: a server with worker processes was killed twice while it prepared a job, and the job failed.
#[tokio::test(start_paused = true)]
async fn a_job_is_not_blamed_for_the_end_of_its_server() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(2, 2, ToleratedFailures::Count(0)).await;
    world.killers.jobs.lock().unwrap().insert(id);
    for _ in 0..7 {
        let batch = world.receive(1).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_secs(60)).await);
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.restart_server();
    }
    world.killers.jobs.lock().unwrap().clear();
    world.work_off().await;
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 2));
}

/// Would find a job that is never blamed because a server was started at some time.
#[tokio::test(start_paused = true)]
async fn a_job_that_kills_workers_of_one_server_is_blamed() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(2, 2, ToleratedFailures::Count(0)).await;
    world.killers.jobs.lock().unwrap().insert(id);
    world.restart_server();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut deaths = 0;
    while world.job(id).await.is_live() {
        let batch = world.receive(1).await;
        deaths += u32::from(world.deliver_to_one_who_dies(batch, Duration::from_secs(60)).await);
        tokio::time::sleep(Duration::from_secs(6 * 60)).await;
    }
    assert_eq!(deaths, 4, "two to be careful, and two strikes");
}

/// Bug found: thousands of items failed one by one, each with the same error about the job's params.
#[tokio::test(start_paused = true)]
async fn params_refused_while_preparing_fail_the_job_once_and_its_items_are_kept() {
    let mut world = World::new(Options::default(), |_| done());
    *world.refusal.lock().unwrap() = Some(ItemError::permanent("params", "no such list: blue"));
    let id = world.start(6, 2, ToleratedFailures::Count(1_000)).await;
    world.work_off().await;
    let job = world.job(id).await;
    assert_eq!((job.status, job.failed_items, job.pending_items()), (JobStatus::Failed, 0, 6));
    assert_eq!((job.error_message.as_deref(), world.calls().len()), (Some("no such list: blue"), 0));
    *world.refusal.lock().unwrap() = None;
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    world.work_off().await;
    assert_eq!(
        (world.job(id).await.status, world.job(id).await.processed_items),
        (JobStatus::Completed, 6),
        "the cause may have been corrected since"
    );
}

/// Bug found: a job failed because of a fault of seconds.
#[tokio::test(start_paused = true)]
async fn a_temporary_error_while_preparing_leaves_the_chunk_for_later() {
    let mut world = World::new(Options::default(), |_| done());
    *world.refusal.lock().unwrap() = Some(ItemError::retryable("later", "the list is not there yet"));
    let id = world.start(2, 2, ToleratedFailures::Count(0)).await;
    let batch = world.receive(1).await;
    assert_eq!((world.deliver(batch).await, world.job(id).await.failed_items), (1, 0));
    *world.refusal.lock().unwrap() = None;
    world.work_off().await;
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
}

/// Bug found: with `concurrency: 0` in the options of a processor that `prepare` returned, the job stayed at 0 % without a word, and with
/// the largest number each batch panicked.
#[tokio::test(start_paused = true)]
async fn options_that_cannot_be_used_fail_the_job_once_and_its_items_are_kept() {
    for concurrency in [0, usize::MAX] {
        let mut world = World::new(Options { concurrency, ..Options::default() }, |_| done());
        let id = world.start(6, 2, ToleratedFailures::Count(1_000)).await;
        world.work_off().await;
        let job = world.job(id).await;
        assert_eq!((job.status, job.failed_items, job.pending_items()), (JobStatus::Failed, 0, 6));
        let says = format!("the prepared processor has options that cannot be used: concurrency is {concurrency}: use 1 to 10000");
        assert_eq!(job.error_message, Some(says));
    }
}
