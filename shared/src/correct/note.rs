//! Counts the corrections in the job's row. This is also the check that the job is still in the round that was
//! corrected.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::failed_chunk::ROWS_AT_ONCE;
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
        counts.insert(id.1, corrected_in(app, *id, job.round).await?);
    }
    counts.retain(|_, count| *count > 0);
    for _ in 0..TRIES_MAX {
        let row = app.ledger.job(job.id).await?.filter(|row| !row.is_gone(app.clock.now())).ok_or(JobError::NotFound)?;
        if let Some(refusal) = refusal(&row, job.round) {
            count_late(app, row, job.round).await?;
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
    Err(still_counting())
}

/// If a retry has left the round in the meantime, it may have used values that it did not count. Counts the rows of the whole
/// job again, since the row has only the sum of the parts. Safe to repeat: the sum only rises.
///
/// The sum stays too small if a process dies between its values and this, or if failures of the next round are corrected before it.
async fn count_late(app: &App, mut row: Job, round: u32) -> Result<(), JobError> {
    if row.rounds.iter().all(|counts| counts.round != round) {
        return Ok(());
    }
    let reads: Vec<_> = (0..row.parts_end()).map(|part| corrected_in(app, (row.id, part), round)).collect();
    let in_parts: Vec<u32> = stream::iter(reads).buffer_unordered(ROWS_AT_ONCE).try_collect().await?;
    let corrected: u64 = in_parts.into_iter().map(u64::from).sum();
    for _ in 0..TRIES_MAX {
        let mut rounds = row.rounds.clone();
        let Some(counts) = rounds.iter_mut().find(|counts| counts.round == round && counts.corrected < corrected) else { return Ok(()) };
        counts.corrected = corrected;
        match app.jobs.update_status(row.id, &JobWrite::CountLate { read: row.rounds, rounds }).await? {
            Written::Refused(other) if !other.deleting => row = other,
            Written::Applied(_) | Written::Refused(_) | Written::Gone => return Ok(()),
        }
    }
    Err(still_counting())
}

/// How many failed items of the part have new values.
async fn corrected_in(app: &App, part: PartId, round: u32) -> Result<u32, JobError> {
    let rows = app.ledger.all_corrections(part).await?;
    Ok(rows.values().map(|row| row.count_in(round)).sum())
}

fn still_counting() -> JobError {
    JobError::unavailable("the table: counting corrections", "other requests kept counting at the same time")
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
