//! Items that fail for now: tried again at once, then later, up to the processor's maximum of attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_core::job::JobWrite;
use headway_core::jobs::{Created, JobPage, JobQuery, JobRepository, NewJob};
use headway_core::ledger::Written;
use headway_core::limits::{LEASE, REPEAT_WAITS};
use headway_core::outcome::FailureKind;
use headway_core::part::{Part, PartWrite};
use headway_core::pause::{pause, resume};
use headway_core::retry::retry;
use headway_core::work::Worker;
use headway_core::{App, ItemError, Job, JobError, JobId, JobStatus, Options, PartId, Processors, ToleratedFailures, UserId};

use crate::world::{Held, World, done, done_after, fails};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(1_000);

fn options() -> Options {
    Options { attempts_max: 5, ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn only_failed_items_are_tried_again_and_finally_given_up() {
    let mut world = World::new(options(), |item| match item.index {
        3 => fails(ItemError::retryable("later", "not now")),
        _ => done(),
    });
    let id = world.start(10, 10, TOLERANT).await;
    world.work_off().await;
    for index in (0..10).filter(|index| *index != 3) {
        assert_eq!(world.calls_of(index).len(), 1, "item {index} was done the first time");
    }
    let attempts: Vec<u32> = world.calls_of(3).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
    let (job, failures) = (world.job(id).await, world.failures(id).await);
    assert_eq!((job.status, job.processed_items, job.failed_items), (JobStatus::Completed, 9, 1));
    let (index, failure) = &failures[0];
    assert_eq!((*index, failure.kind, failure.attempts), (3, FailureKind::RetriesExhausted, 5));
}

/// Bug found: an item that was pending when its job failed had only the attempts, and the patience, of the round before.
#[tokio::test(start_paused = true)]
async fn what_was_pending_when_its_job_failed_begins_anew_in_the_next_round() {
    let patience = Duration::from_secs(60);
    let throttled = || ItemError::throttled("http 429", "busy", Some(Duration::from_secs(50)));
    let cases = [(ItemError::retryable("later", "not now"), vec![1, 2]), (throttled(), vec![1])];
    // A message that is delayed comes after the retry; otherwise it is parked before.
    for ((for_now, first_round), is_late) in cases.iter().cloned().flat_map(|case| [(case.clone(), false), (case, true)]) {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let options = Options { attempts_max: 3, patience, ..Options::default() };
        let mut world = World::new(options, move |item| match (item.index, over.load(Ordering::Relaxed)) {
            (0, false) => fails(ItemError::permanent("no", "never")),
            (1, false) => fails(for_now.clone()),
            // Once more in the next round.
            (1, true) if item.attempt < 3 && for_now != throttled() => fails(for_now.clone()),
            _ => done(),
        });
        let id = world.start(2, 2, ToleratedFailures::Count(0)).await;
        let batch = world.receive(1).await;
        world.deliver(batch).await;
        assert_eq!(world.job(id).await.status, JobStatus::Failed);
        tokio::time::sleep(LEASE).await;
        if !is_late {
            world.work_off().await;
        }
        is_over.store(true, Ordering::Relaxed);
        retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
        world.take_sent();
        world.work_off().await;
        let job = world.job(id).await;
        assert_eq!((job.status, job.processed_items), (JobStatus::Completed, 2), "{:?}", world.failures(id).await);
        let attempts: Vec<u32> = world.calls_of(1).iter().map(|call| call.attempt).collect();
        let next_round = if first_round.len() == 1 { vec![1] } else { vec![1, 2, 3] };
        assert_eq!(attempts, [first_round, next_round].concat());
    }
}

/// Bug found: a worker that was at a chunk when its job failed and was retried went on with the attempts of the round before.
#[tokio::test(start_paused = true)]
async fn a_run_ends_with_its_round() {
    let (failed, options) = (AtomicBool::new(false), Options { concurrency: 1, ..options() });
    let mut world = World::new(options, move |item| match (item.index, item.attempt) {
        (0, _) if !failed.swap(true, Ordering::Relaxed) => fails(ItemError::permanent("no", "not yet")),
        (2 | 3, ..3) => fails(ItemError::retryable("later", "not now")),
        (2, 3) => done_after(LEASE * 2),
        _ => done(),
    });
    let id = world.start(4, 2, ToleratedFailures::Count(0)).await;
    let first = world.messages.pop_front().unwrap();
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    world.messages.push_front(first);
    let batch = world.receive(2).await;
    let (app, owned) = (world.app.clone(), world.owned(id).await);
    let retries = async {
        tokio::time::sleep(LEASE).await;
        retry(&app, &owned, Some(1)).await.unwrap();
    };
    tokio::join!(world.deliver(batch), retries);
    let attempts = |world: &World| world.calls_of(3).iter().map(|call| call.attempt).collect::<Vec<_>>();
    assert_eq!(attempts(&world), [1, 2], "while the item before it was running, another round began");
    world.take_sent();
    world.work_off().await;
    assert_eq!(attempts(&world), [1, 2, 1, 2, 3]);
    assert_eq!(world.job(id).await.processed_items, 4);
}

/// Bug found: a worker that had just read the job counted a message of the round before on in the next one.
#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_know_of_the_round_yet_counts_anew_too() {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let mut world = World::new(options(), move |item| match (item.index, over.load(Ordering::Relaxed)) {
        (0, false) => fails(ItemError::retryable("later", "not now")),
        (1, false) => fails(ItemError::permanent("no", "never")),
        _ => done(),
    });
    let id = world.start(2, 1, ToleratedFailures::Count(0)).await;
    let first = world.receive(1).await;
    world.deliver(first).await;
    let late = world.messages.pop_back().unwrap();
    let knows_round_1 = std::mem::replace(&mut world.worker, Worker::new(world.app.clone(), Processors::new()));
    world.take_app(world.app.clone());
    world.work_off().await;
    assert_eq!(world.job(id).await.status, JobStatus::Failed);
    is_over.store(true, Ordering::Relaxed);
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    let revival = world.receive(1).await;
    world.deliver(revival).await;
    world.worker = knows_round_1;
    world.deliver(vec![Held { delay: Duration::ZERO, received: 1, ..late }]).await;
    world.work_off().await;
    assert_eq!(world.calls_of(0).iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(world.job(id).await.processed_items, 2);
}

