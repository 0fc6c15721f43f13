//! Jobs that end early: how soon they end, and from when on no number changes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::job::JobWrite;
use headway_core::ledger::Written;
use headway_core::limits::SETTLES_AFTER;
use headway_core::records::{self, Position};
use headway_core::rest::come_to_rest;
use headway_core::retry::retry;
use headway_core::status;
use headway_core::{App, Item, ItemError, Job, JobId, JobStatus, Options, Output, ToleratedFailures, UserId};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::world::{World, done, done_after, fails};

const LOOKS_EVERY: Duration = Duration::from_millis(50);
/// How soon a job with too many failures fails, whatever else its chunk is running.
const FAILS_WITHIN: Duration = Duration::from_secs(3);

/// Every state, with its time, that a reader sees until everything is done and some seconds more.
async fn looks(world: &mut World, id: JobId) -> Vec<(Instant, Job)> {
    let (app, user) = (world.app.clone(), world.user.clone());
    let (mut seen, mut done): (Vec<(Instant, Job)>, _) = (Vec::new(), None);
    let work = world.work_off();
    tokio::pin!(work);
    while done.is_none_or(|done: Instant| done.elapsed() < Duration::from_secs(5)) {
        tokio::select! {
            () = &mut work, if done.is_none() => done = Some(Instant::now()),
            () = tokio::time::sleep(LOOKS_EVERY) => seen.push((Instant::now(), status::get(&app, &user, id).await.unwrap())),
        }
    }
    seen
}

/// Checks that no number changes once the job is settled, and that it settles within the limit after the last change.
fn assert_settled(seen: &[(Instant, Job)], most: Duration) {
    let ended = seen.iter().find(|(_, job)| job.is_terminal()).unwrap().0;
    let settled = seen.iter().position(|(_, job)| job.is_terminal() && !job.is_settling()).unwrap();
    let counts = |job: &Job| (job.status, job.processed_items, job.failed_items, job.pending_items(), job.updated_at);
    let (at, last) = (&seen[settled].0, counts(&seen[settled].1));
    assert!(seen[settled..].iter().all(|(_, job)| counts(job) == last && !job.is_settling()), "{:#?}", &seen[settled..]);
    assert!(*at - ended <= most, "it took {:?}", *at - ended);
    let changed = seen.windows(2).rfind(|pair| counts(&pair[0].1) != counts(&pair[1].1) && pair[1].1.is_settling());
    assert!(changed.is_none_or(|pair| pair[1].0 <= *at));
}

fn permanent(item: &Item) -> ItemError {
    ItemError::permanent("no", format!("not {}", item.index))
}

/// Bug found: a job with slow items continued for 55 s after its first item had failed.
#[tokio::test(start_paused = true)]
async fn one_failure_too_many_fails_the_job_amid_a_slow_chunk() {
    let large = || Ok(Output::Json(RawValue::from_string(format!("{:?}", "x".repeat(9_000))).unwrap()));
    // The item that fails, how long it and the others take, and how often the message was received before.
    for (failing, wait_ms, received) in [(0, 0, 0), (1, 900, 0), (9, 1_100, 0), (2, 2_950, 0), (0, 0, 2), (3, 10, 2), (2, 2_500, 2)] {
        for outputs in [false, true] {
            let options = Options { concurrency: 2, ..Options::default() };
            let mut world = World::new(options, move |item| match item.index == failing {
                true => {
                    let error = permanent(item);
                    Box::pin(async move {
                        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                        Err(error)
                    })
                }
                false if outputs && item.index < 12 => Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    large()
                }),
                false => done_after(Duration::from_secs(4)),
            });
            let id = world.start(40, 40, ToleratedFailures::Count(0)).await;
            world.messages[0].received = received;
            let seen = looks(&mut world, id).await;
            let (ended, job) = seen.iter().find(|(_, job)| job.is_terminal()).unwrap();
            let failed_at = world.calls_of(failing)[0].at + Duration::from_millis(wait_ms);
            let late = *ended - failed_at;
            let case = format!("item {failing} after {wait_ms} ms, received {received}, outputs {outputs}");
            assert!(job.status == JobStatus::Failed && late <= FAILS_WITHIN, "{case}: {late:?}");
            assert_settled(&seen, Duration::from_secs(6));
        }
    }
}

