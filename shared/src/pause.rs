//! Pausing and resuming a job. Workers park the messages of a held job; resuming sends them again.

use std::time::Duration;

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Job, JobWrite};
use crate::ledger::Written;
use crate::limits::{HELD_ANSWERS_AFTER, REPEAT_WAITS};
use crate::work::send_revivals;

/// Pauses the job: running items are finished. Once this returns, no item of the job begins until it is resumed, as for
/// [`cancel`](crate::cancel::cancel). If its last items have ended meanwhile, the job has, too. It is safe to repeat.
///
/// # Errors
///
/// [`JobError::NotFound`], and [`Conflict::JobEnded`].
pub async fn pause(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    app.visible(viewer.into(), id).await?;
    still_live(app.jobs.update_status(id, &JobWrite::Pause).await?)?;
    // Wait also if another request has paused the job: its wait may not be over.
    crate::time::sleep(HELD_ANSWERS_AFTER).await;
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}

/// Resumes the job: every part is checked for parked messages. It is safe to repeat.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::JobEnded`], and [`JobError::Unavailable`]. After the last it may be repeated;
/// the job is resumed in any case, and at the latest the sweep sends what is parked.
pub async fn resume(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    let row = app.visible(viewer.into(), id).await?;
    let handled = app.jobs.exact(row).await?.ok_or(JobError::NotFound)?.handled_items();
    let written = app.jobs.update_status(id, &JobWrite::Resume { handled }).await?;
    // An earlier request may have resumed it, and died before it sent the messages.
    let wait = if matches!(written, Written::Applied(_)) { Duration::ZERO } else { REPEAT_WAITS };
    let job = still_live(written)?;
    send_revivals(app, &job, job.parts_not_rolled_up(), wait).await?;
    app.jobs.exact(job).await?.ok_or(JobError::NotFound)
}

fn still_live(written: Written<Job>) -> Result<Job, JobError> {
    match written.row() {
        Some(job) if job.deleting => Err(JobError::NotFound),
        Some(job) if job.is_terminal() => Err(Conflict::JobEnded(job.status).into()),
        Some(job) => Ok(job),
        None => Err(JobError::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::ids::UserId;
    use crate::job::JobStatus;

    /// Bug found: a job that was deleted in between was returned as if it still existed.
    #[test]
    fn a_job_that_is_no_longer_live_is_reported_as_it_is() {
        let live = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH);
        let ended = Job { status: JobStatus::Failed, ..live.clone() };
        let deleted = Job { deleting: true, ..ended.clone() };
        assert_eq!(still_live(Written::Refused(live.clone())).unwrap(), live, "it is as it was asked for already");
        assert!(matches!(still_live(Written::Refused(ended)), Err(JobError::Conflict(Conflict::JobEnded(JobStatus::Failed)))));
        for gone in [Written::Refused(deleted), Written::Gone] {
            assert!(matches!(still_live(gone), Err(JobError::NotFound)));
        }
    }
}
