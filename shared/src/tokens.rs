//! Ending the tokens that were made for one job.

use crate::access::OwnedJob;
use crate::app::App;
use crate::error::JobError;
use crate::job::JobWrite;
use crate::ledger::Written;

/// Ends all tokens for this job that were made so far. Those that are made afterwards are valid.
///
/// # Errors
///
/// [`JobError::NotFound`] if the job was deleted since it was read.
pub async fn end_tokens(app: &App, job: &OwnedJob) -> Result<(), JobError> {
    match app.jobs.update_status(job.id, &JobWrite::EndTokens).await? {
        Written::Applied(_) => Ok(()),
        Written::Refused(_) | Written::Gone => Err(JobError::NotFound),
    }
}
