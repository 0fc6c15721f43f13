//! Jobs of the maximum size.

use headway_core::limits::{
    CHUNKS_PER_BODY_MAX, CHUNKS_PER_PART_MAX, ID_CHARS_MAX, ITEM_BYTES_MAX, ITEMS_PER_JOB_MAX, ITEMS_PER_REQUEST_MAX, PARTS_PER_JOB_MAX,
};
use headway_core::retry::retry;
use headway_core::submit::{Submission, put_part, seal, start_job};
use headway_core::{Conflict, ItemError, JobError, JobStatus, Options, ToleratedFailures};
use serde_json::value::RawValue;

use crate::world::{World, done, fails};

/// Bug found: more rows were read at once than the table allows, and a retry was too large for one request.
#[tokio::test(start_paused = true)]
async fn a_job_with_the_most_parts_ends_exactly_and_is_retried() {
    let mut world = World::new(Options::default(), |item| match item.index % 100 {
        7 => fails(ItemError::permanent("seven", "not now")),
        _ => done(),
    });
    let id = start_job(&world.app, world.submission(None, 1, ToleratedFailures::Count(10))).await.unwrap().id;
    let item = |n: u32| vec![RawValue::from_string(n.to_string()).unwrap()];
    for part in 0..PARTS_PER_JOB_MAX {
        put_part(&world.app, &world.owned(id).await, part, part.into(), item(part)).await.unwrap();
    }
    let beyond = put_part(&world.app, &world.owned(id).await, PARTS_PER_JOB_MAX, PARTS_PER_JOB_MAX.into(), item(0)).await;
    assert!(matches!(&beyond, Err(JobError::Invalid(_))), "{beyond:?}");
    seal(&world.app, &world.owned(id).await, PARTS_PER_JOB_MAX).await.unwrap();
    world.take_sent();
    world.work_off().await;
    let job = world.job(id).await;
    assert_eq!((job.status, job.processed_items, job.failed_items), (JobStatus::Completed, 990, 10));
    let before_the_first = retry(&world.app, &world.owned(id).await, Some(0)).await;
    assert!(matches!(before_the_first, Err(JobError::Conflict(Conflict::RoundDiffers(1)))), "{before_the_first:?}");
    retry(&world.app, &world.owned(id).await, Some(1)).await.unwrap();
    world.take_sent();
    let before = world.calls().len();
    world.work_off().await;
    assert_eq!(world.calls().len() - before, 10, "only failed items ran again");
    assert_eq!((world.job(id).await.round, world.job(id).await.failed_items), (2, 10));
}

#[tokio::test(start_paused = true)]
async fn no_index_is_beyond_the_maximum_of_a_job() {
    let world = World::new(Options::default(), |_| done());
    let id = start_job(&world.app, world.submission(None, 1, ToleratedFailures::Count(0))).await.unwrap().id;
    let item = || vec![RawValue::from_string("1".to_owned()).unwrap()];
    put_part(&world.app, &world.owned(id).await, 0, ITEMS_PER_JOB_MAX - 1, item()).await.unwrap();
    let beyond = put_part(&world.app, &world.owned(id).await, 1, ITEMS_PER_JOB_MAX, item()).await;
    assert!(matches!(&beyond, Err(JobError::Invalid(_))), "{beyond:?}");
}

fn items(count: usize, bytes: usize) -> Vec<Box<RawValue>> {
    let item = RawValue::from_string(format!("{{\"a\":{:?}}}", "x".repeat(bytes - r#"{"a":""}"#.len()))).unwrap();
    vec![item; count]
}

/// Bug found: a documented limit differed from the real one, or was never checked.
#[tokio::test(start_paused = true)]
async fn a_request_may_reach_its_limits_and_not_exceed_them() {
    let world = World::new(Options::default(), |_| done());
    let of = |items, chunk_size| world.submission(Some(items), chunk_size, ToleratedFailures::Count(0));
    let with_field = |chars: usize| Submission { id_field: Some("é".repeat(chars)), ..of(vec![], 1) };
    for (most, beyond, pointer) in [
        (with_field(ID_CHARS_MAX), with_field(ID_CHARS_MAX + 1), "/idField"),
        (of(items(CHUNKS_PER_BODY_MAX, 10), 1), of(items(CHUNKS_PER_BODY_MAX + 1, 10), 1), "/items"),
        (of(items(ITEMS_PER_REQUEST_MAX, 10), 250), of(items(ITEMS_PER_REQUEST_MAX + 1, 10), 250), "/items"),
        (of(items(1, ITEM_BYTES_MAX), 1), of(items(1, ITEM_BYTES_MAX + 1), 1), "/items/0"),
    ] {
        let refused = start_job(&world.app, beyond).await;
        assert!(matches!(&refused, Err(JobError::Invalid(violations)) if violations[0].pointer == pointer), "{refused:?}");
        start_job(&world.app, most).await.unwrap();
    }
    let id = start_job(&world.app, world.submission(None, 1, ToleratedFailures::Count(0))).await.unwrap().id;
    let beyond = put_part(&world.app, &world.owned(id).await, 0, 0, items(CHUNKS_PER_PART_MAX + 1, 10)).await;
    assert!(matches!(&beyond, Err(JobError::Invalid(_))), "{beyond:?}");
    put_part(&world.app, &world.owned(id).await, 0, 0, items(CHUNKS_PER_PART_MAX, 10)).await.unwrap();
}
