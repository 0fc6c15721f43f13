//! Jobs found with the indexes: in order, page by page, each once.

use std::collections::BTreeSet;
use std::sync::Arc;

use headway_core::job::{Job, JobWrite, Notices};
use headway_core::ledger::{Candidates, Written};
use headway_core::{JobId, Ledger, UserId};

use crate::sample::{at, job_of, owner, raw, retry};

crate::subject::over_every_ledger!(
    an_owners_jobs_come_newest_first_by_pages,
    candidates_come_oldest_first_by_pages_until_a_time,
    a_job_moves_with_its_status_and_only_then,
);

async fn an_owners_jobs_come_newest_first_by_pages(ledger: Arc<dyn Ledger>) {
    let own = owner();
    let near = UserId::new(format!("{own}#")).unwrap();
    put(&*ledger, &job_of(&near, 0)).await;
    let mut jobs = Vec::new();
    for i in 0..11 {
        // Some of them in the same millisecond.
        jobs.push(put(&*ledger, &job_of(&own, i / 3)).await);
    }
    jobs.sort_by_key(|job| std::cmp::Reverse((job.created_at, job.id)));
    let expected: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    for limit in [1, 3, 11, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = ledger.jobs_of(&own, after.as_deref(), limit).await.unwrap();
            assert!(page.ids.len() <= limit);
            found.extend(page.ids);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "by pages of {limit}");
    }
    assert_eq!(ledger.jobs_of(&owner(), None, 5).await.unwrap().ids, []);
}

async fn candidates_come_oldest_first_by_pages_until_a_time(ledger: Arc<dyn Ledger>) {
    let own = owner();
    let mut live = Vec::new();
    for i in 0..30 {
        live.push(put(&*ledger, &job_of(&own, -1_000_000 + i / 3)).await);
    }
    live.sort_by_key(|job| (job.created_at, job.id));
    let all: Vec<JobId> = live.iter().map(|job| job.id).collect();
    // Nine of them are before this time; it is itself excluded.
    for (before, expected) in [(at(0), &all[..]), (at(-1_000_000 + 3), &all[..9]), (at(-1_000_000), &[])] {
        for limit in [1, 4, 30] {
            assert_eq!(candidates(&*ledger, Candidates::Watched, before, limit, &all).await, expected, "by pages of {limit}");
        }
    }
    assert_eq!(candidates(&*ledger, Candidates::Ended, at(0), 10, &all).await, []);
}

async fn a_job_moves_with_its_status_and_only_then(ledger: Arc<dyn Ledger>) {
    let job = put(&*ledger, &job_of(&owner(), -2_000_000)).await;
    let ids = [job.id];
    let write = async |write: JobWrite, seconds| {
        assert!(matches!(ledger.update_job(job.id, &write, at(seconds)).await.unwrap(), Written::Applied(_)), "{write:?}");
    };
    let is_found = async |kind, seconds| !candidates(&*ledger, kind, at(seconds), 10, &ids).await.is_empty();
    write(JobWrite::Begin, -1_999_000).await;
    assert!(!is_found(Candidates::Watched, -1_999_000).await && is_found(Candidates::Watched, -1_998_999).await);
    write(JobWrite::Reserve { part: 0 }, -1_900_000).await;
    write(JobWrite::RollUp { round: 1, part: 0, processed: 9, failed: 1 }, -1_900_000).await;
    assert!(is_found(Candidates::Watched, -1_998_999).await, "a roll-up costs no index write");
    write(JobWrite::Fail { round: 1, error: "no".to_owned() }, -1_800_000).await;
    assert!(!is_found(Candidates::Watched, -1_800_000).await && is_found(Candidates::Watched, -1_799_999).await, "it is still looked at");
    write(JobWrite::Seal { parts: 1, total_items: 10, total_bytes: 10, total_chunks: 1 }, -1_790_000).await;
    assert!(is_found(Candidates::Watched, -1_799_999).await && !is_found(Candidates::Ended, 0).await, "a seal moves nothing");
    write(
        JobWrite::Reconcile { round: 1, expires_at: at(-1_800_000), read: Notices::default(), late_results_at: None, owes: false },
        -1_780_000,
    )
    .await;
    assert!(!is_found(Candidates::Watched, 0).await);
    assert!(!is_found(Candidates::Ended, -1_800_000).await && is_found(Candidates::Ended, -1_799_999).await, "by when it expires");
    write(retry(1, 0, Vec::new()), -1_700_000).await;
    assert!(!is_found(Candidates::Ended, 0).await && is_found(Candidates::Watched, -1_699_999).await);
    write(JobWrite::RollUp { round: 2, part: 0, processed: 10, failed: 0 }, -1_650_000).await;
    write(JobWrite::End { round: 2, retention_days: 30, tells: false }, -1_600_000).await;
    write(JobWrite::Delete { round: 2 }, -1_500_000).await;
    assert!(
        !is_found(Candidates::Watched, 0).await && is_found(Candidates::Ended, -1_499_999).await,
        "found again if its deletion is cut off"
    );
}

/// Those of `own` that are found, all pages joined. Other tests may use the same table.
async fn candidates(
    ledger: &dyn Ledger,
    kind: Candidates,
    before: chrono::DateTime<chrono::Utc>,
    limit: usize,
    own: &[JobId],
) -> Vec<JobId> {
    let own: BTreeSet<_> = own.iter().collect();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = ledger.candidates(kind, before, after.as_deref(), limit).await.unwrap();
        assert!(page.ids.len() <= limit);
        assert!(page.next.is_none() || page.next > after, "the pages go on");
        found.extend(page.ids.into_iter().filter(|id| own.contains(id)));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn put(ledger: &dyn Ledger, job: &Job) -> Job {
    ledger.create(job, &raw("null"), None, None).await.unwrap();
    job.clone()
}
