//! Several items in one call: a call that fails as a whole is halved until the culprit is alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::limits::SLICE;
use headway_core::outcome::FailureKind;
use headway_core::{Item, ItemError, JobStatus, Options, Output, ToleratedFailures};

use crate::world::{Answers, World, done_after};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(1_000);
/// The item that spoils every call it is in.
const CULPRIT: u64 = 5;

fn options(batch: u16) -> Options {
    Options { batch, item_timeout: Duration::from_secs(5), attempts_max: 3, ..Options::default() }
}

/// Each item's result.
fn each(items: &[Item], result: impl Fn(&Item) -> Result<Output, ItemError>) -> Option<Answers> {
    let results: Vec<_> = items.iter().map(result).collect();
    Some(Box::pin(async { results }))
}

fn results(count: usize) -> Answers {
    Box::pin(async move { (0..count).map(|_| Ok(Output::None)).collect() })
}

fn panics() -> Answers {
    Box::pin(async { std::panic::panic_any("on purpose") })
}

fn hangs() -> Answers {
    Box::pin(std::future::pending())
}

/// A way to fail as a whole: what a call with so many items does.
type Spoils = fn(usize) -> Answers;

#[tokio::test(start_paused = true)]
async fn whatever_spoils_a_call_only_the_culprit_fails_and_nobody_else_is_charged() {
    let table: [(&str, Spoils, FailureKind); 6] = [
        ("panics", |_| panics(), FailureKind::Crashed),
        ("hangs", |_| hangs(), FailureKind::TimedOut),
        ("one result too few", |items| results(items - 1), FailureKind::Crashed),
        ("one result too many", |items| results(items + 1), FailureKind::Crashed),
        ("no result", |_| results(0), FailureKind::Crashed),
        ("far too many", |items| results(items * 2 + 100), FailureKind::Crashed),
    ];
    for (how, spoils, kind) in table {
        for batch in [2, 3, 7, 8, 20, 250] {
            let mut world =
                World::with_many(options(batch), move |items| items.iter().any(|item| item.index == CULPRIT).then(|| spoils(items.len())));
            let id = world.start(20, 20, ToleratedFailures::Count(1)).await;
            world.work_off().await;
            let (job, failures) = (world.job(id).await, world.failures(id).await);
            assert_eq!((job.status, job.processed_items, job.failed_items), (JobStatus::Completed, 19, 1), "{how}, {batch}");
            assert_eq!((failures[0].0, failures[0].1.kind, failures[0].1.attempts), (CULPRIT, kind, 1), "{how}, {batch}");
            assert!(world.calls().iter().all(|call| call.attempt == 1), "{how}, {batch}: an innocent item was charged");
            let groups = world.groups();
            assert!(groups.iter().all(|group| group.len() <= usize::from(batch) && group.is_sorted()), "{how}, {batch}: {groups:?}");
            let spoilt: Vec<usize> = groups.iter().filter(|group| group.contains(&CULPRIT)).map(Vec::len).collect();
            assert!(spoilt.windows(2).all(|pair| pair[1] <= pair[0] / 2), "{how}, {batch}: {spoilt:?} do not halve");
            assert_eq!(spoilt.last(), Some(&1), "{how}, {batch}: it was never alone");
        }
    }
}

/// Two items that spoil their calls do not hide one another, and all of them may.
#[tokio::test(start_paused = true)]
async fn several_culprits_are_all_found() {
    for culprits in [vec![0, 1], vec![0, 19], vec![3, 4, 11], (0..20).collect()] {
        let spoilers = culprits.clone();
        let mut world = World::with_many(options(20), move |items| items.iter().any(|item| spoilers.contains(&item.index)).then(panics));
        let id = world.start(20, 20, TOLERANT).await;
        world.work_off().await;
        let failed: Vec<u64> = world.failures(id).await.into_iter().map(|(index, _)| index).collect();
        assert_eq!((failed, world.job(id).await.processed_items), (culprits.clone(), 20 - culprits.len() as u64));
        assert!(world.groups().len() <= 2 * 20, "{:?}", world.groups());
    }
}

