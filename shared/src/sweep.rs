//! Sweeping: deletes what is past retention, ends submissions nobody finished, repairs and ends jobs that stand still.
//!
//! It never judges by the index that finds candidates, only by rows read consistently, and every write it makes is one
//! whose condition a live job does not meet.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::app::App;
use crate::error::JobError;
use crate::job::{Job, JobId, JobWrite};
use crate::ledger::{Candidates, Written};
use crate::limits::{BATCH_GET_KEYS_MAX, OPEN_WITHOUT_PART_MAX, RECONCILE_AFTER_END};
use crate::part::{Part, Register};
use crate::settle::{look_upward, look_upward_from_job, show};

/// A job whose status changed within this time is left alone.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(300);
/// Candidates looked at in one run.
const CANDIDATES_MAX: usize = 1_000;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Jobs deleted with all their rows.
    pub deleted: usize,
    /// Submissions ended that nobody finished.
    pub abandoned: usize,
    /// Jobs looked at: live ones, and ended ones that something may be left of.
    pub looked_at: usize,
    /// Outcomes that were recorded but not shown, and are now.
    pub reconciled: usize,
    /// Jobs that ended because the sweep looked.
    pub ended: usize,
}

/// One run, bounded; what is left is for the next.
///
/// # Errors
/// [`JobError::Unavailable`]: what was done stands, the next run goes on.
pub async fn sweep(app: &App) -> Result<Swept, JobError> {
    let now = app.clock.now();
    let mut swept = Swept { deleted: app.jobs.cleanup_old_jobs(now).await?, ..Swept::default() };
    let mut after: Option<String> = None;
    while swept.looked_at < CANDIDATES_MAX {
        let found = app.ledger.candidates(Candidates::Live, now - LOOKED_AT_AFTER, after.as_deref(), BATCH_GET_KEYS_MAX).await?;
        for id in found.ids {
            look_at(app, id, now, &mut swept).await?;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok(swept)
}

async fn look_at(app: &App, id: JobId, now: DateTime<Utc>, swept: &mut Swept) -> Result<(), JobError> {
    let Some(job) = app.ledger.rows(&[id], &[]).await?.jobs.remove(&id) else { return Ok(()) };
    let ended_lately = job.completed_at.is_some_and(|ended| ended > now - time(RECONCILE_AFTER_END));
    if !job.is_watched() || job.deleting || ended_lately {
        return Ok(());
    }
    swept.looked_at += 1;
    let ids: Vec<_> = job.parts_not_rolled_up().into_iter().map(|part| (id, part)).collect();
    let parts = if ids.is_empty() { Vec::new() } else { app.ledger.rows(&[], &ids).await?.parts.into_values().collect() };
    if job.is_live() && !job.sealed && is_abandoned(&job, &parts, now) {
        let abandon = JobWrite::Abandon { untouched_since: now - time(OPEN_WITHOUT_PART_MAX) };
        swept.abandoned += usize::from(matches!(app.jobs.update_status(id, &abandon).await?, Written::Applied(_)));
        return Ok(());
    }
    for part in &parts {
        swept.reconciled += reconcile(app, part).await?;
    }
    if let (true, Some(completed_at)) = (job.is_terminal(), job.completed_at) {
        app.jobs.update_status(id, &JobWrite::Reconcile { round: job.round, completed_at }).await?;
        return Ok(());
    }
    look_upward_from_job(app, job).await?;
    let ended = app.ledger.rows(&[id], &[]).await?.jobs.remove(&id).is_some_and(|job| job.is_terminal());
    swept.ended += usize::from(ended);
    Ok(())
}

/// Shows every outcome row that its register does not show yet, then looks upward.
async fn reconcile(app: &App, part: &Part) -> Result<usize, JobError> {
    let (mut reconciled, mut from, mut latest) = (0, 0, part.clone());
    loop {
        let outcomes = app.ledger.outcomes((part.job, part.number), from).await?;
        let Some(last) = outcomes.last() else { break };
        from = last.id.chunk + 1;
        for outcome in &outcomes {
            let shown = part.registers.get(&outcome.id.chunk);
            let behind = match shown {
                None => true,
                Some(Register::Clean { .. }) => false,
                Some(register) => register.code() < outcome.register().code(),
            };
            if behind {
                reconciled += 1;
                latest = show(app, outcome).await?.unwrap_or(latest);
            }
        }
    }
    look_upward(app, &latest).await?;
    Ok(reconciled)
}

fn is_abandoned(job: &Job, parts: &[Part], now: DateTime<Utc>) -> bool {
    let touched = parts.iter().map(|part| part.updated_at).chain([job.updated_at]).max();
    touched.is_some_and(|touched| touched < now - time(OPEN_WITHOUT_PART_MAX))
}

fn time(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}
