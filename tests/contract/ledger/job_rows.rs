//! Job rows: read together, changed by one conditional write at a time, never created by an update.

use std::sync::Arc;

use futures::future::join_all;
use headway_core::job::{Job, JobStatus, JobWrite, Labels, ToleratedFailures};
use headway_core::ledger::Written;
use headway_core::{JobId, Ledger};
use uuid::Uuid;

use crate::sample::{at, job, part, raw, retry};

crate::subject::over_every_ledger!(
    rows_are_read_together_and_what_is_not_there_is_left_out,
    every_field_of_a_job_is_kept,
    a_write_to_a_job_that_is_gone_creates_nothing,
    a_job_of_no_parts_ends_as_soon_as_it_is_sealed,
    roll_ups_at_the_same_time_are_all_counted_and_each_once,
    one_of_many_ends_wins,
    a_retry_starts_from_nothing_rolled_up,
);

async fn rows_are_read_together_and_what_is_not_there_is_left_out(ledger: Arc<dyn Ledger>) {
    let jobs = [job(), job()];
    for job in &jobs {
        ledger.create(job, &raw("null"), None, None).await.unwrap();
    }
    let id = jobs[0].id;
    // More than fit into one call.
    for number in 0..120 {
        assert_eq!(ledger.put_part(&part(id, number, 1)).await.unwrap(), None);
    }
    let absent = JobId(Uuid::new_v4());
    let asked: Vec<_> = (0..130).map(|number| (id, number)).chain([(absent, 0), (id, 7), (jobs[1].id, 0)]).collect();
    let rows = ledger.rows(&[id, absent, jobs[1].id, id], &asked).await.unwrap();
    assert_eq!(rows.jobs.into_values().map(|job| job.id).collect::<std::collections::BTreeSet<_>>(), [id, jobs[1].id].into());
    assert_eq!(rows.parts.keys().copied().collect::<Vec<_>>(), (0..120).map(|number| (id, number)).collect::<Vec<_>>());
    assert_eq!(rows.parts[&(id, 119)], part(id, 119, 1));
    let none = ledger.rows(&[], &[]).await.unwrap();
    assert!(none.jobs.is_empty() && none.parts.is_empty());
}

