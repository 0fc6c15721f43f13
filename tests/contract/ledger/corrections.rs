//! Corrections rows: written under their version, kept byte for byte, read page by page in order of chunks.

use std::sync::Arc;

use headway_core::corrections::Corrections;
use headway_core::{ChunkId, JobId, Ledger};
use uuid::Uuid;

use crate::sample::raw;

crate::subject::over_every_ledger!(a_version_follows_the_one_before_it, pages_give_every_row_in_order, the_largest_row_has_room,);

fn row(job: JobId, part: u32, chunk: u16, version: u64, value: &str) -> Corrections {
    let mut row = Corrections::new(ChunkId { job, part, chunk });
    row.add(1, &[(7, raw(value))].into());
    Corrections { version, ..row }
}

async fn a_version_follows_the_one_before_it(ledger: Arc<dyn Ledger>) {
    let job = JobId(Uuid::new_v4());
    let put = async |version, value| ledger.put_corrections(&row(job, 0, 3, version, value)).await.unwrap();
    assert!(!put(2, "1").await, "nothing is there to follow");
    assert!(put(1, "1.0").await && put(1, "1.0").await, "the same again, after a lost answer");
    assert!(!put(1, "2").await && !put(3, "2").await);
    assert!(put(2, "{\"a\":  2}").await);
    let all = ledger.all_corrections((job, 0)).await.unwrap();
    assert_eq!(format!("{all:?}"), format!("{:?}", std::collections::BTreeMap::from([(3, row(job, 0, 3, 2, "{\"a\":  2}"))])));
}

async fn pages_give_every_row_in_order(ledger: Arc<dyn Ledger>) {
    let job = JobId(Uuid::new_v4());
    for chunk in (0..80).rev().step_by(3) {
        assert!(ledger.put_corrections(&row(job, 1, chunk, 1, "0")).await.unwrap());
    }
    assert!(ledger.put_corrections(&row(job, 10, 0, 1, "0")).await.unwrap(), "of another part");
    let chunks: Vec<u16> = ledger.all_corrections((job, 1)).await.unwrap().into_keys().collect();
    assert_eq!(chunks, (0..80).rev().step_by(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>());
    let from = ledger.corrections((job, 1), 40).await.unwrap();
    assert_eq!(from.first().map(|row| row.id.chunk), Some(40));
    while !ledger.delete_part((job, 1)).await.unwrap() {}
    assert!(ledger.corrections((job, 1), 0).await.unwrap().is_empty());
    assert_eq!(ledger.corrections((job, 10), 0).await.unwrap().len(), 1);
}

/// Values that cannot be compressed, as large as they may be together.
async fn the_largest_row_has_room(ledger: Arc<dyn Ledger>) {
    let noise: String =
        std::iter::repeat_with(|| Uuid::new_v4().simple().to_string()).take(headway_core::limits::EXTRA_ROW_BYTES_MAX / 32).collect();
    assert!(ledger.put_corrections(&row(JobId(Uuid::new_v4()), 0, 0, 1, &format!("\"{noise}\""))).await.unwrap());
}
