//! The contract of [`JobRepository`]: its only implementation on every ledger.

use std::sync::Arc;

use headway_core::job::{Job, JobStatus, JobWrite, Notices};
use headway_core::jobs::{Created, JobQuery, Jobs, NewJob};
use headway_core::ledger::Written;
use headway_core::part::PartWrite;
use headway_core::{JobId, JobRepository, Ledger, UserId};

use crate::sample::{HeldClock, at, job, job_of, key, outcome, owner, part, raw, shows};

crate::subject::over_every_ledger!(
    a_key_that_is_known_gives_its_job_while_that_is_there,
    counts_are_exact_whatever_is_rolled_up,
    an_ended_job_is_listed_with_all_its_parts,
    a_page_reads_a_limited_number_of_parts,
    a_job_past_its_retention_is_gone_before_the_sweep_comes,
    an_owners_jobs_are_listed_by_status_and_pages,
    progress_is_recorded_and_the_job_ended_once,
    a_job_that_fails_says_why,
    cleaning_up_deletes_what_has_expired_with_all_its_rows_and_nothing_else,
);

/// A day, in seconds.
const DAY: i64 = 86_400;

fn over(ledger: &Arc<dyn Ledger>, seconds: i64) -> (Jobs, Arc<HeldClock>) {
    let clock = HeldClock::at(at(seconds));
    (Jobs::new(Arc::clone(ledger), clock.clone()), clock)
}

async fn create(jobs: &Jobs, job: &Job, key_hash: Option<&str>) -> Created {
    let key = key_hash.map(|hash| key(job, hash));
    let job = Job { key_hash: key_hash.map(str::to_owned), ..job.clone() };
    jobs.create(NewJob { job, params: raw("null").into(), key }).await.unwrap()
}

async fn a_key_that_is_known_gives_its_job_while_that_is_there(ledger: Arc<dyn Ledger>) {
    let (jobs, clock) = over(&ledger, 0);
    let (first, second, third) = (job(), job(), job());
    let [second, third] = [second, third].map(|job| Job { user_id: first.user_id.clone(), ..job });
    assert!(matches!(create(&jobs, &first, Some("k")).await, Created::New(job) if job.id == first.id));
    let Created::Known(known, submission) = create(&jobs, &second, Some("k")).await else { panic!("another job was started") };
    assert_eq!((known.id, submission), (first.id, key(&first, "k")));
    jobs.update_status(first.id, &JobWrite::Cancel).await.unwrap();
    clock.set(at(31 * DAY));
    assert!(matches!(create(&jobs, &third, Some("k")).await, Created::New(job) if job.id == third.id), "the key is free again");
}

async fn counts_are_exact_whatever_is_rolled_up(ledger: Arc<dyn Ledger>) {
    let (jobs, _) = over(&ledger, 9);
    let job = with_parts(&*ledger, &jobs, 3).await;
    settle(&jobs, job, 0, PartWrite::Clean { chunk: 0, items: 10 }).await;
    settle(&jobs, job, 1, PartWrite::Shadow { chunk: 1, register: shows(1, 4, 2), waiting_for: None }).await;
    settle(&jobs, job, 1, PartWrite::Clean { chunk: 0, items: 10 }).await;
    for roll_up in [None, Some(JobWrite::RollUp { round: 1, part: 1, processed: 14, failed: 2 })] {
        if let Some(write) = roll_up {
            jobs.update_status(job, &write).await.unwrap();
        }
        let job = jobs.get(job).await.unwrap().unwrap();
        assert_eq!((job.processed_items, job.failed_items, job.pending_items(), job.total_items), (24, 2, 34, 60));
        assert_eq!(job.updated_at, at(9));
        let page = jobs.get_by_user(&job.user_id, &JobQuery { page_size: 9, ..JobQuery::default() }).await.unwrap();
        assert_eq!(page.jobs, [job], "listed as it is shown");
    }
    assert!(jobs.get(JobId(uuid::Uuid::new_v4())).await.unwrap().is_none());
}

