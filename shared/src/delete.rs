//! Deleting a job: from now on it does not exist. The sweep deletes its rows within the hour.

use crate::access::OwnedJob;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::JobWrite;
use crate::ledger::Written;

/// Deletes an ended job.
///
/// # Errors
///
/// [`JobError::NotFound`], also if it is repeated, and [`Conflict::JobNotEnded`].
pub async fn delete(app: &App, job: &OwnedJob) -> Result<(), JobError> {
    let (id, mut round) = (job.id, job.round);
    loop {
        match app.jobs.update_status(id, &JobWrite::Delete { round }).await? {
            Written::Applied(_) => return Ok(()),
            Written::Refused(job) if job.deleting => return Ok(()),
            // A retry began and ended since the job was read.
            Written::Refused(job) if job.is_terminal() && job.round != round => round = job.round,
            Written::Refused(job) => return Err(Conflict::JobNotEnded(job.status).into()),
            Written::Gone => return Err(JobError::NotFound),
        }
    }
}
