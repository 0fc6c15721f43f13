//! Rows without rules: parked messages, marks, secrets, strays, the processors that workers announce.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use headway_core::cupboard::Stray;
use headway_core::ledger::{CareMark, Parked};
use headway_core::{ChunkId, JobId, Options, ProcessorInfo, Store};
use uuid::Uuid;

use crate::sample::at;

crate::subject::over_every_ledger!(
    every_parked_message_is_given_back_until_it_is_forgotten,
    a_mark_is_made_changed_and_removed,
    a_secret_never_changes,
    a_stray_of_any_size_is_kept,
    what_a_worker_tells_is_kept_whole,
);

async fn every_parked_message_is_given_back_until_it_is_forgotten(ledger: Arc<dyn Store>) {
    let (job, part) = (JobId(Uuid::new_v4()), 1);
    let message = |chunk, body: &str| Parked { id: ChunkId { job, part, chunk }, nonce: Uuid::new_v4(), body: body.to_owned() };
    let mut kept: BTreeSet<_> = BTreeSet::new();
    for i in 0..25 {
        // Two messages of each chunk: messages of a chunk must not share a row.
        let parked = message(i / 2, &format!("{i} \u{1F980}"));
        ledger.park(&parked).await.unwrap();
        ledger.park(&parked).await.unwrap();
        kept.insert((parked.id, parked.nonce, parked.body));
    }
    ledger.park(&Parked { id: ChunkId { job, part: 10, chunk: 0 }, ..message(0, "of another part") }).await.unwrap();
    let mut given = BTreeSet::new();
    loop {
        let page = ledger.parked((job, part)).await.unwrap();
        if page.is_empty() {
            break;
        }
        for parked in page {
            ledger.unpark(parked.id, parked.nonce).await.unwrap();
            ledger.unpark(parked.id, parked.nonce).await.unwrap();
            assert!(given.insert((parked.id, parked.nonce, parked.body)), "given back after it was forgotten");
        }
    }
    assert_eq!(given, kept);
}

async fn a_mark_is_made_changed_and_removed(ledger: Arc<dyn Store>) {
    let id = ChunkId { job: JobId(Uuid::new_v4()), part: 0, chunk: 79 };
    assert_eq!(ledger.care(id).await.unwrap(), None);
    for strikes in 0..2 {
        let care = CareMark { item: Some(9_999_999).filter(|_| strikes != 1), deadline: at(900), strikes };
        ledger.put_care(id, Some(&care)).await.unwrap();
        assert_eq!(ledger.care(id).await.unwrap(), Some(care));
    }
    for _ in 0..2 {
        ledger.put_care(id, None).await.unwrap();
        assert_eq!(ledger.care(id).await.unwrap(), None);
    }
}

async fn a_secret_never_changes(ledger: Arc<dyn Store>) {
    let name = format!("page-token-{}", Uuid::new_v4());
    let proposed: Vec<[u8; 32]> = (0..8).map(|i| [i; 32]).collect();
    let answers = join_all(proposed.iter().map(|fresh| ledger.secret(&name, fresh))).await;
    let answers: BTreeSet<Vec<u8>> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.len(), 1, "all who asked at once got the same");
    assert!(answers.contains(&ledger.secret(&name, &[99; 32]).await.unwrap()));
}

async fn what_a_worker_tells_is_kept_whole(ledger: Arc<dyn Store>) {
    let schema = serde_json::json!({"type": "object", "properties": {"é": {"const": 1.5}}});
    let options = Options { description: "Écrit".to_owned(), params_schema: schema, chunk_size: Some(7), ..Options::default() };
    let told = [ProcessorInfo::new("a", &options), ProcessorInfo::new("b", &Options::default())];
    for _ in 0..2 {
        ledger.tell_processors(&told).await.unwrap();
        assert_eq!(ledger.told_processors().await.unwrap(), told, "the wish for a chunk size too");
    }
    ledger.tell_processors(&told[1..]).await.unwrap();
    assert_eq!(ledger.told_processors().await.unwrap(), told[1..], "what is told last is all there is");
}

async fn a_stray_of_any_size_is_kept(ledger: Arc<dyn Store>) {
    for body in [String::new(), "{}".to_owned(), "é".repeat(500_000)] {
        let stray = Stray { message_id: Uuid::new_v4().to_string(), body, reason: "not one of ours".to_owned() };
        ledger.keep_stray(&stray, at(0)).await.unwrap();
        ledger.keep_stray(&stray, at(0)).await.unwrap();
    }
}
