//! The SDK repeats a write whose answer was lost: the first try must not be mistaken for another's write.

use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_core::job::JobWrite;
use headway_core::ledger::{CareMark, Parked, Written};
use headway_core::part::PartWrite;
use headway_core::secret::secret;
use headway_core::{ChunkId, Ledger};
use headway_embedded::Embedded;
use uuid::Uuid;

use crate::faults::losing_answers;
use crate::sample::{at, job, key, outcome, part, raw, shows};
use crate::subject::{TABLE, embedded_parts};

#[tokio::test(start_paused = true)]
async fn a_create_is_not_taken_for_anothers() {
    for forgets_tokens in [false, true] {
        let ledger = ledger_that(forgets_tokens).await;
        for with_key in [false, true] {
            let job = job();
            let key = with_key.then(|| key(&job, "k"));
            assert_eq!(ledger.create(&job, &raw("1"), key.as_ref(), None).await.unwrap(), None);
            assert_eq!(ledger.rows(&[job.id], &[]).await.unwrap().jobs[&job.id], job);
            assert!(ledger.params(job.id).await.unwrap().is_some());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_is_not_taken_for_anothers() {
    let ledger = ledger().await;
    let job = job().id;
    assert_eq!(ledger.put_part(&part(job, 0, 1)).await.unwrap(), None);
    let mut outcome = outcome(job, 0, 0);
    for version in 1..4 {
        outcome.version = version;
        assert!(ledger.put_outcome(&outcome).await.unwrap(), "version {version}");
    }
    assert_eq!(secret(&ledger, "s", b"fresh").await.unwrap(), b"fresh");
}

/// An update whose answer was lost is refused the second time, with the row that it made. Callers continue from that
/// row.
#[tokio::test(start_paused = true)]
async fn an_update_counts_once_and_shows_what_it_made() {
    let ledger = ledger().await;
    let job = job();
    ledger.create(&job, &raw("1"), None, None).await.unwrap();
    let roll_up = JobWrite::RollUp { round: 1, part: 0, processed: 9, failed: 1 };
    let row = ledger.update_job(job.id, &roll_up, at(1)).await.unwrap().row().unwrap();
    assert_eq!((row.processed_items, row.failed_items), (9, 1));
    ledger.put_part(&part(job.id, 0, 2)).await.unwrap();
    for write in [PartWrite::Clean { chunk: 0, items: 10 }, PartWrite::Shadow { chunk: 1, register: shows(1, 4, 6), waiting_for: None }] {
        assert!(matches!(ledger.update_part((job.id, 0), &write, at(1)).await.unwrap(), Written::Refused(_)));
    }
    let row = ledger.rows(&[], &[(job.id, 0)]).await.unwrap().parts.remove(&(job.id, 0)).unwrap();
    assert_eq!((row.counts().processed, row.counts().failed, row.is_full()), (14, 6, true));
}

#[tokio::test(start_paused = true)]
async fn keeping_and_forgetting_are_done_once_however_often() {
    let ledger = ledger().await;
    let job = job();
    let id = ChunkId { job: job.id, part: 0, chunk: 0 };
    let parked = Parked { id, nonce: Uuid::new_v4(), body: "m".to_owned() };
    ledger.create(&job, &raw("1"), None, None).await.unwrap();
    ledger.park(&parked).await.unwrap();
    ledger
        .put_care(id, Some(&CareMark { item: Some(0), round: 1, worker: None, deadline: at(1), strikes: 0, struck: Default::default() }))
        .await
        .unwrap();
    assert_eq!(ledger.parked((job.id, 0)).await.unwrap(), [parked]);
    assert!(ledger.delete_part((job.id, 0)).await.unwrap());
    assert!(ledger.parked((job.id, 0)).await.unwrap().is_empty() && ledger.care(id).await.unwrap().is_none());
    ledger.delete_job(&job).await.unwrap();
    assert!(ledger.rows(&[job.id], &[]).await.unwrap().jobs.is_empty());
}

async fn ledger() -> DynamoLedger {
    ledger_that(false).await
}

async fn ledger_that(forgets_tokens: bool) -> DynamoLedger {
    let embedded = embedded_parts();
    schema::create_table(&embedded.dynamodb(), TABLE).await.unwrap();
    let client = Embedded::dynamodb_config(losing_answers(embedded.dynamodb_http_client(), forgets_tokens)).build();
    DynamoLedger::new(aws_sdk_dynamodb::Client::from_conf(client), TABLE)
}