/// Usually a job is settled 3.5 s after its end, as soon as its readers can know it.
#[tokio::test(start_paused = true)]
async fn a_job_of_fast_items_is_settled_soon() {
    let mut world = World::new(Options::default(), |item| match item.index {
        7 => fails(permanent(item)),
        _ => done_after(Duration::from_millis(150)),
    });
    let id = world.start(200, 10, ToleratedFailures::Count(0)).await;
    let seen = looks(&mut world, id).await;
    assert_settled(&seen, SETTLES_AFTER + 2 * LOOKS_EVERY);
}

/// Bug found: the list of results said that it was at its end while items that were running at the job's end still succeeded.
#[tokio::test(start_paused = true)]
async fn results_end_when_the_numbers_are_final() {
    let output = || Ok(Output::Json(RawValue::from_string("1".to_owned()).unwrap()));
    let mut world = World::new(Options::default(), move |item| match item.index {
        0 => fails(permanent(item)),
        _ => Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            output()
        }),
    });
    let id = world.start(40, 20, ToleratedFailures::Count(0)).await;
    let app = world.app.clone();
    // Nobody else reads the job.
    let followed = tokio::spawn(async move {
        let (mut found, mut from) = (0, Position::default());
        loop {
            tokio::time::sleep(LOOKS_EVERY).await;
            let row = app.ledger.job(id).await.unwrap().unwrap();
            let page = records::results(&app, &row, from, 10).await.unwrap();
            found += page.records.len() as u64;
            match page.next {
                Some(next) => from = next,
                None => return found,
            }
        }
    });
    world.work_off().await;
    let (found, job) = (followed.await.unwrap(), world.job(id).await);
    assert_eq!((job.status, job.is_settling()), (JobStatus::Failed, false));
    assert!(found > 0 && found == job.processed_items, "{found} of {}", job.processed_items);
}

/// Bug found: an answer said "settled" while a worker was still running a slow item.
#[tokio::test(start_paused = true)]
async fn a_cancelled_job_settles_when_its_last_item_has_ended() {
    let mut world = World::new(Options::default(), |_| done_after(Duration::from_secs(20)));
    let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
    let (app, user) = (world.app.clone(), world.user.clone());
    let cancelled = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel(&app, &user, id).await.unwrap()
    });
    let seen = looks(&mut world, id).await;
    assert!(cancelled.await.unwrap().is_settling());
    assert_settled(&seen, Duration::from_secs(16));
    assert_eq!(seen.last().unwrap().1.processed_items, 3, "running items are counted");
}

/// Bug found: on a busy machine, items of a cancelled job that were done were shown as items that never ran: their worker had not read the
/// job for two seconds, so it let their results go, although the job's numbers were not final yet.
#[tokio::test(start_paused = true)]
async fn results_are_counted_until_a_reader_has_been_told_that_the_numbers_are_final() {
    for (frozen_ms, read, counted) in [(2_500, false, 3), (2_500, true, 3), (9_000, false, 3), (9_000, true, 0)] {
        let known: Arc<OnceLock<(App, UserId, JobId)>> = Arc::default();
        let job = known.clone();
        let mut world = World::new(Options { concurrency: 1, ..Options::default() }, move |item| {
            let (job, freezes) = (job.clone(), item.index == 2);
            Box::pin(async move {
                if freezes {
                    let (app, user, id) = job.get().unwrap();
                    let _cancelled = tokio::time::timeout(Duration::from_millis(500), cancel(app, user, *id)).await;
                    // The whole process does nothing for a while. Others go on.
                    tokio::time::advance(Duration::from_millis(frozen_ms)).await;
                    if read {
                        status::get(app, user, *id).await.unwrap();
                    }
                }
                Ok(Output::None)
            })
        });
        let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
        known.set((world.app.clone(), world.user.clone(), id)).unwrap();
        world.work_off().await;
        let mut settled = 0;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let job = status::get(&world.app, &world.user, id).await.unwrap();
            assert_eq!((job.status, job.processed_items), (JobStatus::Cancelled, counted), "frozen for {frozen_ms} ms, read {read}");
            settled += u32::from(!job.is_settling());
        }
        assert!(settled >= 15, "it settles soon");
    }
}

