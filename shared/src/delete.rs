//! Forgetting a job: from now on it does not exist; the sweep deletes its rows within the hour.

use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::{JobId, JobWrite, UserId};
use crate::ledger::Written;

/// Forgets an ended job.
///
/// # Errors
/// [`JobError::NotFound`], also when it is repeated, and [`Conflict::JobNotEnded`].
pub async fn delete(app: &App, user_id: &UserId, id: JobId) -> Result<(), JobError> {
    let job = app.owned_row(user_id, id).await?;
    match app.jobs.update_status(id, &JobWrite::Delete { round: job.round }).await? {
        Written::Applied(_) => Ok(()),
        Written::Refused(job) if job.deleting => Ok(()),
        Written::Refused(job) => Err(Conflict::JobNotEnded(job.status).into()),
        Written::Gone => Err(JobError::NotFound),
    }
}
