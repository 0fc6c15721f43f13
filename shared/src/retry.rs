//! Retrying: the next round of an ended job runs the failed items again, and what was parked when the job failed.
//!
//! One write begins the round and removes all roll-ups. Each part is then brought to the round by a message of its own,
//! so that a job of a thousand parts is retried as safely as a job of one.

use crate::access::OwnedJob;
use crate::admit;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::work::send_revivals;

/// Begins the round after `round`, or after the job's current one. If it is called again with the same `round`, it
/// returns the job as it is. A job that was not sealed accepts parts again.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::JobNotEnded`], [`Conflict::JobEnded`] for a cancelled job,
/// [`Conflict::RoundDiffers`], [`Conflict::NothingToRetry`], [`JobError::Quota`], and [`JobError::Unavailable`], after
/// which it may be repeated.
pub async fn retry(app: &App, job: &OwnedJob, round: Option<u32>) -> Result<Job, JobError> {
    let id = job.id;
    let write = |known: &Job| JobWrite::Retry { round: round.unwrap_or(known.round), processed: known.processed_items };
    let mut known = app.jobs.exact(Job::clone(job)).await?.ok_or(JobError::NotFound)?;
    if !write(&known).admitted(&known) {
        // It may have ended since its owner was checked.
        known = app.jobs.get(id).await?.ok_or(JobError::NotFound)?;
    }
    let (leaving, retry) = (round.unwrap_or(known.round), write(&known));
    if retry.admitted(&known) {
        admit::retry(app, &known, leaving.saturating_add(1), known.total_items).await?;
    }
    let job = match app.jobs.update_status(id, &retry).await? {
        Written::Applied(job) => job,
        // This request, or an earlier one like it, has begun the round already.
        Written::Refused(job) if round.is_some_and(|round| round > 0) && leaving.checked_add(1) == Some(job.round) => job,
        Written::Refused(job) => return Err(refusal(&job, leaving).into()),
        Written::Gone => return Err(JobError::NotFound),
    };
    if job.is_live() {
        send_revivals(app, &job, job.parts_not_rolled_up()).await?;
    }
    app.jobs.exact(job).await?.ok_or(JobError::NotFound)
}

fn refusal(job: &Job, leaving: u32) -> Conflict {
    match job.status {
        _ if job.round != leaving => Conflict::RoundDiffers(job.round),
        JobStatus::Cancelled => Conflict::JobEnded(job.status),
        JobStatus::Pending | JobStatus::Processing => Conflict::JobNotEnded(job.status),
        JobStatus::Completed | JobStatus::Failed => Conflict::NothingToRetry,
    }
}
