use uuid::Uuid;

use super::*;
use crate::ids::{JobId, UserId};

fn job(status: JobStatus) -> Job {
    let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH);
    job.status = status;
    job
}

#[test]
fn an_end_happens_once_and_only_in_its_round() {
    let mut job = job(JobStatus::Processing);
    job.sealed = true;
    let end = JobWrite::End { round: 1, retention_days: 30, tells: false };
    assert!(end.admitted(&job) && !JobWrite::End { round: 2, retention_days: 30, tells: false }.admitted(&job));
    end.apply(&mut job, DateTime::UNIX_EPOCH);
    assert!(!end.admitted(&job) && !JobWrite::Cancel.admitted(&job));
}

#[test]
fn a_seal_counts_every_reserved_part() {
    let mut job = job(JobStatus::Pending);
    let seal = |parts| JobWrite::Seal { parts, total_items: 0, total_bytes: 0, total_chunks: 0 };
    assert!(seal(0).admitted(&job) && !seal(1).admitted(&job));
    JobWrite::Reserve { part: 2 }.apply(&mut job, DateTime::UNIX_EPOCH);
    assert!(seal(3).admitted(&job) && !seal(2).admitted(&job) && !seal(0).admitted(&job));
    assert!(!JobWrite::Reserve { part: 1 }.admitted(&job) && JobWrite::Reserve { part: 3 }.admitted(&job));
}

#[test]
fn an_error_is_cut_at_a_character() {
    let long = "é".repeat(400);
    assert_eq!(error_within_row(&long).len(), 300);
    assert_eq!(error_within_row(&long[..598]).chars().last(), Some('é'));
    assert_eq!(error_within_row("short"), "short");
}

/// Bug found: the sweep read ended jobs in each run until they expired, and so never reached the others.
#[test]
fn the_sweep_finds_a_job_when_there_is_something_to_do() {
    let (now, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(30));
    assert_eq!(JobWrite::End { round: 1, retention_days: 30, tells: false }.place(now), Some(later));
    assert_eq!(job(JobStatus::Completed).reconcile(later).place(now), Some(later));
    let mut telling = Job { expires_at: Some(later), reconciled: true, ..job(JobStatus::Completed) };
    telling.labels.callback = Some("crm".to_owned());
    assert_eq!(JobWrite::End { round: 1, retention_days: 30, tells: true }.place(now), Some(now), "a notice is due");
    assert_eq!(telling.reconcile(later).place(now), None, "a notice is due");
    let [mut notice] = <[_; 1]>::try_from(telling.due_notices()).unwrap();
    notice.next_at = now + TimeDelta::hours(1);
    assert_eq!(telling.note(Notices::default().with(notice.clone())).place(now), Some(notice.next_at));
    let told = notice.after(&crate::job::SendResult::Delivered, now);
    assert_eq!(telling.note(Notices::default().with(told)).place(now), Some(later));
    assert_eq!(JobWrite::Postpone { place: later, updated_at: now }.place(now), Some(later));
    assert_eq!(JobWrite::Cancel.place(now), Some(now), "something may be left of it");
    assert_eq!(JobWrite::RollUp { round: 1, part: 0, processed: 1, failed: 0 }.place(now), None);
}
