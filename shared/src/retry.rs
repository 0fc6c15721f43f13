//! Retrying: the next round of an ended job runs the failed items again, and what was parked when the job failed.
//!
//! Items that were corrected before it run with their new values.
//!
//! One write begins the round and removes all roll-ups. Each part is then brought to the round by a message of its own,
//! so that a job of a thousand parts is retried as safely as a job of one.

use std::time::Duration;

use crate::access::OwnedJob;
use crate::admit;
use crate::app::App;
use crate::due::ask_to_tell_retry;
use crate::error::{Conflict, JobError};
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::limits::REPEAT_WAITS;
use crate::work::send_revivals;

/// Begins the round after `round`, or after the job's current one. If it is called again with the same `round`, it
/// returns the job as it is. A job that was not sealed accepts parts again.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::JobNotEnded`], [`Conflict::Cancelled`],
/// [`Conflict::RoundDiffers`], [`Conflict::NothingToRetry`], [`JobError::Quota`], and [`JobError::Unavailable`], after
/// which it may be repeated.
pub async fn retry(app: &App, job: &OwnedJob, round: Option<u32>) -> Result<Job, JobError> {
    let id = job.id;
    let mut known = app.jobs.exact(Job::clone(job)).await?.ok_or(JobError::NotFound)?;
    if !leave(app, &known, round).admitted(&known) {
        // It may have ended since its owner was checked.
        known = app.jobs.get(id).await?.ok_or(JobError::NotFound)?;
    }
    let leaving = round.unwrap_or(known.round);
    if leave(app, &known, round).admitted(&known) {
        admit::retry(app, &known, leaving.saturating_add(1), known.total_items).await?;
    }
    let (job, wait) = loop {
        let change = leave(app, &known, round);
        // The write keeps what the round came to, so it is made only with a row that was read after the round had ended.
        let written = match change.admitted(&known) {
            true => app.jobs.update_status(id, &change).await?,
            false => Written::Refused(known.clone()),
        };
        match written {
            Written::Applied(job) => break (job, Duration::ZERO),
            // A notice was tried in between, or failures were corrected.
            Written::Refused(job) if job.round == known.round && !job.deleting && differ(&job, &known) => {
                known = app.jobs.exact(job).await?.ok_or(JobError::NotFound)?;
            }
            // This request, or an earlier one like it, has begun the round already, but may have died before it sent the messages.
            Written::Refused(job) if round.is_some_and(|round| round > 0) && leaving.checked_add(1) == Some(job.round) => {
                break (job, REPEAT_WAITS);
            }
            Written::Refused(job) => return Err(refusal(&job, leaving).into()),
            Written::Gone => return Err(JobError::NotFound),
        }
    };
    ask_to_tell_retry(app, &job).await;
    if job.is_live() {
        send_revivals(app, &job, job.parts_not_rolled_up(), wait).await?;
    }
    app.jobs.exact(job).await?.ok_or(JobError::NotFound)
}

/// The write that leaves the round, of a job with exact counts. If nobody has been told of the round's end yet, the write
/// also keeps how it ended.
fn leave(app: &App, known: &Job, round: Option<u32>) -> JobWrite {
    let (read, notices) = (known.notices.clone(), known.notices_left(app.clock.now()));
    let (corrected, rounds) = (known.corrected.clone(), known.rounds_left(&notices));
    let (round, processed) = (round.unwrap_or(known.round), known.processed_items);
    JobWrite::Retry { round, processed, read, notices, corrected, rounds }
}

/// True if the two have not the same of what the write keeps.
fn differ(one: &Job, other: &Job) -> bool {
    one.notices != other.notices || one.corrected != other.corrected
}

fn refusal(job: &Job, leaving: u32) -> Conflict {
    match job.status {
        _ if job.round != leaving => Conflict::RoundDiffers(job.round),
        JobStatus::Cancelled => Conflict::Cancelled,
        JobStatus::Pending | JobStatus::Processing => Conflict::JobNotEnded(job.status),
        JobStatus::Completed | JobStatus::Failed => Conflict::NothingToRetry,
    }
}
