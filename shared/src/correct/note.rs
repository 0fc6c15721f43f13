//! Counts the corrections in the job's row. This is also the check that the job is still in the round that was
//! corrected.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::PartId;
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;

/// How often in a row a write may fail because other requests write the same row.
pub(super) const TRIES_MAX: usize = 50;

/// Writes into the job's row how many failed items of these parts have new values, as read from their rows now: other
/// requests may have added some.
pub(super) async fn note(app: &App, job: &Job, parts: &BTreeSet<PartId>) -> Result<(), JobError> {
    let mut counts = BTreeMap::new();
    for id in parts {
        let rows = app.ledger.all_corrections(*id).await?;
        counts.insert(id.1, rows.values().map(|row| row.count_in(job.round)).sum::<u32>());
    }
    for _ in 0..TRIES_MAX {
        let row = app.ledger.job(job.id).await?.filter(|row| !row.is_gone(app.clock.now())).ok_or(JobError::NotFound)?;
        if let Some(refusal) = refusal(&row, job.round) {
            return Err(refusal.into());
        }
        let mut corrected = row.corrected.clone();
        for (part, count) in &counts {
            // Within a round a count only rises.
            let known = corrected.entry(*part).or_default();
            *known = (*known).max(*count);
        }
        if corrected == row.corrected {
            return Ok(());
        }
        let correct = JobWrite::Correct { round: job.round, read: row.corrected, corrected };
        match app.jobs.update_status(job.id, &correct).await? {
            Written::Applied(_) => return Ok(()),
            Written::Refused(_) => {}
            Written::Gone => return Err(JobError::NotFound),
        }
    }
    Err(JobError::unavailable("the table: counting corrections", "other requests kept counting at the same time"))
}

/// Why failed items of `round` cannot be corrected, if they cannot.
pub(super) fn refusal(job: &Job, round: u32) -> Option<Conflict> {
    match job.status {
        JobStatus::Pending | JobStatus::Processing => Some(Conflict::JobNotEnded(job.status)),
        // It is never retried.
        JobStatus::Cancelled => Some(Conflict::Cancelled),
        JobStatus::Completed | JobStatus::Failed if job.round != round => Some(Conflict::RoundDiffers(job.round)),
        JobStatus::Completed | JobStatus::Failed => None,
    }
}
