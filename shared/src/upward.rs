//! Looking upward: from a part to its job, and from the job to its end.
//!
//! A worker looks upward after settling, and also if it finds its chunk settled already. So after a crash at any point
//! the next delivery completes what is missing.

use crate::app::App;
use crate::end::end;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::job::{Ended, Ending, Job, JobWrite};
use crate::outcome_rows::OutcomeReader;
use crate::part::{Counts, Part, Register};

/// Looks up from a part, as it was just written or read: fails the job if too many items have failed, rolls the part up
/// if it is full, and ends the job if that was all. Returns the job if this call ended it.
///
/// # Errors
///
/// [`JobError::Unavailable`]: look again later.
pub async fn look_upward(app: &App, part: &Part) -> Result<Option<Ended>, JobError> {
    let counts = part.counts();
    if !part.is_full() && counts.failed == 0 {
        return Ok(None);
    }
    let Some(job) = app.ledger.job(part.job).await? else { return Ok(None) };
    if part.round != job.round || job.deleting {
        return Ok(None);
    }
    let own = if job.rolled_up.parts.contains(&part.number) { Counts::default() } else { counts };
    let failed = match job.is_live() && exceeded(&job, own) {
        true => fail(app, &job, Some(part)).await?,
        false => None,
    };
    if !part.is_full() {
        return Ok(failed);
    }
    let job = match job.rolled_up.parts.contains(&part.number) {
        true => Some(job),
        false => roll_up(app, part.round, part).await?,
    };
    match job.filter(|_| failed.is_none()) {
        Some(job) => look_upward_from_job(app, job).await,
        None => Ok(failed),
    }
}

/// Moves a full part's counts into the job's row, if the job is in that round. Returns the row as it is now.
async fn roll_up(app: &App, round: u32, part: &Part) -> Result<Option<Job>, JobError> {
    let Counts { processed, failed } = part.counts();
    let roll_up = JobWrite::RollUp { round, part: part.number, processed, failed };
    Ok(app.jobs.update_status(part.job, &roll_up).await?.row())
}

/// Ends the job if all its parts are rolled up, or if too many items of the rolled-up parts have failed. Returns it if
/// this call ended it.
///
/// # Errors
///
/// [`JobError::Unavailable`]: look again later.
pub async fn look_upward_from_job(app: &App, job: Job) -> Result<Option<Ended>, JobError> {
    if !job.is_live() || !job.sealed {
        return Ok(None);
    }
    if exceeded(&job, Counts::default()) {
        return fail(app, &job, None).await;
    }
    match job.rolled_up.parts.len() == job.parts as usize {
        true => end(app, &job, Ending::Completed).await,
        false => Ok(None),
    }
}

/// True if the failures in the row and in `own` are together too many.
pub(crate) fn exceeded(job: &Job, own: Counts) -> bool {
    let failed = job.rolled_up.failed + own.failed;
    let handled = job.rolled_up.processed + job.rolled_up.failed + own.handled();
    job.tolerated.exceeded(failed, handled, job.sealed.then_some(job.total_items))
}

async fn fail(app: &App, job: &Job, part: Option<&Part>) -> Result<Option<Ended>, JobError> {
    let first = match part {
        Some(part) => first_failure(app, part).await?,
        None => first_failure_of_job(app, job).await?,
    };
    // Without a count: running items still change it, and the exact counts are shown next to the error.
    let error = match first {
        Some((index, message)) => format!("item {index}: {message}"),
        None => "more items failed than are tolerated".to_owned(),
    };
    end(app, job, Ending::Failed(error)).await
}

/// The failure with the lowest index that the part's registers show.
async fn first_failure(app: &App, part: &Part) -> Result<Option<(u64, String)>, JobError> {
    for (&chunk, register) in &part.registers {
        if !matches!(register, Register::Outcome { failed: 1.., .. }) {
            continue;
        }
        let id = ChunkId { job: part.job, part: part.number, chunk };
        let Some(outcome) = app.ledger.outcome(id).await? else { continue };
        let Some(index) = outcome.failed().first().copied() else { continue };
        if let Some(failure) = OutcomeReader::new(app, outcome).take_failure(index).await? {
            return Ok(Some((index, failure.message)));
        }
    }
    Ok(None)
}

async fn first_failure_of_job(app: &App, job: &Job) -> Result<Option<(u64, String)>, JobError> {
    for number in 0..job.parts {
        let part = app.ledger.part((job.id, number)).await?;
        let Some(part) = part.filter(|part| part.counts().failed > 0) else { continue };
        if let Some(first) = first_failure(app, &part).await? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::job::{RolledUp, ToleratedFailures};

    /// Bug found: the sample was counted too large, and a job was failed by its first bad items.
    #[test]
    fn the_sample_is_the_handled_items_of_finished_parts_and_this_one() {
        let tolerated = ToleratedFailures::Percentage { percentage: "30".parse().unwrap(), minimum_sample: Some(10) };
        let rolled_up = RolledUp { parts: [0].into(), processed: 5, failed: 3 };
        let job = Job { tolerated, rolled_up, ..Job::new(JobId(uuid::Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH) };
        assert!(!exceeded(&job, Counts { processed: 0, failed: 1 }), "4 of 9");
        assert!(exceeded(&job, Counts { processed: 1, failed: 1 }), "4 of 10");
        assert!(!exceeded(&job, Counts { processed: 2, failed: 0 }), "3 of 10");
    }
}
