//! Cancelling: the job ends now; the answer waits until no worker can still begin an item on an older reading.

use crate::access::Viewer;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::limits::CANCEL_ANSWERS_AFTER;

/// Ends the job as `Cancelled`. Once this returns no item of it begins, unless a worker's process stood still for
/// longer than the lease between looking and beginning. Repeating it changes nothing.
///
/// # Errors
/// [`JobError::NotFound`], and [`Conflict::JobEnded`] if it ended otherwise.
pub async fn cancel(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    app.visible(viewer.into(), id).await?;
    match app.jobs.update_status(id, &JobWrite::Cancel).await? {
        Written::Applied(_) => tokio::time::sleep(CANCEL_ANSWERS_AFTER).await,
        // Another request's wait may not be over, and its machine's clock may be another.
        Written::Refused(job) if job.status == JobStatus::Cancelled => tokio::time::sleep(CANCEL_ANSWERS_AFTER).await,
        Written::Refused(job) => return Err(Conflict::JobEnded(job.status).into()),
        Written::Gone => return Err(JobError::NotFound),
    }
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}