/// Would find a job that a reader, which had read it before, declares settled although a worker has said meanwhile that results come.
#[tokio::test(start_paused = true)]
async fn who_read_the_job_before_results_were_announced_does_not_declare_its_numbers_final() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
    let batch = world.receive(1).await;
    cancel(&world.app, &world.user, id).await.unwrap();
    tokio::time::sleep(SETTLES_AFTER).await;
    let before = world.app.jobs.get(id).await.unwrap().unwrap();
    let at = world.app.clock.now();
    let announce = async || world.app.jobs.update_status(id, &JobWrite::AwaitResults { at }).await.unwrap();
    assert!(matches!(announce().await, Written::Applied(_)));
    assert!(!come_to_rest(&world.app, &before).await.unwrap(), "it was read before");
    let after = world.app.jobs.get(id).await.unwrap().unwrap();
    assert!(!come_to_rest(&world.app, &after).await.unwrap(), "the results may still come");
    tokio::time::sleep(SETTLES_AFTER).await;
    assert!(come_to_rest(&world.app, &after).await.unwrap(), "by now they have come, or never will");
    assert!(matches!(announce().await, Written::Refused(_)), "the numbers are final");
    world.deliver(batch).await;
    assert_eq!(world.job(id).await.processed_items, 0);
}

/// Bug found: a job was settling for ever, since its worker had died.
#[tokio::test(start_paused = true)]
async fn a_dead_worker_delays_settling_for_one_function_timeout_at_most() {
    for redelivered in [false, true] {
        let mut world = World::new(Options::default(), |item| match item.index {
            0 => done(),
            _ => done_after(Duration::from_secs(50)),
        });
        let id = world.start(3, 3, ToleratedFailures::Count(0)).await;
        let batch = world.receive(1).await;
        assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(1_500)).await);
        cancel(&world.app, &world.user, id).await.unwrap();
        let look = async |world: &World, wait| {
            tokio::time::sleep(wait).await;
            status::get(&world.app, &world.user, id).await.unwrap()
        };
        assert!(look(&world, Duration::from_secs(10)).await.is_settling(), "it may be alive");
        if redelivered {
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.work_off().await;
            assert!(!look(&world, Duration::ZERO).await.is_settling(), "the next delivery of the chunk finds out that the worker is dead");
        } else {
            assert!(!look(&world, Duration::from_secs(60)).await.is_settling(), "a reader finds it out too");
        }
        assert_eq!(look(&world, Duration::ZERO).await.processed_items, 1);
    }
}

/// Bug found: a job did not move and did not say that its items wait.
#[tokio::test(start_paused = true)]
async fn items_that_wait_for_another_attempt_are_counted() {
    let mut world = World::new(Options::default(), |item| match (item.index, item.attempt) {
        (2 | 4, 1..=2) => fails(ItemError::retryable("busy", "later")),
        (5, _) => fails(permanent(item)),
        _ => done(),
    });
    let id = world.start(6, 3, ToleratedFailures::Count(0)).await;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    assert_eq!((world.job(id).await.retrying_items, world.job(id).await.pending_items()), (1, 4));
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    assert_eq!(world.job(id).await.retrying_items, 0, "the job has failed: nothing of it is tried again");
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.work_off().await;
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    world.work_off().await;
    let job = world.job(id).await;
    // They begin anew, and the job fails again before they are done.
    assert_eq!((job.processed_items, job.retrying_items, job.status), (3, 0, JobStatus::Failed));
}