async fn every_field_of_a_job_is_kept(ledger: Arc<dyn Ledger>) {
    let mut full = job();
    full.tolerated = ToleratedFailures::Percentage { percentage: "12.5".parse().unwrap(), minimum_sample: Some(40) };
    (full.id_field, full.key_hash) = (Some("iata".to_owned()), Some("0".repeat(64)));
    let [callback, title, metadata] = ["crm", "Airports,\n\"November\"", r#"{"file":"a b.csv"}"#].map(|text| Some(text.to_owned()));
    full.labels = Labels { callback, title, metadata, events: true };
    (full.created_by, full.retention_days) = ("someone else".to_owned(), 7);
    ledger.create(&full, &raw("null"), None, None).await.unwrap();
    assert_eq!(ledger.rows(&[full.id], &[]).await.unwrap().jobs[&full.id], full);
}

async fn a_write_to_a_job_that_is_gone_creates_nothing(ledger: Arc<dyn Ledger>) {
    let id = JobId(Uuid::new_v4());
    for write in [JobWrite::Begin, JobWrite::Cancel, JobWrite::RollUp { round: 1, part: 0, processed: 1, failed: 0 }] {
        assert_eq!(ledger.update_job(id, &write, at(1)).await.unwrap(), Written::Gone);
    }
    assert!(ledger.rows(&[id], &[]).await.unwrap().jobs.is_empty());
}

async fn a_job_of_no_parts_ends_as_soon_as_it_is_sealed(ledger: Arc<dyn Ledger>) {
    let job = created(&*ledger).await;
    let end = JobWrite::End { round: 1, retention_days: 30, tells: false };
    assert!(matches!(ledger.update_job(job.id, &end, at(1)).await.unwrap(), Written::Refused(row) if row == job));
    applied(&*ledger, job.id, JobWrite::Seal { parts: 0, total_items: 0, total_bytes: 0, total_chunks: 0 }).await;
    let ended = applied(&*ledger, job.id, end).await;
    assert_eq!((ended.status, ended.completed_at), (JobStatus::Completed, Some(at(1))));
    assert_eq!(ended.expires_at, Some(at(1 + 86_400 * i64::from(ended.retention_days))));
}

async fn roll_ups_at_the_same_time_are_all_counted_and_each_once(ledger: Arc<dyn Ledger>) {
    const PARTS: u32 = 40;
    let job = created(&*ledger).await;
    applied(&*ledger, job.id, JobWrite::Reserve { part: PARTS - 1 }).await;
    applied(&*ledger, job.id, JobWrite::Seal { parts: PARTS, total_items: 400, total_bytes: 800, total_chunks: 40 }).await;
    let roll_up = |part| JobWrite::RollUp { round: 1, part, processed: 9, failed: 1 };
    // Each part twice, as duplicates of its last message do.
    let writes = (0..2 * PARTS).map(|i| {
        let ledger = &ledger;
        async move { ledger.update_job(job.id, &roll_up(i % PARTS), at(1)).await.unwrap() }
    });
    let applied_writes = join_all(writes).await.into_iter().filter(|written| matches!(written, Written::Applied(_))).count();
    assert_eq!(applied_writes, PARTS as usize);
    let row = applied(&*ledger, job.id, JobWrite::End { round: 1, retention_days: 30, tells: false }).await;
    assert_eq!((row.processed_items, row.failed_items, row.rolled_up.parts.len()), (360, 40, 40));
}

async fn one_of_many_ends_wins(ledger: Arc<dyn Ledger>) {
    let job = created(&*ledger).await;
    applied(&*ledger, job.id, JobWrite::Seal { parts: 0, total_items: 0, total_bytes: 0, total_chunks: 0 }).await;
    let ends = [
        JobWrite::End { round: 1, retention_days: 30, tells: false },
        JobWrite::Cancel,
        JobWrite::Fail { round: 1, error: "no".to_owned() },
    ];
    let writes = ends.iter().cycle().take(9).map(|write| ledger.update_job(job.id, write, at(1)));
    let answers: Vec<_> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
    let rows: Vec<Job> = answers.iter().cloned().filter_map(Written::row).collect();
    assert_eq!(answers.iter().filter(|written| matches!(written, Written::Applied(_))).count(), 1);
    assert!(rows.iter().all(|row| *row == rows[0]), "whoever lost is told how it ended");
}

async fn a_retry_starts_from_nothing_rolled_up(ledger: Arc<dyn Ledger>) {
    let job = created(&*ledger).await;
    applied(&*ledger, job.id, JobWrite::Reserve { part: 0 }).await;
    applied(&*ledger, job.id, JobWrite::Seal { parts: 1, total_items: 10, total_bytes: 20, total_chunks: 1 }).await;
    applied(&*ledger, job.id, JobWrite::RollUp { round: 1, part: 0, processed: 9, failed: 1 }).await;
    applied(&*ledger, job.id, JobWrite::Fail { round: 1, error: "item 3: no".to_owned() }).await;
    let row = applied(&*ledger, job.id, retry(1, 0, Vec::new())).await;
    assert_eq!((row.round, row.status, row.rolled_up.parts.len(), row.failed_items), (2, JobStatus::Processing, 0, 0));
    assert_eq!((row.error_message, row.completed_at, row.expires_at), (None, None, None));
    let late = ledger.update_job(job.id, &JobWrite::RollUp { round: 1, part: 0, processed: 9, failed: 1 }, at(2)).await.unwrap();
    assert!(matches!(late, Written::Refused(_)), "nothing of an older round lands");
    applied(&*ledger, job.id, JobWrite::RollUp { round: 2, part: 0, processed: 10, failed: 0 }).await;
    let row = applied(&*ledger, job.id, JobWrite::End { round: 2, retention_days: 30, tells: false }).await;
    assert_eq!((row.processed_items, row.failed_items), (10, 0));
}

async fn created(ledger: &dyn Ledger) -> Job {
    let job = job();
    ledger.create(&job, &raw("null"), None, None).await.unwrap();
    job
}

async fn applied(ledger: &dyn Ledger, id: JobId, write: JobWrite) -> Job {
    match ledger.update_job(id, &write, at(1)).await.unwrap() {
        Written::Applied(job) => job,
        other => panic!("{write:?}: {other:?}"),
    }
}
