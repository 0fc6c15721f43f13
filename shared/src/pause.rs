//! Holding a job and letting it go on. Workers park what they find of a job that stands; going on sends it again.

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Job, JobWrite};
use crate::ledger::Written;
use crate::work::send_revivals;

/// Holds the job: items in flight are finished, no further ones begin. Repeating it changes nothing.
///
/// # Errors
/// [`JobError::NotFound`], and [`Conflict::JobEnded`].
pub async fn pause(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    app.visible(viewer.into(), id).await?;
    let job = still_live(app.jobs.update_status(id, &JobWrite::Pause).await?)?;
    app.jobs.exact(job).await?.ok_or(JobError::NotFound)
}

/// Lets the job go on: every part is looked at for what was parked. Repeating it changes nothing.
///
/// # Errors
/// [`JobError::NotFound`], [`Conflict::JobEnded`], and [`JobError::Unavailable`], after which it may be repeated: the
/// job goes on in any case, at the latest when the sweep has looked.
pub async fn resume(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    let row = app.visible(viewer.into(), id).await?;
    let handled = app.jobs.exact(row).await?.ok_or(JobError::NotFound)?.handled_items();
    let job = still_live(app.jobs.update_status(id, &JobWrite::Resume { handled }).await?)?;
    send_revivals(app, &job, job.parts_not_rolled_up()).await?;
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

    /// What broke it: a job that was deleted meanwhile, told of as if it were there.
    #[test]
    fn what_is_not_live_any_more_is_told_of_as_what_it_is() {
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