/// Bug found: waits did not grow, were the same for all items, or exceeded the queue's longest delay.
#[tokio::test(start_paused = true)]
async fn later_attempts_wait_longer_and_for_different_times() {
    let mut world = World::new(options(), |_| fails(ItemError::retryable("later", "not now")));
    world.start(40, 1, TOLERANT).await;
    let mut first_waits = Vec::new();
    for _ in 0..4 {
        let batch = world.receive(10).await;
        world.deliver(batch).await;
    }
    first_waits.extend(world.messages.iter().map(|held| held.delay));
    assert_eq!(first_waits.len(), 40);
    let most = first_waits.iter().max().unwrap();
    assert!(*most <= Duration::from_secs(8), "full jitter below 2 s doubled twice: {most:?}");
    assert!(first_waits.iter().any(|wait| *wait < *most / 2), "the waits are spread: {first_waits:?}");
    for _ in 0..4 {
        let batch = world.receive(10).await;
        world.deliver(batch).await;
    }
    let later = world.messages.iter().map(|held| held.delay).max().unwrap();
    assert!(later > *most && later <= Duration::from_secs(32), "{later:?} after {most:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_requested_by_the_item_is_kept() {
    let wait = Duration::from_secs(120);
    let later = ItemError::Retryable { code: String::new(), message: "busy".to_owned(), retry_after: Some(wait) };
    for error in [later, ItemError::throttled("", "busy", Some(wait))] {
        let begun = AtomicBool::new(false);
        let mut world = World::new(options(), move |_| match begun.swap(true, Ordering::Relaxed) {
            false => fails(error.clone()),
            true => done(),
        });
        let id = world.start(1, 1, TOLERANT).await;
        world.work_off().await;
        let calls = world.calls_of(0);
        assert!(calls.len() == 2 && calls[1].at - calls[0].at >= wait, "{calls:?}");
        assert_eq!(world.job(id).await.processed_items, 1);
    }
}

/// Bug found: a downstream that asked to wait, without saying how long, was called again after 100 ms.
#[tokio::test(start_paused = true)]
async fn a_downstream_that_asks_to_wait_is_not_called_again_at_once() {
    let mut world = World::new(options(), |_| fails(ItemError::throttled("", "busy", None)));
    world.start(1, 1, TOLERANT).await;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    assert_eq!(world.calls_of(0).len(), 1);
}

/// Bug found: attempts started again at one after a delivery that did not finish.
#[tokio::test(start_paused = true)]
async fn attempts_survive_the_death_of_a_worker() {
    let mut world = World::new(options(), |_| fails(ItemError::retryable("later", "not now")));
    world.start(1, 1, TOLERANT).await;
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    // Two attempts are counted already; the next worker dies in the pause before its second try.
    let batch = world.receive(1).await;
    assert!(world.deliver_to_one_who_dies(batch, Duration::from_millis(50)).await);
    world.work_off().await;
    let attempts: Vec<u32> = world.calls_of(0).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 3, 4, 5]);
}

/// A job of two items that fail in the first round and succeed later, at the end of that round.
async fn failed_once() -> (World, JobId) {
    let is_over = AtomicBool::new(false);
    let mut world = World::new(options(), move |item| match (item.index, is_over.load(Ordering::Relaxed)) {
        (0, false) => fails(ItemError::permanent("no", "never")),
        (1, false) => {
            is_over.store(true, Ordering::Relaxed);
            fails(ItemError::permanent("no", "never"))
        }
        _ => done_after(Duration::from_millis(800)),
    });
    let id = world.start(2, 1, TOLERANT).await;
    world.work_off().await;
    assert_eq!(world.job(id).await.failed_items, 2);
    (world, id)
}