#[tokio::test(start_paused = true)]
async fn each_item_of_a_good_call_has_its_own_result() {
    let mut world = World::with_many(options(10), |items| {
        each(items, |item| match item.index {
            1 => Err(ItemError::permanent("no", "never")),
            2 if item.attempt < 2 => Err(ItemError::retryable("later", "not now")),
            3 => Err(ItemError::retryable("never", "not now")),
            4 => Output::json(&item.index),
            _ => Ok(Output::None),
        })
    });
    let id = world.start(10, 10, TOLERANT).await;
    world.work_off().await;
    let failures: Vec<_> = world.failures(id).await.into_iter().map(|(index, f)| (index, f.kind, f.code, f.attempts)).collect();
    let expected = [(1, FailureKind::Permanent, "no".to_owned(), 1), (3, FailureKind::RetriesExhausted, "never".to_owned(), 3)];
    assert_eq!((failures, world.job(id).await.processed_items), (expected.to_vec(), 8));
    assert_eq!(world.groups()[..3], [(0..10).collect::<Vec<_>>(), vec![2, 3], vec![3]], "only what failed comes again, together");
}

/// An answer that leaves items out, as an endpoint does that runs out of time: they come in smaller calls, and only one that
/// is left out alone is charged.
#[tokio::test(start_paused = true)]
async fn an_item_left_out_comes_again_in_a_smaller_call_and_is_charged_only_alone() {
    for asked in [None, Some(Duration::from_secs(7))] {
        let mut world = World::with_many(options(16), move |items| {
            let size = items.len();
            each(items, |item| match item.index % 4 == 3 && (size > 2 || item.index == 3) {
                true => Err(ItemError::NoResult { code: "no-result".to_owned(), message: "left out".to_owned(), retry_after: asked }),
                false => Ok(Output::None),
            })
        });
        let id = world.start(16, 16, TOLERANT).await;
        world.work_off().await;
        let failures: Vec<_> = world.failures(id).await.into_iter().map(|(index, f)| (index, f.kind, f.code, f.attempts)).collect();
        assert_eq!(failures, [(3, FailureKind::RetriesExhausted, "no-result".to_owned(), 3)]);
        assert_eq!(world.job(id).await.processed_items, 15);
        assert!(world.calls().iter().all(|call| call.attempt == 1 || call.index == 3), "an innocent item was charged");
        let alone = world.groups().iter().filter(|group| **group == [3]).count();
        assert_eq!(alone, 3, "each of its attempts was alone");
    }
}

/// Bug in a draft: calls that take as long as a time slice began with the whole batch again after each slice.
#[tokio::test(start_paused = true)]
async fn halving_goes_on_where_it_was_after_a_time_slice() {
    let slow = Options { item_timeout: SLICE + Duration::from_secs(1), ..options(16) };
    let mut world = World::with_many(slow, |items| items.iter().any(|item| item.index == CULPRIT).then(hangs));
    let id = world.start(16, 16, TOLERANT).await;
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.failures(id).await.len()), (15, 1));
    let spoilt: Vec<usize> = world.groups().iter().filter(|group| group.contains(&CULPRIT)).map(Vec::len).collect();
    assert_eq!(spoilt, [16, 8, 4, 2, 1]);
}

