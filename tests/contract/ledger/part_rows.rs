//! Part rows: written once, with registers that never fall, whoever writes how often.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use headway_core::ledger::Written;
use headway_core::limits::CHUNKS_PER_PART_MAX;
use headway_core::part::{PartWrite, Register};
use headway_core::waiting::{Stall, WaitReason, WaitingFor};
use headway_core::{JobId, Ledger};
use uuid::Uuid;

use crate::sample::{at, part, shows};

crate::subject::over_every_ledger!(
    a_part_is_put_once,
    a_write_to_a_part_that_is_gone_creates_nothing,
    of_many_clean_settlements_one_counts,
    settlements_of_many_chunks_at_once_are_all_there,
    a_register_shows_the_last_version_in_whatever_order_they_come,
    a_stamp_needs_the_part_as_it_was_read,
    a_stall_is_noted_only_of_a_chunk_as_it_was_read,
);

async fn a_part_is_put_once(ledger: Arc<dyn Ledger>) {
    let first = part(JobId(Uuid::new_v4()), 0, 3);
    assert_eq!(ledger.put_part(&first).await.unwrap(), None);
    let other = headway_core::part::Part { fingerprint: "0".repeat(32), ..first.clone() };
    assert_eq!(ledger.put_part(&other).await.unwrap(), Some(first.clone()));
    assert_eq!(ledger.rows(&[], &[(first.job, 0)]).await.unwrap().parts[&(first.job, 0)], first);
}

async fn a_write_to_a_part_that_is_gone_creates_nothing(ledger: Arc<dyn Ledger>) {
    let id = (JobId(Uuid::new_v4()), 3);
    for write in [
        PartWrite::Clean { chunk: 0, items: 10 },
        PartWrite::Shadow { chunk: 0, register: shows(1, 1, 1), waiting_for: None },
        PartWrite::Sent,
    ] {
        assert_eq!(ledger.update_part(id, &write, at(1)).await.unwrap(), Written::Gone);
    }
    assert!(ledger.rows(&[], &[id]).await.unwrap().parts.is_empty());
}

async fn of_many_clean_settlements_one_counts(ledger: Arc<dyn Ledger>) {
    let id = put(&*ledger, 1).await;
    let clean = PartWrite::Clean { chunk: 0, items: 10 };
    let answers = join_all((0..8).map(|i| ledger.update_part(id, &clean, at(i)))).await;
    let applied = answers.iter().filter(|written| matches!(written, Ok(Written::Applied(_)))).count();
    assert_eq!(applied, 1, "{answers:?}");
    let refused =
        ledger.update_part(id, &PartWrite::Shadow { chunk: 0, register: shows(9, 1, 9), waiting_for: None }, at(9)).await.unwrap();
    assert!(matches!(refused, Written::Refused(row) if row.counts().processed == 10 && row.is_full()), "clean is final");
}

async fn settlements_of_many_chunks_at_once_are_all_there(ledger: Arc<dyn Ledger>) {
    let chunks = CHUNKS_PER_PART_MAX as u16;
    let id = put(&*ledger, chunks).await;
    let writes = (0..chunks).map(|chunk| {
        let ledger = &ledger;
        async move {
            let write = if chunk % 3 == 0 {
                PartWrite::Shadow { chunk, register: shows(1, 4, 6), waiting_for: None }
            } else {
                PartWrite::Clean { chunk, items: 10 }
            };
            ledger.update_part(id, &write, at(1)).await.unwrap()
        }
    });
    assert!(join_all(writes).await.iter().all(|written| matches!(written, Written::Applied(_))));
    let row = ledger.rows(&[], &[id]).await.unwrap().parts.remove(&id).unwrap();
    assert!(row.is_full());
    assert_eq!((row.counts().processed, row.counts().failed), (53 * 10 + 27 * 4, 27 * 6));
}

