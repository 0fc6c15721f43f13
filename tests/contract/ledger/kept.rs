//! Rows without rules: parked messages, marks, and what is kept besides jobs.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use headway_core::cupboard::{KEPT_BYTES_MAX, KeptKey, KeptRow};
use headway_core::known::{announced, put_announced};
use headway_core::ledger::{CareMark, Parked, Written};
use headway_core::secret::secret;
use headway_core::{ChunkId, JobId, Options, ProcessorInfo, Store};
use uuid::Uuid;

use crate::sample::at;

crate::subject::over_every_ledger!(
    every_parked_message_is_given_back_until_it_is_forgotten,
    a_mark_is_made_changed_and_removed,
    a_kept_row_is_read_back_whatever_it_contains,
    a_version_follows_the_one_before,
    of_many_puts_of_a_version_one_wins,
    a_secret_never_changes,
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
        let care = CareMark {
            item: Some(9_999_999).filter(|_| strikes != 1),
            round: 1 + strikes,
            worker: Some("w:3".to_owned()).filter(|_| strikes == 1),
            deadline: at(900),
            strikes,
            struck: (0..u64::from(strikes)).map(|index| (index, 1)).collect(),
        };
        ledger.put_care(id, Some(&care)).await.unwrap();
        assert_eq!(ledger.care(id).await.unwrap(), Some(care));
    }
    for _ in 0..2 {
        ledger.put_care(id, None).await.unwrap();
        assert_eq!(ledger.care(id).await.unwrap(), None);
    }
}

fn new_key() -> KeptKey {
    KeptKey::expiring(format!("CONTRACT#{}", Uuid::new_v4()), "ROW")
}

fn row(version: u64, text: &str) -> KeptRow {
    KeptRow { version, text: text.to_owned() }
}

async fn a_kept_row_is_read_back_whatever_it_contains(ledger: Arc<dyn Store>) {
    let key = new_key();
    let other = KeptKey { what: "OTHER".to_owned(), ..key.clone() };
    assert_eq!(ledger.kept(&key).await.unwrap(), None);
    for text in [String::new(), "{}".to_owned(), "a\0\u{1F980}".to_owned(), "é".repeat(KEPT_BYTES_MAX / 2)] {
        for _ in 0..2 {
            assert_eq!(ledger.put_kept(&key, &row(0, &text)).await.unwrap(), Written::Applied(row(0, &text)));
            assert_eq!(ledger.kept(&key).await.unwrap(), Some(row(0, &text)));
        }
    }
    assert_eq!(ledger.kept(&other).await.unwrap(), None);
}

async fn a_version_follows_the_one_before(ledger: Arc<dyn Store>) {
    let (key, first, second) = (new_key(), row(1, "a"), row(2, "a"));
    assert_eq!(ledger.put_kept(&key, &second).await.unwrap(), Written::Gone, "there is no version 1 yet");
    assert_eq!(ledger.put_kept(&key, &first).await.unwrap(), Written::Applied(first.clone()));
    assert_eq!(ledger.put_kept(&key, &first).await.unwrap(), Written::Applied(first.clone()), "an earlier try has put it");
    assert_eq!(ledger.put_kept(&key, &row(1, "b")).await.unwrap(), Written::Refused(first.clone()), "another one was not put");
    assert_eq!(ledger.put_kept(&key, &second).await.unwrap(), Written::Applied(second.clone()));
    assert_eq!(ledger.put_kept(&key, &first).await.unwrap(), Written::Refused(second.clone()));
    assert_eq!(ledger.kept(&key).await.unwrap(), Some(second));
}

async fn of_many_puts_of_a_version_one_wins(ledger: Arc<dyn Store>) {
    let key = new_key();
    let rows: Vec<KeptRow> = (0..8).map(|i| row(1, &i.to_string())).collect();
    let written = join_all(rows.iter().map(|row| async { ledger.put_kept(&key, row).await.unwrap() })).await;
    let won: Vec<_> = rows.iter().zip(&written).filter(|(_, written)| matches!(written, Written::Applied(_))).collect();
    assert_eq!(won.len(), 1, "{written:?}");
    assert!(written.iter().all(|written| written.clone().row().as_ref() == Some(won[0].0)), "all others see it: {written:?}");
}

async fn a_secret_never_changes(ledger: Arc<dyn Store>) {
    let name = format!("page-token-{}", Uuid::new_v4());
    let proposed: Vec<[u8; 32]> = (0..8).map(|i| [i; 32]).collect();
    let answers = join_all(proposed.iter().map(|fresh| secret(ledger.as_ref(), &name, fresh))).await;
    let answers: BTreeSet<Vec<u8>> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.len(), 1, "all who asked at once got the same");
    assert!(answers.contains(&secret(ledger.as_ref(), &name, &[99; 32]).await.unwrap()));
}

async fn what_a_worker_tells_is_kept_whole(ledger: Arc<dyn Store>) {
    let schema = serde_json::json!({"type": "object", "properties": {"é": {"const": 1.5}}});
    let options = Options { description: "Écrit".to_owned(), params_schema: schema, chunk_size: Some(7), ..Options::default() };
    let infos = [ProcessorInfo::new("a", &options), ProcessorInfo::new("b", &Options::default())];
    for _ in 0..2 {
        put_announced(ledger.as_ref(), &infos).await.unwrap();
        assert_eq!(announced(ledger.as_ref()).await.unwrap(), infos, "the wish for a chunk size too");
    }
    put_announced(ledger.as_ref(), &infos[1..]).await.unwrap();
    assert_eq!(announced(ledger.as_ref()).await.unwrap(), infos[1..], "what is announced last is all there is");
}
