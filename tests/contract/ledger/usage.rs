//! What an owner has started, and the keys that started jobs.

use std::sync::Arc;

use headway_core::quota::{Start, Usage};
use headway_core::{JobId, Store};
use uuid::Uuid;

use crate::sample::{at, job, key, owner, raw};

crate::subject::over_every_ledger!(an_owners_row_is_kept_whole, a_key_is_known_once_it_has_started_a_job);

fn start(seconds: i64, items: Option<u32>) -> Start {
    Start { job: JobId(Uuid::new_v4()), round: 3, at: at(seconds), items }
}

async fn an_owners_row_is_kept_whole(ledger: Arc<dyn Store>) {
    let mut usage = Usage::new(owner());
    assert_eq!(Usage::read(ledger.as_ref(), &usage.user_id).await.unwrap(), None);
    for starts in [vec![], (0..160).map(|i| start(i, (i % 2 == 0).then_some(10_000_000))).collect()] {
        (usage.version, usage.starts, usage.all_checked_at) = (usage.version + 1, starts, Some(at(7)));
        assert!(usage.put(ledger.as_ref()).await.unwrap());
        assert_eq!(Usage::read(ledger.as_ref(), &usage.user_id).await.unwrap(), Some(usage.clone()));
    }
    assert_eq!(Usage::read(ledger.as_ref(), &owner()).await.unwrap(), None, "another owner's is another row");
}

async fn a_key_is_known_once_it_has_started_a_job(ledger: Arc<dyn Store>) {
    let job = job();
    let key = key(&job, "k");
    assert_eq!(ledger.submission(&job.user_id, "k").await.unwrap(), None);
    ledger.create(&job, &raw("1"), Some(&key), None).await.unwrap();
    assert_eq!(ledger.submission(&job.user_id, "k").await.unwrap(), Some(key));
    assert_eq!(ledger.submission(&owner(), "k").await.unwrap(), None);
}
