//! Outcome rows: merged under their version, kept byte for byte, read page by page in order of chunks.

use std::sync::Arc;

use futures::future::join_all;
use headway_core::limits::{ITEMS_PER_CHUNK_MAX, OUTCOME_ROW_BYTES_MAX};
use headway_core::outcome::extra::RowSizes;
use headway_core::outcome::{Failure, FailureKind, ItemResult, Outcome};
use headway_core::{JobId, Ledger};
use uuid::Uuid;

use crate::sample::{outcome, raw};

crate::subject::over_every_ledger!(
    an_outcome_is_kept_byte_for_byte,
    a_version_follows_the_one_before_it,
    of_many_merges_at_once_one_lands,
    pages_give_every_outcome_in_order,
    the_largest_outcome_has_room,
);

async fn an_outcome_is_kept_byte_for_byte(ledger: Arc<dyn Ledger>) {
    let mut put = outcome(JobId(Uuid::new_v4()), 2, 7);
    assert!(ledger.outcome(put.id).await.unwrap().is_none());
    assert!(ledger.put_outcome(&put).await.unwrap());
    assert_same(&ledger.outcome(put.id).await.unwrap().unwrap(), &put);
    put.clear(2, None);
    put.version += 1;
    assert!(ledger.put_outcome(&put).await.unwrap());
    assert_same(&ledger.outcome(put.id).await.unwrap().unwrap(), &put);
}

async fn a_version_follows_the_one_before_it(ledger: Arc<dyn Ledger>) {
    let first = outcome(JobId(Uuid::new_v4()), 0, 0);
    let with = |version, items| Outcome { version, items, ..first.clone() };
    assert!(!ledger.put_outcome(&with(2, 10)).await.unwrap(), "nothing is there to follow");
    assert!(ledger.put_outcome(&with(1, 10)).await.unwrap());
    assert!(!ledger.put_outcome(&with(1, 11)).await.unwrap(), "another first version");
    assert!(!ledger.put_outcome(&with(3, 10)).await.unwrap());
    assert!(ledger.put_outcome(&with(2, 12)).await.unwrap());
    assert!(!ledger.put_outcome(&with(1, 10)).await.unwrap());
    assert_same(&ledger.outcome(first.id).await.unwrap().unwrap(), &with(2, 12));
}

async fn of_many_merges_at_once_one_lands(ledger: Arc<dyn Ledger>) {
    let first = outcome(JobId(Uuid::new_v4()), 0, 0);
    assert!(ledger.put_outcome(&first).await.unwrap());
    let merged: Vec<Outcome> = (6..10)
        .map(|index| {
            let mut merged = first.clone();
            merged.merge([(index, ItemResult::Processed(None))], 1);
            merged.version += 1;
            merged
        })
        .collect();
    let landed = join_all(merged.iter().map(|outcome| ledger.put_outcome(outcome))).await;
    assert_eq!(landed.into_iter().filter(|landed| *landed.as_ref().unwrap()).count(), 1);
}

async fn pages_give_every_outcome_in_order(ledger: Arc<dyn Ledger>) {
    let job = JobId(Uuid::new_v4());
    for chunk in (0..80).rev().step_by(3) {
        assert!(ledger.put_outcome(&outcome(job, 1, chunk)).await.unwrap());
    }
    assert!(ledger.put_outcome(&outcome(job, 10, 0)).await.unwrap(), "of another part");
    for from in [0, 40] {
        let expected: Vec<u16> = (0..80).rev().step_by(3).filter(|chunk| *chunk >= from).rev().collect();
        let (mut found, mut next) = (Vec::new(), from);
        loop {
            let page = ledger.outcomes((job, 1), next).await.unwrap();
            let Some(last) = page.last() else { break };
            next = last.id.chunk + 1;
            found.extend(page.iter().map(|outcome| outcome.id.chunk));
        }
        assert_eq!(found, expected);
    }
}

/// As much as may be in the row, and it cannot be compressed.
async fn the_largest_outcome_has_room(ledger: Arc<dyn Ledger>) {
    let noise = |bytes: usize| -> String { std::iter::repeat_with(|| Uuid::new_v4().simple().to_string()).take(bytes / 32).collect() };
    let mut largest = outcome(JobId(Uuid::new_v4()), 0, 1);
    largest.items = ITEMS_PER_CHUNK_MAX as u16;
    let share = (OUTCOME_ROW_BYTES_MAX / ITEMS_PER_CHUNK_MAX - 200) / 3;
    let failed =
        |_| ItemResult::Failed(Failure::new(FailureKind::Crashed, "", &noise(share), 5, None, raw(format!("\"{}\"", noise(share)))));
    largest.merge((0..250).map(|i| (i, failed(i))), 1);
    assert!(largest.register().is_full() && largest.move_out(RowSizes::default()).unwrap().is_empty());
    assert!(ledger.put_outcome(&largest).await.unwrap());
    assert_same(&ledger.outcome(largest.id).await.unwrap().unwrap(), &largest);
}

fn assert_same(one: &Outcome, other: &Outcome) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
