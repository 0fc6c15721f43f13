//! Deleting: every row is deleted, and nothing of a deleted job comes back.

use std::sync::Arc;

use headway_core::job::JobWrite;
use headway_core::ledger::{CareMark, Parked, Written};
use headway_core::part::PartWrite;
use headway_core::{ChunkId, Ledger};
use uuid::Uuid;

use crate::sample::{at, job, job_of, key, outcome, part, raw};

crate::subject::over_every_ledger!(
    a_deleted_part_leaves_no_row,
    a_deleted_job_leaves_no_row_and_frees_its_key,
    a_key_that_started_another_job_since_stays,
);

async fn a_deleted_part_leaves_no_row(ledger: Arc<dyn Ledger>) {
    let job = job().id;
    let id = (job, 1);
    let chunk = |chunk| ChunkId { job, part: 1, chunk };
    ledger.put_part(&part(job, 1, 80)).await.unwrap();
    ledger.put_part(&part(job, 10, 80)).await.unwrap();
    for c in 0..40 {
        assert!(ledger.put_outcome(&outcome(job, 1, c)).await.unwrap());
        ledger.park(&Parked { id: chunk(c), nonce: Uuid::new_v4(), body: "m".to_owned() }).await.unwrap();
    }
    ledger
        .put_care(
            chunk(3),
            Some(&CareMark { item: Some(1), round: 1, worker: None, deadline: at(1), strikes: 0, struck: Default::default() }),
        )
        .await
        .unwrap();
    while !ledger.delete_part(id).await.unwrap() {}
    assert!(ledger.delete_part(id).await.unwrap(), "nothing is left to delete");
    let rows = ledger.rows(&[], &[id, (job, 10)]).await.unwrap();
    assert_eq!(rows.parts.keys().collect::<Vec<_>>(), [&(job, 10)], "another part stays");
    assert!(ledger.outcomes(id, 0).await.unwrap().is_empty() && ledger.parked(id).await.unwrap().is_empty());
    assert_eq!(ledger.care(chunk(3)).await.unwrap(), None);
    assert_eq!(ledger.update_part(id, &PartWrite::Clean { chunk: 0, items: 10 }, at(2)).await.unwrap(), Written::Gone);
}

async fn a_deleted_job_leaves_no_row_and_frees_its_key(ledger: Arc<dyn Ledger>) {
    let mut first = job();
    first.key_hash = Some("k".to_owned());
    ledger.create(&first, &raw("1"), Some(&key(&first, "k")), None).await.unwrap();
    for _ in 0..2 {
        ledger.delete_job(&first).await.unwrap();
    }
    assert!(ledger.rows(&[first.id], &[]).await.unwrap().jobs.is_empty());
    assert!(ledger.params(first.id).await.unwrap().is_none());
    assert!(ledger.jobs_of(&first.user_id, None, 10).await.unwrap().ids.is_empty());
    assert_eq!(ledger.update_job(first.id, &JobWrite::Begin, at(1)).await.unwrap(), Written::Gone);
    let second = job_of(&first.user_id, 1);
    assert_eq!(ledger.create(&second, &raw("2"), Some(&key(&second, "k")), None).await.unwrap(), None);
}

async fn a_key_that_started_another_job_since_stays(ledger: Arc<dyn Ledger>) {
    let mut first = job();
    first.key_hash = Some("k".to_owned());
    ledger.create(&first, &raw("1"), Some(&key(&first, "k")), None).await.unwrap();
    let second = job_of(&first.user_id, 1);
    ledger.create(&second, &raw("2"), Some(&key(&second, "k")), Some(first.id)).await.unwrap();
    ledger.delete_job(&first).await.unwrap();
    let third = job_of(&first.user_id, 2);
    let known = ledger.create(&third, &raw("3"), Some(&key(&third, "k")), None).await.unwrap();
    assert_eq!(known, Some(key(&second, "k")));
}
