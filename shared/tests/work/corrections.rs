//! Corrected items: the next retry runs their new values, and nothing else changes.

use std::time::Duration;

use headway_core::App;
use headway_core::correct::{Correction, correct};
use headway_core::job::JobWrite;
use headway_core::ledger::CareMark;
use headway_core::outcome::FailureKind;
use headway_core::retry::retry;
use headway_core::{ChunkId, Conflict, ItemError, JobError, JobId, JobStatus, Options, Output, ToleratedFailures};
use headway_testkit::raw;

use crate::meanwhile::Meanwhile;
use crate::world::{World, fails};

/// Items 3 and 5 fail, and so does every value that says so; any other succeeds and gives its value back.
fn world() -> World {
    World::new(Options::default(), |item| {
        let value = item.value.get().to_owned();
        match matches!(value.as_str(), "3" | "5") || value.contains("bad") {
            true => fails(ItemError::permanent("bad", "no good")),
            false => Box::pin(async move { Output::json(&value) }),
        }
    })
}

impl World {
    /// A job of eight items in two chunks, of which items 3 and 5 have failed.
    async fn job_with_two_failures(&mut self) -> JobId {
        let id = self.start(8, 4, ToleratedFailures::Count(8)).await;
        self.work_off().await;
        assert_eq!(self.failed(id).await, [(3, "3".to_owned()), (5, "5".to_owned())]);
        id
    }

    async fn corrected(&self, id: JobId, values: &[(u64, &str)]) -> Result<usize, JobError> {
        let values = values.iter().map(|(index, value)| Correction { index: *index, item: raw(*value) });
        correct(&self.app, &self.owned(id).await, values.collect()).await
    }

    async fn retried(&mut self, id: JobId) {
        retry(&self.app, &self.owned(id).await, None).await.unwrap();
        self.take_sent();
        self.work_off().await;
    }

    /// Each round, and how many items were processed so far, failed in it, and were corrected.
    async fn rounds(&self, id: JobId) -> Vec<(u32, u64, u64, u64)> {
        let rounds = self.job(id).await.rounds_so_far().into_iter();
        rounds.map(|counts| (counts.round, counts.processed, counts.failed, counts.corrected)).collect()
    }

