//! An owner's row is changed version by version, by one request at a time.

use std::sync::Arc;

use futures::future::join_all;
use headway_core::quota::{Start, Usage};
use headway_core::{JobId, Store};
use uuid::Uuid;

use crate::sample::{at, job, key, owner, raw};

crate::subject::over_every_ledger!(
    an_owners_row_is_kept_whole,
    a_version_follows_the_one_before,
    of_many_puts_of_a_version_one_wins,
    a_key_is_known_once_it_has_started_a_job,
);

fn start(seconds: i64, items: Option<u32>) -> Start {
    Start { job: JobId(Uuid::new_v4()), round: 3, at: at(seconds), items }
}

async fn an_owners_row_is_kept_whole(ledger: Arc<dyn Store>) {
    let mut usage = Usage::new(owner());
    assert_eq!(ledger.usage(&usage.user_id).await.unwrap(), None);
    for starts in [vec![], (0..160).map(|i| start(i, (i % 2 == 0).then_some(10_000_000))).collect()] {
        (usage.version, usage.starts, usage.looked_at) = (usage.version + 1, starts, Some(at(7)));
        assert!(ledger.put_usage(&usage).await.unwrap());
        assert_eq!(ledger.usage(&usage.user_id).await.unwrap(), Some(usage.clone()));
    }
    assert_eq!(ledger.usage(&owner()).await.unwrap(), None, "another owner's is another row");
}

async fn a_version_follows_the_one_before(ledger: Arc<dyn Store>) {
    let of = owner();
    let usage = |version| Usage { version, starts: vec![start(0, Some(1))], ..Usage::new(of.clone()) };
    let (first, second) = (usage(1), usage(2));
    assert!(!ledger.put_usage(&usage(0)).await.unwrap());
    assert!(!ledger.put_usage(&second).await.unwrap(), "there is no version 1 yet");
    assert!(ledger.put_usage(&first).await.unwrap());
    assert!(ledger.put_usage(&first).await.unwrap(), "the very same row was put by an earlier try");
    assert!(!ledger.put_usage(&usage(1)).await.unwrap(), "another one was not");
    assert!(ledger.put_usage(&second).await.unwrap());
    assert!(!ledger.put_usage(&first).await.unwrap());
    assert_eq!(ledger.usage(&of).await.unwrap(), Some(second));
}

async fn of_many_puts_of_a_version_one_wins(ledger: Arc<dyn Store>) {
    let of = owner();
    let puts: Vec<Usage> = (0..8).map(|i| Usage { version: 1, starts: vec![start(i, Some(1))], ..Usage::new(of.clone()) }).collect();
    let done = join_all(puts.iter().map(|usage| async { ledger.put_usage(usage).await.unwrap() })).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let winner = done.iter().position(|done| *done).unwrap();
    assert_eq!(ledger.usage(&of).await.unwrap().as_ref(), Some(&puts[winner]));
}

async fn a_key_is_known_once_it_has_started_a_job(ledger: Arc<dyn Store>) {
    let job = job();
    let key = key(&job, "k");
    assert_eq!(ledger.submission(&job.user_id, "k").await.unwrap(), None);
    ledger.create(&job, &raw("1"), Some(&key), None).await.unwrap();
    assert_eq!(ledger.submission(&job.user_id, "k").await.unwrap(), Some(key));
    assert_eq!(ledger.submission(&owner(), "k").await.unwrap(), None);
}
