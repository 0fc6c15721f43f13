//! Deleting a job: from now on it does not exist. The sweep deletes its rows within the hour.

use crate::access::OwnedJob;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::{Job, JobWrite};
use crate::ledger::Written;
use crate::limits::HELD_ANSWERS_AFTER;

/// Deletes an ended job. Once this returns, no notice of it is begun: if one was due, or was told lately, it waits until no
/// worker can begin it with an older read of the job.
///
/// # Errors
///
/// [`JobError::NotFound`], also if it is repeated, and [`Conflict::JobNotEnded`].
pub async fn delete(app: &App, job: &OwnedJob) -> Result<(), JobError> {
    let (id, mut round) = (job.id, job.round);
    loop {
        match app.jobs.update_status(id, &JobWrite::Delete { round }).await? {
            Written::Applied(job) => return forgotten(app, &job).await,
            // By another request, whose wait may not be over.
            Written::Refused(job) if job.deleting => return forgotten(app, &job).await,
            // A retry began and ended since the job was read.
            Written::Refused(job) if job.is_terminal() && job.round != round => round = job.round,
            Written::Refused(job) => return Err(Conflict::JobNotEnded(job.status).into()),
            Written::Gone => return Err(JobError::NotFound),
        }
    }
}

async fn forgotten(app: &App, job: &Job) -> Result<(), JobError> {
    if job.may_be_told(app.clock.now()) {
        crate::time::sleep(HELD_ANSWERS_AFTER).await;
    }
    Ok(())
}