    /// Which items failed, with their values.
    async fn failed(&self, id: JobId) -> Vec<(u64, String)> {
        self.failures(id).await.into_iter().map(|(index, failure)| (index, failure.item.get().to_owned())).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_runs_the_new_values_of_what_was_corrected_and_the_rest_as_it_was() {
    let mut world = world();
    let id = world.job_with_two_failures().await;
    assert_eq!(world.corrected(id, &[(3, "\"bad too\"")]).await.unwrap(), 1);
    assert_eq!(world.corrected(id, &[(3, "\"mended\"")]).await.unwrap(), 1, "the last value counts");
    assert_eq!(world.job(id).await.corrected_items(), 1);
    assert_eq!(world.failed(id).await[0].1, "3", "it is shown as it was until the retry");
    let before = world.called().len();
    world.retried(id).await;
    assert_eq!(world.called()[before..], [3, 5], "no item that succeeded runs again");
    assert_eq!(world.failed(id).await, [(5, "5".to_owned())]);
    let job = world.job(id).await;
    assert_eq!((job.processed_items, job.failed_items, job.corrected_items()), (7, 1, 0));
    assert_eq!(world.rounds(id).await, [(1, 6, 2, 1), (2, 7, 1, 0)]);
}

/// Bug it would find: the corrections of one round were used by the retry of another.
#[tokio::test(start_paused = true)]
async fn a_correction_is_for_one_retry() {
    let mut world = world();
    let id = world.job_with_two_failures().await;
    world.corrected(id, &[(3, "\"bad 1\""), (5, "\"bad 2\"")]).await.unwrap();
    world.retried(id).await;
    assert_eq!(world.failed(id).await, [(3, "\"bad 1\"".to_owned()), (5, "\"bad 2\"".to_owned())]);
    world.corrected(id, &[(5, "\"good\"")]).await.unwrap();
    world.retried(id).await;
    assert_eq!(world.failed(id).await, [(3, "\"bad 1\"".to_owned())]);
}

/// Bug found: the queue delivered a message from before the retry again, and the value that had failed ran once more.
#[tokio::test(start_paused = true)]
async fn a_message_from_before_the_retry_runs_the_new_value_too() {
    let mut world = world();
    let id = world.start(8, 4, ToleratedFailures::Count(8)).await;
    let old = world.messages.clone();
    world.work_off().await;
    world.corrected(id, &[(3, "\"mended\""), (5, "\"mended\"")]).await.unwrap();
    retry(&world.app, &world.owned(id).await, None).await.unwrap();
    world.take_sent();
    let revival = world.receive(1).await;
    world.deliver(revival).await;
    world.messages.clear();
    world.messages.extend(old);
    world.work_off().await;
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
    assert!(world.failed(id).await.is_empty(), "{:?}", world.failed(id).await);
}

/// The same for a message that reaches the dead-letter queue: the failure shows the value that the item has now.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_from_before_the_retry_is_listed_with_the_new_value() {
    let mut world = world();
    let id = world.start(4, 4, ToleratedFailures::Count(8)).await;
    let mut old = world.messages.pop_front().unwrap();
    world.messages.push_back(old.clone());
    world.work_off().await;
    world.corrected(id, &[(3, "\"mended\"")]).await.unwrap();
    retry(&world.app, &world.owned(id).await, None).await.unwrap();
    world.take_sent();
    let revival = world.receive(1).await;
    world.deliver(revival).await;
    world.messages.clear();
    // So often in this round that its items are failed at once.
    old.body = old.body.replace("\"hops\":0", "\"hops\":20").replace("\"round\":1", "\"round\":2");
    // With only its failed item, so that nothing of it was recorded before.
    old.body = old.body.replace("\"items\":[0,1,2,3]", "\"indexes\":[3],\"items\":[3]");
    assert!(world.deliver_dead(old).await);
    let failures = world.failures(id).await;
    assert_eq!((failures[0].1.kind, failures[0].1.item.get()), (FailureKind::DeadLettered, "\"mended\""));
}

#[tokio::test(start_paused = true)]
async fn only_failed_items_of_an_ended_job_are_corrected() {
    let mut world = world();
    let id = world.start(8, 4, ToleratedFailures::Count(8)).await;
    let refused = world.corrected(id, &[(3, "1")]).await.unwrap_err();
    assert!(matches!(refused, JobError::Conflict(Conflict::JobNotEnded(_))), "{refused:?}");
    world.work_off().await;
    for (values, pointers) in [
        (&[(3, "1"), (4, "1")][..], &["/1"][..]),
        (&[(99, "1"), (u64::MAX, "1"), (5, "1")], &["/0", "/1"]),
        (&[(3, "1"), (5, "2"), (3, "1")], &["/2"]),
    ] {
        let JobError::Invalid(violations) = world.corrected(id, values).await.unwrap_err() else { panic!("another error") };
        assert_eq!(violations.iter().map(|violation| violation.pointer.as_str()).collect::<Vec<_>>(), pointers);
    }
    assert_eq!(world.job(id).await.corrected_items(), 0, "nothing of a refused request is kept");
    assert_eq!(world.corrected(id, &[]).await.unwrap(), 0);
}

/// The new values of a chunk are kept in one row.
#[tokio::test(start_paused = true)]
async fn the_new_values_of_a_chunk_have_to_fit() {
    let mut world = World::new(Options::default(), |_| fails(ItemError::permanent("bad", "no good")));
    let id = world.start(4, 4, ToleratedFailures::Count(8)).await;
    world.work_off().await;
    let large = format!("\"{}\"", "x".repeat(200_000));
    assert_eq!(world.corrected(id, &[(0, &large)]).await.unwrap(), 1);
    let JobError::Invalid(violations) = world.corrected(id, &[(2, &large)]).await.unwrap_err() else { panic!("another error") };
    assert_eq!(violations[0].pointer, "/0");
    assert_eq!(world.corrected(id, &[(0, "1"), (2, &large)]).await.unwrap(), 2, "room was made");
    world.retried(id).await;
    let failed: Vec<usize> = world.failed(id).await.iter().map(|(_, value)| value.len()).collect();
    assert_eq!(failed, [1, 1, large.len(), 1], "also if a value is kept in an extra row");
}

/// Bug found: a new value was convicted, before it had run, for the workers that the old one had killed.
#[tokio::test(start_paused = true)]
async fn the_new_value_does_not_have_the_strikes_of_the_old_one() {
    let mut world = world();
    let id = world.job_with_two_failures().await;
    // A worker has convicted the item, and has died before it could remove its mark.
    let mark = CareMark { item: Some(3), round: 1, worker: None, deadline: world.app.clock.now(), strikes: 1, struck: Default::default() };
    world.app.ledger.put_care(ChunkId { job: id, part: 0, chunk: 0 }, Some(&mark)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.corrected(id, &[(3, "\"mended\"")]).await.unwrap(), 1);
    retry(&world.app, &world.owned(id).await, None).await.unwrap();
    world.take_sent();
    let revival = world.receive(1).await;
    world.deliver(revival).await;
    // Received so often, it runs in careful mode.
    world.messages.iter_mut().for_each(|held| held.received = 4);
    world.work_off().await;
    assert_eq!(world.failed(id).await, [(5, "5".to_owned())]);
}

/// Bug found: a retry ran the values of a request that came too late to count them, and its round said for ever that nothing was corrected.
#[tokio::test(start_paused = true)]
async fn what_a_retry_used_is_counted_though_its_request_is_refused() {
    let mut world = world();
    let id = world.job_with_two_failures().await;
    world.corrected(id, &[(3, "\"mended\"")]).await.unwrap();
    let (app, job) = (world.app.clone(), world.owned(id).await);
    let retries = async move { retry(&app, &job, Some(1)).await.map(drop).unwrap() };
    world.app = meanwhile(&world.app, |write| matches!(write, JobWrite::Correct { .. }), retries);
    let refused = world.corrected(id, &[(5, "\"mended\"")]).await.unwrap_err();
    assert!(matches!(refused, JobError::Conflict(Conflict::JobNotEnded(_))), "{refused}");
    world.take_sent();
    world.work_off().await;
    assert_eq!(world.failed(id).await, [], "the retry used both");
    assert_eq!(world.rounds(id).await, [(1, 6, 2, 2), (2, 8, 0, 0)]);
}

/// Bug found: a correction that was counted between a retry's reading and its write was used, and lost from its round.
#[tokio::test(start_paused = true)]
async fn what_is_corrected_while_a_retry_is_written_is_counted() {
    let mut world = world();
    let id = world.job_with_two_failures().await;
    let (app, job) = (world.app.clone(), world.owned(id).await);
    let values = vec![Correction { index: 3, item: raw("\"mended\"") }];
    let corrects = async move { correct(&app, &job, values).await.map(drop).unwrap() };
    world.app = meanwhile(&world.app, |write| matches!(write, JobWrite::Retry { .. }), corrects);
    world.retried(id).await;
    assert_eq!(world.rounds(id).await, [(1, 6, 2, 1), (2, 7, 1, 0)]);
}

fn meanwhile(app: &App, at: fn(&JobWrite) -> bool, act: impl Future<Output = ()> + Send + 'static) -> App {
    App { jobs: Meanwhile::before(app, at, act), ..app.clone() }
}