/// Bug found: whoever repeated a retry, as a client may that got no answer, had each failed item run once more for each repetition.
#[tokio::test(start_paused = true)]
async fn a_repeated_retry_runs_no_item_twice() {
    let (mut world, id) = failed_once().await;
    for _ in 0..3 {
        retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    }
    world.take_sent();
    assert_eq!(world.messages.iter().map(|held| held.delay).collect::<Vec<_>>(), [Duration::ZERO, REPEAT_WAITS, REPEAT_WAITS]);
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.calls().len()), (2, 4));
}

/// The client of a table whose first answer to a stamp is lost: it writes again, and the table refuses that.
#[derive(Debug)]
struct StampsTwice(Arc<dyn JobRepository>);

#[async_trait]
impl JobRepository for StampsTwice {
    async fn update_progress(&self, id: PartId, change: &PartWrite) -> Result<Written<Part>, JobError> {
        if matches!(change, PartWrite::Stamp { .. }) {
            self.0.update_progress(id, change).await?;
        }
        self.0.update_progress(id, change).await
    }

    async fn create(&self, new: NewJob) -> Result<Created, JobError> {
        self.0.create(new).await
    }

    async fn get(&self, id: JobId) -> Result<Option<Job>, JobError> {
        self.0.get(id).await
    }

    async fn exact(&self, row: Job) -> Result<Option<Job>, JobError> {
        self.0.exact(row).await
    }

    async fn get_by_user(&self, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
        self.0.get_by_user(user_id, query).await
    }

    async fn update_status(&self, id: JobId, change: &JobWrite) -> Result<Written<Job>, JobError> {
        self.0.update_status(id, change).await
    }

    async fn add_part(&self, part: &Part) -> Result<Option<Part>, JobError> {
        self.0.add_part(part).await
    }

    async fn mark_completed(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.0.mark_completed(job).await
    }

    async fn mark_failed(&self, job: &Job, error: String) -> Result<Written<Job>, JobError> {
        self.0.mark_failed(job, error).await
    }

    async fn mark_cancelled(&self, job: &Job) -> Result<Written<Job>, JobError> {
        self.0.mark_cancelled(job).await
    }

    async fn mark_abandoned(&self, job: &Job, untouched_since: DateTime<Utc>) -> Result<Written<Job>, JobError> {
        self.0.mark_abandoned(job, untouched_since).await
    }

    async fn cleanup_old_jobs(&self, older_than: DateTime<Utc>) -> Result<usize, JobError> {
        self.0.cleanup_old_jobs(older_than).await
    }
}

/// Would find items that run again only after hours, when the sweep finds that their part stands still.
#[tokio::test(start_paused = true)]
async fn a_stamp_that_was_written_twice_sends_what_runs_again() {
    let (mut world, id) = failed_once().await;
    world.take_app(App { jobs: Arc::new(StampsTwice(world.app.jobs.clone())), ..world.app.clone() });
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.calls().len()), (2, 4));
}

/// Bug it would find: a worker brings a part to the next round and dies, and nobody sends what has to run again.
#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_before_it_sends_what_runs_again_is_replaced() {
    for (pauses, retries) in [(false, 1), (false, 2), (true, 1)] {
        let (mut world, id) = failed_once().await;
        for _ in 0..retries {
            retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
        }
        world.take_sent();
        let batch = world.receive(1).await;
        let undone = batch[0].clone();
        world.deliver(batch).await;
        // It has sent nothing.
        world.messages.retain(|held| !held.body.contains("items"));
        world.messages.push_back(undone);
        if pauses {
            pause(&world.app, &world.user, id).await.unwrap();
            tokio::time::sleep(LEASE).await;
            world.work_off().await;
            assert_eq!(world.calls().len(), 2, "nothing begins while it is paused");
            resume(&world.app, &world.user, id).await.unwrap();
            world.take_sent();
        }
        world.work_off().await;
        assert_eq!((world.job(id).await.processed_items, world.calls().len()), (2, 4));
    }
}

/// Bug found: items of a retry that were parked while the job was paused ran twice after it was resumed.
#[tokio::test(start_paused = true)]
async fn what_was_parked_in_a_later_round_runs_once() {
    let (mut world, id) = failed_once().await;
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    let batch = world.receive(1).await;
    world.deliver(batch).await;
    pause(&world.app, &world.user, id).await.unwrap();
    tokio::time::sleep(LEASE).await;
    world.work_off().await;
    for _ in 0..2 {
        resume(&world.app, &world.user, id).await.unwrap();
    }
    world.take_sent();
    assert_eq!(world.messages.iter().map(|held| held.delay).collect::<Vec<_>>(), [Duration::ZERO, REPEAT_WAITS]);
    world.work_off().await;
    assert_eq!((world.job(id).await.processed_items, world.calls().len()), (2, 4));
}