/// Bug found: a cancelled job with more than 10 unfinished parts was listed for ever without what they had counted.
async fn an_ended_job_is_listed_with_all_its_parts(ledger: Arc<dyn Ledger>) {
    let (jobs, _) = over(&ledger, 9);
    let job = with_parts(&*ledger, &jobs, 14).await;
    for part in 0..13 {
        settle(&jobs, job, part, PartWrite::Shadow { chunk: 1, register: shows(1, 4, 2), waiting_for: None }).await;
    }
    jobs.update_status(job, &JobWrite::Cancel).await.unwrap();
    let job = jobs.get(job).await.unwrap().unwrap();
    assert_eq!((job.processed_items, job.failed_items, job.pending_items()), (52, 26, 202));
    let page = jobs.get_by_user(&job.user_id, &JobQuery { page_size: 9, ..JobQuery::default() }).await.unwrap();
    assert_eq!(page.jobs, [job], "listed as it is shown");
}

/// Bug it would find: a page of cancelled jobs with a thousand parts each reads them all.
async fn a_page_reads_a_limited_number_of_parts(ledger: Arc<dyn Ledger>) {
    let (jobs, _) = over(&ledger, 0);
    let (own, mut created) = (owner(), Vec::new());
    for i in 0..7 {
        let job = job_of(&own, i);
        create(&jobs, &job, None).await;
        let parts = if i == 2 { 999 } else { 600 };
        for write in [JobWrite::Reserve { part: parts - 1 }, JobWrite::Cancel] {
            jobs.update_status(job.id, &write).await.unwrap();
        }
        created.insert(0, job.id);
    }
    let (mut lengths, mut found, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = jobs.get_by_user(&own, &JobQuery { after, page_size: 6, ..JobQuery::default() }).await.unwrap();
        lengths.push(page.jobs.len());
        found.extend(page.jobs.into_iter().map(|job| job.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((lengths, found), (vec![3, 2, 2], created));
}

async fn a_job_past_its_retention_is_gone_before_the_sweep_comes(ledger: Arc<dyn Ledger>) {
    let (jobs, clock) = over(&ledger, 0);
    let job = job();
    create(&jobs, &job, None).await;
    jobs.mark_failed(&job, "no".to_owned()).await.unwrap();
    clock.set(at(30 * DAY - 1));
    assert!(jobs.get(job.id).await.unwrap().is_some());
    clock.set(at(30 * DAY));
    assert!(jobs.get(job.id).await.unwrap().is_none());
    assert!(jobs.get_by_user(&job.user_id, &JobQuery { page_size: 9, ..JobQuery::default() }).await.unwrap().jobs.is_empty());
}

async fn an_owners_jobs_are_listed_by_status_and_pages(ledger: Arc<dyn Ledger>) {
    let (jobs, _) = over(&ledger, 0);
    let own = owner();
    let mut created = Vec::new();
    for i in 0..7 {
        let job = job_of(&own, i);
        create(&jobs, &job, None).await;
        if i % 2 == 0 {
            jobs.update_status(job.id, &JobWrite::Cancel).await.unwrap();
        }
        created.insert(0, job.id);
    }
    assert_eq!(listed(&jobs, &own, None).await, created);
    let live: Vec<JobId> = created.iter().copied().skip(1).step_by(2).collect();
    assert_eq!(listed(&jobs, &own, Some(JobStatus::Pending)).await, live);
    assert_eq!(listed(&jobs, &owner(), None).await, []);
}

async fn progress_is_recorded_and_the_job_ended_once(ledger: Arc<dyn Ledger>) {
    let (jobs, clock) = over(&ledger, 0);
    let job = with_parts(&*ledger, &jobs, 1).await;
    assert!(matches!(jobs.update_status(job, &JobWrite::Begin).await.unwrap(), Written::Applied(_)));
    let row = jobs.get(job).await.unwrap().unwrap();
    assert!(matches!(jobs.mark_completed(&row).await.unwrap(), Written::Refused(_)), "a part is not rolled up");
    for chunk in 0..2 {
        settle(&jobs, job, 0, PartWrite::Clean { chunk, items: 10 }).await;
    }
    jobs.update_status(job, &JobWrite::RollUp { round: 1, part: 0, processed: 20, failed: 0 }).await.unwrap();
    clock.set(at(5));
    let Written::Applied(ended) = jobs.mark_completed(&row).await.unwrap() else { panic!("its only part is rolled up") };
    clock.set(at(6));
    assert_eq!(jobs.mark_completed(&row).await.unwrap(), Written::Refused(ended), "it has ended");
    let job = jobs.get(job).await.unwrap().unwrap();
    assert_eq!((job.status, job.processed_items, job.completed_at), (JobStatus::Completed, 20, Some(at(5))));
    assert_eq!(job.progress_percentage(), 100.0);
}

async fn a_job_that_fails_says_why(ledger: Arc<dyn Ledger>) {
    let (jobs, _) = over(&ledger, 0);
    let job = with_parts(&*ledger, &jobs, 1).await;
    let row = jobs.get(job).await.unwrap().unwrap();
    let of_another_round = Job { round: 2, ..row.clone() };
    let refused = jobs.mark_failed(&of_another_round, "another round".to_owned()).await.unwrap();
    assert!(matches!(&refused, Written::Refused(job) if job.is_live()), "{refused:?}");
    let failed = jobs.mark_failed(&row, "item 3: no".to_owned()).await.unwrap();
    assert!(matches!(&failed, Written::Applied(job) if job.status == JobStatus::Failed), "{failed:?}");
    let job = jobs.get(job).await.unwrap().unwrap();
    assert_eq!((job.status, job.error_message.as_deref()), (JobStatus::Failed, Some("item 3: no")));
}

/// Long before the time of every other test, so that in a shared table only these jobs have expired.
async fn cleaning_up_deletes_what_has_expired_with_all_its_rows_and_nothing_else(ledger: Arc<dyn Ledger>) {
    const THEN: i64 = -9_000 * DAY;
    let (jobs, clock) = over(&ledger, THEN);
    let (expired, kept, live) = (job_of(&owner(), THEN), job_of(&owner(), THEN), job_of(&owner(), THEN));
    create(&jobs, &expired, Some("k")).await;
    create(&jobs, &kept, None).await;
    create(&jobs, &live, None).await;
    jobs.update_status(expired.id, &JobWrite::Reserve { part: 2 }).await.unwrap();
    for number in 0..3 {
        ledger.put_part(&part(expired.id, number, 2)).await.unwrap();
        ledger.put_outcome(&outcome(expired.id, number, 1)).await.unwrap();
    }
    cancel(&jobs, expired.id, THEN).await;
    clock.set(at(THEN + 10 * DAY));
    cancel(&jobs, kept.id, THEN + 10 * DAY).await;
    clock.set(at(THEN + 31 * DAY));
    let now = at(THEN + 31 * DAY);
    assert_eq!([jobs.cleanup_old_jobs(now).await.unwrap(), jobs.cleanup_old_jobs(now).await.unwrap()], [1, 0]);
    let parts: Vec<_> = (0..3).map(|number| (expired.id, number)).collect();
    let rows = ledger.rows(&[expired.id, kept.id, live.id], &parts).await.unwrap();
    assert!(rows.jobs.contains_key(&kept.id) && rows.jobs.contains_key(&live.id) && rows.jobs.len() == 2);
    assert!(rows.parts.is_empty() && ledger.outcomes((expired.id, 1), 0).await.unwrap().is_empty());
    let again = Job { user_id: expired.user_id.clone(), ..job() };
    assert!(matches!(create(&jobs, &again, Some("k")).await, Created::New(_)), "its key went with it");
}

/// Ends a job now, and marks it as checked by the sweep.
async fn cancel(jobs: &Jobs, job: JobId, now: i64) {
    for write in [
        JobWrite::Cancel,
        JobWrite::Reconcile { round: 1, expires_at: at(now + 30 * DAY), read: Notices::default(), late_results_at: None, owes: false },
    ] {
        assert!(matches!(jobs.update_status(job, &write).await.unwrap(), Written::Applied(_)));
    }
}

/// A sealed job of this many parts, with two chunks of ten items each.
async fn with_parts(ledger: &dyn Ledger, jobs: &Jobs, parts: u32) -> JobId {
    let job = job();
    create(jobs, &job, None).await;
    jobs.update_status(job.id, &JobWrite::Reserve { part: parts - 1 }).await.unwrap();
    for number in 0..parts {
        ledger.put_part(&part(job.id, number, 2)).await.unwrap();
    }
    jobs.update_status(job.id, &JobWrite::Seal { parts, total_items: u64::from(parts) * 20, total_bytes: 0, total_chunks: 0 })
        .await
        .unwrap();
    job.id
}

async fn settle(jobs: &Jobs, job: JobId, part: u32, settlement: PartWrite) {
    assert!(matches!(jobs.update_progress((job, part), &settlement).await.unwrap(), Written::Applied(_)));
}

/// All pages joined.
async fn listed(jobs: &Jobs, owner: &UserId, status: Option<JobStatus>) -> Vec<JobId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = jobs.get_by_user(owner, &JobQuery { status, after, page_size: 3 }).await.unwrap();
        found.extend(page.jobs.into_iter().map(|job| job.id));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}
