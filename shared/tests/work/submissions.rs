//! Submissions in parts that are sent again, interrupted, out of order, or too late.

use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::delete::delete;
use headway_core::limits::{DELETE_AFTER_GONE, OPEN_WITHOUT_PART_MAX};
use headway_core::part::{Part, PartWrite};
use headway_core::submit::{PartPut, RequestKey, Submission, put_part, seal, start_job};
use headway_core::sweep::sweep;
use headway_core::{Conflict, JobError, JobId, Ledger, Options, ToleratedFailures};
use serde_json::value::RawValue;

use crate::world::{World, done};

async fn open(world: &World) -> JobId {
    start_job(&world.app, world.submission(None, 1, ToleratedFailures::Count(0))).await.unwrap().id
}

/// Part `number` of one item.
async fn put(world: &World, id: JobId, number: u32) -> Result<PartPut, JobError> {
    let item = RawValue::from_string(number.to_string()).unwrap();
    put_part(&world.app, &world.owned(id).await, number, number.into(), vec![item]).await
}

/// Bug found: a client was told that it may not send what was there already.
#[tokio::test(start_paused = true)]
async fn an_existing_part_is_recognised_whenever_it_is_sent_again() {
    let world = World::new(Options::default(), |_| done());
    let id = open(&world).await;
    assert!(matches!(put(&world, id, 0).await, Ok(PartPut::Created(_))));
    assert!(matches!(put(&world, id, 0).await, Ok(PartPut::Known(_))));
    seal(&world.app, &world.owned(id).await, 1).await.unwrap();
    assert!(matches!(put(&world, id, 0).await, Ok(PartPut::Known(_))), "sealed meanwhile");
    assert!(matches!(put(&world, id, 1).await, Err(JobError::Conflict(Conflict::Sealed))));
}

/// Bug found: a part whose sender died before its messages were sent was treated as new, or as complete.
#[tokio::test(start_paused = true)]
async fn an_interrupted_part_is_completed() {
    let mut world = World::new(Options::default(), |_| done());
    let (id, whole) = (open(&world).await, open(&world).await);
    let Ok(PartPut::Created(part)) = put(&world, whole, 0).await else { panic!("it is new") };
    world.take_sent();
    let before = world.messages.len();
    let cut_off = Part { job: id, sent: false, ..part };
    assert_eq!(world.table.put_part(&cut_off).await.unwrap(), None);
    assert!(matches!(seal(&world.app, &world.owned(id).await, 1).await, Err(JobError::Conflict(Conflict::PartMissing(0)))));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(put(&world, id, 0).await, Ok(PartPut::Known(part)) if part.sent));
    world.take_sent();
    assert_eq!(world.messages.len(), before + 1);
    seal(&world.app, &world.owned(id).await, 1).await.unwrap();
}

/// Bug found: of two requests with the same part at once both sent its items, and each item ran twice.
#[tokio::test(start_paused = true)]
async fn a_part_that_is_just_being_sent_is_not_sent_again() {
    let mut world = World::new(Options::default(), |_| done());
    let (id, whole) = (open(&world).await, open(&world).await);
    let Ok(PartPut::Created(part)) = put(&world, whole, 0).await else { panic!("it is new") };
    world.take_sent();
    let before = world.messages.len();
    world.table.put_part(&Part { job: id, sent: false, ..part }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.app.jobs.update_progress((id, 0), &PartWrite::Sent).await.unwrap();
    };
    let (answer, ()) = futures::join!(put(&world, id, 0), sent);
    assert!(matches!(answer, Ok(PartPut::Known(part)) if part.sent));
    world.take_sent();
    assert_eq!(world.messages.len(), before);
}

/// Bug found: the sweep abandoned a submission that was still going on.
#[tokio::test(start_paused = true)]
async fn any_part_keeps_a_submission_open() {
    let world = World::new(Options::default(), |_| done());
    let id = open(&world).await;
    put(&world, id, 2).await.unwrap();
    for number in [0, 1] {
        tokio::time::sleep(OPEN_WITHOUT_PART_MAX - Duration::from_secs(60)).await;
        put(&world, id, number).await.unwrap();
        assert_eq!(sweep(&world.app).await.unwrap().abandoned, 0, "part {number} just came");
    }
    tokio::time::sleep(OPEN_WITHOUT_PART_MAX + Duration::from_secs(60)).await;
    assert_eq!(sweep(&world.app).await.unwrap().abandoned, 1);
    for late in [put(&world, id, 3).await.map(|_| ()), seal(&world.app, &world.owned(id).await, 9).await.map(|_| ())] {
        assert!(matches!(late, Err(JobError::Conflict(Conflict::JobEnded(_)))), "{late:?}");
    }
}

/// Bug found: a caller was sent to look for missing parts of a cancelled job.
#[tokio::test(start_paused = true)]
async fn a_cancelled_job_accepts_nothing_more() {
    let world = World::new(Options::default(), |_| done());
    let id = open(&world).await;
    cancel(&world.app, &world.user, id).await.unwrap();
    for late in [put(&world, id, 0).await.map(|_| ()), seal(&world.app, &world.owned(id).await, 1).await.map(|_| ())] {
        assert!(matches!(late, Err(JobError::Conflict(Conflict::JobEnded(_)))), "{late:?}");
    }
}

/// Bug found: a key's row outlived its job and was never deleted.
#[tokio::test(start_paused = true)]
async fn a_key_is_deleted_with_its_job() {
    let mut world = World::new(Options::default(), |_| done());
    let key = RequestKey { key_hash: "hash".to_owned(), fingerprint: "body".to_owned() };
    let submission = Submission { key: Some(key), ..world.submission(Some(vec![]), 1, ToleratedFailures::Count(0)) };
    let id = start_job(&world.app, submission).await.unwrap().id;
    world.take_sent();
    world.work_off().await;
    assert_eq!(world.job(id).await.key_hash.as_deref(), Some("hash"), "its row is how the key is found when the job is deleted");
    assert_eq!(world.table.submission(&world.user, "hash").await.unwrap().map(|known| known.job), Some(id));
    delete(&world.app, &world.owned(id).await).await.unwrap();
    tokio::time::sleep(DELETE_AFTER_GONE + Duration::from_secs(1)).await;
    assert_eq!(sweep(&world.app).await.unwrap().deleted, 1);
    assert_eq!(world.table.submission(&world.user, "hash").await.unwrap(), None);
}
