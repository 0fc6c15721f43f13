//! Cancelling: the job ends now; the answer waits until no worker can still begin an item on an older reading.

use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::{Job, JobId, JobStatus, JobWrite, UserId};
use crate::ledger::Written;
use crate::limits::CANCEL_ANSWERS_AFTER;

/// Ends the job as `Cancelled`. Once this returns no item of it begins, unless a worker's process stood still for
/// longer than the lease between looking and beginning. Repeating it changes nothing.
///
/// # Errors
/// [`JobError::NotFound`], and [`Conflict::JobEnded`] if it ended otherwise.
pub async fn cancel(app: &App, user_id: &UserId, id: JobId) -> Result<Job, JobError> {
    app.owned_row(user_id, id).await?;
    match app.jobs.update_status(id, &JobWrite::Cancel).await? {
        Written::Applied(_) => tokio::time::sleep(CANCEL_ANSWERS_AFTER).await,
        // Whether another request's wait is over is not known here.
        Written::Refused(job) if job.status == JobStatus::Cancelled => {
            let since = app.clock.now().signed_duration_since(job.completed_at.unwrap_or(job.updated_at));
            let left = CANCEL_ANSWERS_AFTER.saturating_sub(since.to_std().unwrap_or_default());
            tokio::time::sleep(left).await;
        }
        Written::Refused(job) => return Err(Conflict::JobEnded(job.status).into()),
        Written::Gone => return Err(JobError::NotFound),
    }
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}