/// A call that is cut off by the function's deadline is not the items' fault: it is not halved.
#[tokio::test(start_paused = true)]
async fn a_call_cut_short_by_the_deadline_comes_again_as_it_was() {
    let took = Duration::from_secs(30);
    let long = Options { item_timeout: Duration::from_secs(50), concurrency: 1, ..options(4) };
    let mut world = World::with_many(long, move |items| {
        let count = items.len();
        Some(Box::pin(async move {
            tokio::time::sleep(took).await;
            results(count).await
        }))
    });
    world.function_timeout = Duration::from_secs(45);
    let id = world.start(8, 8, TOLERANT).await;
    world.work_off().await;
    assert_eq!(world.job(id).await.processed_items, 8);
    assert!(world.groups().iter().all(|group| group.len() == 4), "{:?}", world.groups());
    assert!(world.calls().iter().all(|call| call.attempt == 1));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_waits_is_not_charged_and_is_not_halved() {
    let calls = Arc::new(AtomicUsize::new(0));
    let refused = Arc::clone(&calls);
    let mut world = World::with_many(options(10), move |items| {
        let refuses = refused.fetch_add(1, Ordering::Relaxed) < 6;
        each(items, |_| if refuses { Err(ItemError::throttled("http 429", "busy", None)) } else { Ok(Output::None) })
    });
    let id = world.start(10, 10, ToleratedFailures::Count(0)).await;
    world.work_off().await;
    assert_eq!((world.job(id).await.status, world.job(id).await.processed_items), (JobStatus::Completed, 10));
    assert!(world.groups().iter().all(|group| group.len() == 10), "{:?}", world.groups());
    assert!(world.calls().iter().all(|call| call.attempt == 1));
}

/// As many batches at once as `concurrency` says.
#[tokio::test(start_paused = true)]
async fn concurrency_counts_calls() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&running), Arc::clone(&most));
    let mut world = World::with_many(Options { concurrency: 3, ..options(5) }, move |items| {
        let (counted, peak, count) = (Arc::clone(&counted), Arc::clone(&peak), items.len());
        Some(Box::pin(async move {
            peak.fetch_max(counted.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            counted.fetch_sub(1, Ordering::Relaxed);
            results(count).await
        }))
    });
    let id = world.start(100, 50, TOLERANT).await;
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.groups().len(), most.load(Ordering::Relaxed)), (100, 20, 3));
}

#[tokio::test(start_paused = true)]
async fn no_call_begins_after_a_cancel_and_what_was_running_is_counted() {
    let mut world = World::with_many(Options { concurrency: 1, ..options(2) }, |items| {
        let count = items.len();
        Some(Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            results(count).await
        }))
    });
    let id = world.start(8, 8, TOLERANT).await;
    let (app, user) = (world.app.clone(), world.user.clone());
    let at_work = world.receive(1).await;
    let (_, cancelled) = tokio::join!(world.deliver(at_work), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancel(&app, &user, id).await
    });
    cancelled.unwrap();
    world.work_off().await;
    assert_eq!((world.groups(), world.job(id).await.processed_items), (vec![vec![0, 1]], 2));
}

/// A threshold is looked at after every call, so the rest of the chunk does not run.
#[tokio::test(start_paused = true)]
async fn too_many_failures_end_the_job_between_calls() {
    let mut world = World::with_many(Options { concurrency: 1, ..options(5) }, |items| {
        let items: Vec<u64> = items.iter().map(|item| item.index).collect();
        Some(Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            items.into_iter().map(|_| Err(ItemError::permanent("no", "never"))).collect()
        }))
    });
    let id = world.start(100, 100, ToleratedFailures::Count(3)).await;
    world.work_off().await;
    assert_eq!(world.job(id).await.status, JobStatus::Failed);
    assert!(world.groups().len() <= 4, "{:?}", world.groups());
}

/// A worker that dies in a call: the chunk comes again, and from the third receive one item at a time, each marked.
#[tokio::test(start_paused = true)]
async fn what_kills_its_worker_is_found_one_by_one() {
    let life = Duration::from_millis(500);
    let mut world = World::new(Options { item_timeout: Duration::from_secs(50), ..options(10) }, |item| match item.index {
        CULPRIT => Box::pin(std::future::pending()),
        _ => done_after(Duration::from_millis(5)),
    });
    let id = world.start(10, 10, ToleratedFailures::Count(1)).await;
    while !world.messages.is_empty() {
        let batch = world.receive(10).await;
        let careful = batch[0].received >= 3 || batch[0].body.contains("\"careful\":true");
        let before = world.groups().len();
        if world.deliver_to_one_who_dies(batch, life).await {
            tokio::time::sleep(Duration::from_secs(6 * 60)).await;
        }
        assert!(!careful || world.groups()[before..].iter().all(|group| group.len() == 1), "{:?}", &world.groups()[before..]);
    }
    let failures = world.failures(id).await;
    assert_eq!(failures.iter().map(|(index, failure)| (*index, failure.kind)).collect::<Vec<_>>(), [(CULPRIT, FailureKind::Crashed)]);
    assert_eq!(world.job(id).await.processed_items, 9);
}
