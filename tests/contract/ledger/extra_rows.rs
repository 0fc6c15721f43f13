//! Extra rows of outcomes: the largest records, kept byte for byte, each row found by its name only.

use std::sync::Arc;

use headway_core::limits::{ITEM_BYTES_MAX, OUTPUT_BYTES_MAX};
use headway_core::outcome::extra::{ExtraRow, RowSizes};
use headway_core::outcome::{Failure, FailureKind, ItemResult, Outcome, OutputRecord};
use headway_core::{ChunkId, JobId, Ledger};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::sample::{outcome, raw};

crate::subject::over_every_ledger!(
    the_largest_records_are_kept_byte_for_byte,
    a_row_is_found_by_its_name_and_deleted_alone,
    extra_rows_are_not_listed_as_outcomes,
);

/// Text that cannot be compressed below half its size.
fn noise(bytes: usize) -> Box<RawValue> {
    let hex: String = std::iter::repeat_with(|| Uuid::new_v4().simple().to_string()).take(bytes / 32 + 1).collect();
    raw(format!("\"{}\"", &hex[..bytes - 2]))
}

fn moved_out(id: ChunkId) -> (Outcome, Vec<ExtraRow>) {
    let failure = Failure::new(FailureKind::Crashed, "", &"\u{1F980}".repeat(1_000), 5, Some("é".repeat(128)), noise(ITEM_BYTES_MAX));
    let output = |bytes| ItemResult::Processed(Some(OutputRecord { id: None, output: Some(noise(bytes)) }));
    let mut outcome = Outcome { version: 1, ..Outcome::new(id, 0, 3) };
    outcome.merge([(0, ItemResult::Failed(failure)), (1, output(OUTPUT_BYTES_MAX)), (2, output(100))], 1);
    let rows = outcome.move_out(RowSizes::default()).unwrap();
    (outcome, rows)
}

async fn the_largest_records_are_kept_byte_for_byte(ledger: Arc<dyn Ledger>) {
    let (outcome, rows) = moved_out(ChunkId { job: JobId(Uuid::new_v4()), part: 2, chunk: 7 });
    assert_eq!(rows.len(), 2);
    for row in &rows {
        // Twice: the first answer may have been lost.
        ledger.put_extra(row).await.unwrap();
        ledger.put_extra(row).await.unwrap();
    }
    assert!(ledger.put_outcome(&outcome).await.unwrap());
    let kept = ledger.outcome(outcome.id).await.unwrap().unwrap();
    assert_eq!((kept.elsewhere.clone(), kept.register()), (outcome.elsewhere.clone(), outcome.register()));
    for row in &rows {
        let kept = ledger.extra(row.id, row.name).await.unwrap().unwrap();
        assert_eq!(format!("{kept:?}"), format!("{row:?}"));
    }
}

async fn a_row_is_found_by_its_name_and_deleted_alone(ledger: Arc<dyn Ledger>) {
    let id = ChunkId { job: JobId(Uuid::new_v4()), part: 0, chunk: 1 };
    let (_, rows) = moved_out(id);
    for row in &rows {
        ledger.put_extra(row).await.unwrap();
    }
    assert!(ledger.extra(ChunkId { chunk: 11, ..id }, rows[0].name).await.unwrap().is_none(), "another chunk's");
    for _ in 0..2 {
        ledger.delete_extra(id, rows[0].name).await.unwrap();
    }
    assert!(ledger.extra(id, rows[0].name).await.unwrap().is_none() && ledger.extra(id, rows[1].name).await.unwrap().is_some());
}

async fn extra_rows_are_not_listed_as_outcomes(ledger: Arc<dyn Ledger>) {
    let job = JobId(Uuid::new_v4());
    let (_, rows) = moved_out(ChunkId { job, part: 0, chunk: 1 });
    for row in &rows {
        ledger.put_extra(row).await.unwrap();
    }
    assert!(ledger.outcomes((job, 0), 0).await.unwrap().is_empty() && ledger.parked((job, 0)).await.unwrap().is_empty());
    assert!(ledger.put_outcome(&outcome(job, 0, 1)).await.unwrap());
    assert_eq!(ledger.outcomes((job, 0), 0).await.unwrap().len(), 1);
    while !ledger.delete_part((job, 0)).await.unwrap() {}
    for row in &rows {
        assert!(ledger.extra(row.id, row.name).await.unwrap().is_none());
    }
}
