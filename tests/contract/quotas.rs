//! Quotas with many concurrent requests of one owner.

use std::sync::Arc;

use futures::future::join_all;
use headway_core::queue::memory::MemoryQueue;
use headway_core::quota::Quotas;
use headway_core::submit::start_job;
use headway_core::{App, JobError, Processors, SystemClock};

use crate::sample::{Succeeds, owner, submission};
use crate::subject::embedded;

/// Bug found: concurrent requests each read the owner's row before the others wrote it, and all were accepted.
#[tokio::test]
async fn requests_at_once_are_admitted_up_to_the_quota() {
    let quotas = Quotas { live_jobs: 3, ..Quotas::default() };
    let app = App::new(embedded().await, Arc::new(MemoryQueue::default()), Arc::new(SystemClock));
    let app = app.with_processors(Processors::new().with("succeeds", Succeeds).infos()).with_quotas(quotas);
    let owner = owner();
    let started = join_all((0..8).map(|_| start_job(&app, submission(&owner)))).await;
    assert_eq!(started.iter().filter(|started| started.is_ok()).count(), 3);
    assert!(started.iter().all(|started| matches!(started, Ok(_) | Err(JobError::Quota { .. }))), "{started:?}");
}
