//! What a job shows while its workers die, or while its processor cannot be prepared: why it makes no progress, until it does.

use std::time::Duration;

use headway_core::retry::retry;
use headway_core::waiting::{WaitReason, WaitingFor};
use headway_core::{ItemError, JobId, JobStatus, Options, ToleratedFailures};

use crate::world::{World, done, done_after, hangs};

const TOLERANT: ToleratedFailures = ToleratedFailures::Count(9);
const KILLER: u64 = 2;
/// So long a worker lives whose item hangs.
const LIFE: Duration = Duration::from_millis(500);
/// Longer than a worker's function: after it a mark counts as a dead worker's.
const SIX_MINUTES: Duration = Duration::from_secs(6 * 60);

async fn waits(world: &World, id: JobId) -> Option<WaitingFor> {
    headway_core::status::get(&world.app, &world.user, id).await.unwrap().waiting_for
}

/// A world with one item that hangs, so that its worker is killed.
fn killing() -> World {
    let options = Options { item_timeout: Duration::from_secs(50), concurrency: 1, ..Options::default() };
    World::new(options, |item| match item.index {
        KILLER => hangs(),
        _ => done_after(Duration::from_millis(5)),
    })
}

/// Bug found: the worker died again and again, and for minutes the job showed nothing but 0 %.
#[tokio::test(start_paused = true)]
async fn a_job_whose_workers_die_says_so_until_it_goes_on() {
    let mut world = killing();
    let id = world.start(3, 3, TOLERANT).await;
    let mut shown = Vec::new();
    while !world.messages.is_empty() {
        let batch = world.receive(1).await;
        if world.deliver_to_one_who_dies(batch, LIFE).await {
            tokio::time::sleep(SIX_MINUTES).await;
        }
        let handled = world.job(id).await.handled_items();
        shown.push((handled, waits(&world, id).await.map(|waiting| waiting.reason)));
    }
    assert_eq!(shown.first(), Some(&(0, None)), "nobody knows yet that the first worker has died: {shown:?}");
    assert_eq!(shown.last(), Some(&(3, None)), "it has ended: {shown:?}");
    let died = Some(WaitReason::WorkerEnded);
    assert!(shown[1..].contains(&(0, died)), "after the next: {shown:?}");
    assert!(shown.contains(&(2, died)), "the last item kills its workers: {shown:?}");
    assert_eq!(world.job(id).await.status, JobStatus::Completed);
}

/// Would find a job that shows what it waited for before an item had a result, or a note of one death that is written at each.
#[tokio::test(start_paused = true)]
async fn a_result_is_the_end_of_it_and_one_note_is_enough() {
    let mut world = killing();
    let id = world.start(3, 3, TOLERANT).await;
    for _ in 0..2 {
        let batch = world.receive(1).await;
        assert!(world.deliver_to_one_who_dies(batch, LIFE).await);
    }
    let noted = waits(&world, id).await.unwrap();
    assert_eq!((noted.limit.as_str(), noted.reason, noted.last_error), ("script", WaitReason::WorkerEnded, None));
    tokio::time::sleep(SIX_MINUTES).await;
    // Careful mode: the others have their results one by one, and the item that kills its worker is the last.
    let batch = world.receive(1).await;
    assert!(world.deliver_to_one_who_dies(batch, LIFE).await);
    assert_eq!((world.job(id).await.handled_items(), waits(&world, id).await), (2, None));
    let part = world.app.ledger.part((id, 0)).await.unwrap().unwrap();
    assert_eq!(part.stall.map(|stall| (stall.waiting_for.until, stall.handled)), Some((noted.until, 0)));
}

/// Bug found: the error with which preparing failed was only in the worker's log.
#[tokio::test(start_paused = true)]
async fn a_job_whose_processor_cannot_be_prepared_says_why() {
    let mut world = World::new(Options::default(), |_| done());
    let id = world.start(2, 2, TOLERANT).await;
    for (receives, error) in ["the list is not there yet", "the list is locked", "the list is locked", "still locked"].iter().enumerate() {
        *world.refusal.lock().unwrap() = Some(ItemError::retryable("later", *error));
        let batch = world.receive(1).await;
        assert_eq!(world.deliver(batch).await, 1);
        let waiting = waits(&world, id).await.unwrap();
        assert_eq!((waiting.reason, waiting.last_error.as_deref()), (WaitReason::Preparing, Some(*error)), "receive {receives}");
        assert_eq!(waiting.detail(), "script cannot be prepared for this job yet; it is tried again");
    }
    *world.refusal.lock().unwrap() = None;
    world.work_off().await;
    assert_eq!((world.job(id).await.status, waits(&world, id).await), (JobStatus::Completed, None));
}

/// The same, while only other workers have the processor.
#[tokio::test(start_paused = true)]
async fn a_job_of_a_processor_that_this_worker_does_not_have_says_so() {
    let mut world = World::new(Options::default(), |_| done());
    let job = headway_core::submit::Submission {
        processor: "mine".to_owned(),
        ..world.submission(Some(headway_testkit::json::numbers(1)), 1, TOLERANT)
    };
    let info = headway_core::ProcessorInfo::new("mine", &Options::default());
    let app = world.app.clone().with_processors(vec![info]);
    world.take_app(app);
    let id = headway_core::submit::start_job(&world.app, job).await.unwrap().id;
    world.take_sent();
    let batch = world.receive(1).await;
    assert_eq!(world.deliver(batch).await, 1);
    let waiting = waits(&world, id).await.unwrap();
    let said = (waiting.limit.as_str(), waiting.reason, waiting.last_error.as_deref());
    assert_eq!(said, ("mine", WaitReason::Preparing, Some("this worker has no processor named \"mine\"")));
}

/// Would find what kept the job in an earlier round shown in the next.
#[tokio::test(start_paused = true)]
async fn a_retry_begins_without_it() {
    let mut world = World::new(Options::default(), |_| done());
    *world.refusal.lock().unwrap() = Some(ItemError::retryable("later", "the list is not there yet"));
    let id = world.start(2, 2, TOLERANT).await;
    let batch = world.receive(1).await;
    assert_eq!(world.deliver(batch).await, 1);
    *world.refusal.lock().unwrap() = Some(ItemError::permanent("params", "no such list: blue"));
    world.work_off().await;
    assert_eq!((world.job(id).await.status, waits(&world, id).await), (JobStatus::Failed, None), "nothing waits in an ended job");
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    assert_eq!(waits(&world, id).await, None);
    *world.refusal.lock().unwrap() = None;
    world.take_sent();
    world.work_off().await;
    assert_eq!((world.job(id).await.status, waits(&world, id).await), (JobStatus::Completed, None));
}