async fn a_register_shows_the_last_version_in_whatever_order_they_come(ledger: Arc<dyn Ledger>) {
    let id = put(&*ledger, 2).await;
    // With different numbers of digits: registers are compared as numbers.
    for (version, comes) in [(2, true), (1, false), (2, false), (10, true), (9, false), (1_000, true)] {
        let register = shows(version, 5, 1);
        let written = ledger.update_part(id, &PartWrite::Shadow { chunk: 1, register, waiting_for: None }, at(1)).await.unwrap();
        assert_eq!(matches!(written, Written::Applied(_)), comes, "version {version}");
    }
    let refused = ledger.update_part(id, &PartWrite::Clean { chunk: 1, items: 10 }, at(1)).await.unwrap();
    assert!(matches!(refused, Written::Refused(row) if row.registers == BTreeMap::from([(1, shows(1_000, 5, 1))])));
}

async fn a_stamp_needs_the_part_as_it_was_read(ledger: Arc<dyn Ledger>) {
    let id = put(&*ledger, 2).await;
    ledger.update_part(id, &PartWrite::Clean { chunk: 0, items: 10 }, at(1)).await.unwrap();
    let read = BTreeMap::from([(0, Register::Clean { items: 10 })]);
    let stamped: BTreeMap<_, _> = [(0, Register::Clean { items: 10 }), (1, shows(2, 3, 0))].into();
    let stamp = |from_round, from: &BTreeMap<u16, Register>| PartWrite::Stamp {
        from_round,
        from: from.clone(),
        round: 2,
        registers: stamped.clone(),
    };
    for (write, comes) in [
        (stamp(1, &BTreeMap::new()), false),
        (stamp(1, &stamped), false),
        (stamp(2, &read), false),
        (stamp(1, &read), true),
        (stamp(1, &read), false),
        (stamp(2, &stamped), true),
    ] {
        let written = ledger.update_part(id, &write, at(2)).await.unwrap();
        assert_eq!(matches!(written, Written::Applied(_)), comes, "{write:?}");
    }
    let row = ledger.rows(&[], &[id]).await.unwrap().parts.remove(&id).unwrap();
    assert_eq!((row.round, row.registers), (2, stamped));
}

async fn put(ledger: &dyn Ledger, chunks: u16) -> (JobId, u32) {
    let part = part(JobId(Uuid::new_v4()), 0, chunks);
    assert_eq!(ledger.put_part(&part).await.unwrap(), None);
    (part.job, part.number)
}

async fn a_stall_is_noted_only_of_a_chunk_as_it_was_read(ledger: Arc<dyn Ledger>) {
    let id = put(&*ledger, 2).await;
    ledger.update_part(id, &PartWrite::Clean { chunk: 0, items: 10 }, at(1)).await.unwrap();
    let clean = Register::Clean { items: 10 };
    let waiting_for = WaitingFor::new("invoices", WaitReason::WorkerEnded, at(1), Some("it died"));
    let stall = |handled| Stall { waiting_for: waiting_for.clone(), round: 1, handled };
    for (chunk, from, handled, comes) in [
        (0, None, 1, false),
        (0, Some(shows(1, 1, 0)), 2, false),
        (1, Some(clean), 3, false),
        (0, Some(clean), 4, true),
        (1, None, 10, true),
    ] {
        let write = PartWrite::Stall { chunk, from, stall: stall(handled) };
        let written = ledger.update_part(id, &write, at(2)).await.unwrap();
        assert_eq!(matches!(written, Written::Applied(_)), comes, "{write:?}");
    }
    let row = ledger.part(id).await.unwrap().unwrap();
    assert_eq!((row.stall.as_deref(), row.stalled_in(1), row.stalled_in(2)), (Some(&stall(10)), Some(&stall(10)), None));
    let shown = ledger.update_part(id, &PartWrite::Shadow { chunk: 1, register: shows(1, 1, 0), waiting_for: None }, at(3)).await.unwrap();
    assert!(shown.row().is_some_and(|row| row.stall.is_some() && row.stalled_in(1).is_none()), "an item has a result");
}
