//! If the table does only part of a batch, the rest is requested again, and nothing is treated as missing.

use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_core::Ledger;
use headway_embedded::Embedded;

use crate::faults::leaving_batches;
use crate::sample::{job, outcome, part};
use crate::subject::{TABLE, embedded_parts};

#[tokio::test(start_paused = true)]
async fn left_over_keys_are_still_read() {
    let embedded = embedded_parts();
    let (ledger, job) = (ledger(&embedded, false).await, job().id);
    let ids: Vec<_> = (0..130).map(|number| (job, number)).collect();
    for (_, number) in &ids {
        ledger.put_part(&part(job, *number, 1)).await.unwrap();
    }
    let rows = ledger.rows(&[], &ids).await.unwrap();
    assert_eq!(rows.parts.into_keys().collect::<Vec<_>>(), ids);
}

#[tokio::test(start_paused = true)]
async fn left_over_rows_are_still_deleted() {
    let embedded = embedded_parts();
    let (ledger, job) = (ledger(&embedded, false).await, job().id);
    for chunk in 0..60 {
        ledger.put_outcome(&outcome(job, 0, chunk)).await.unwrap();
    }
    while !ledger.delete_part((job, 0)).await.unwrap() {}
    assert!(ledger.outcomes((job, 0), 0).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_nothing_is_given_up_on() {
    let embedded = embedded_parts();
    let (ledger, job) = (ledger(&embedded, true).await, job().id);
    ledger.put_outcome(&outcome(job, 0, 0)).await.unwrap();
    let error = ledger.rows(&[job], &[(job, 0)]).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "2 keys are still unprocessed");
    assert!(ledger.delete_part((job, 0)).await.is_err());
    assert!(!ledger.outcomes((job, 0), 0).await.unwrap().is_empty());
}

async fn ledger(embedded: &Embedded, everything: bool) -> DynamoLedger {
    schema::create_table(&embedded.dynamodb(), TABLE).await.unwrap();
    let client = Embedded::dynamodb_config(leaving_batches(embedded.dynamodb_http_client(), everything)).build();
    DynamoLedger::new(aws_sdk_dynamodb::Client::from_conf(client), TABLE)
}
