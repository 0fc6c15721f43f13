//! Sweeping: deletes what is past retention, ends submissions nobody finished, repairs and ends jobs that stand still.
//!
//! It never judges by the index that finds candidates, only by rows read consistently, and every write it makes is one
//! whose condition a live job does not meet.

use std::ops::AddAssign;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::app::App;
use crate::error::JobError;
use crate::job::{Job, JobId, JobWrite};
use crate::ledger::{Candidates, Written};
use crate::limits::{BATCH_GET_KEYS_MAX, OPEN_WITHOUT_PART_MAX, PAUSED_MAX, RECONCILE_AFTER_END};
use crate::part::Part;
use crate::settle::{look_upward, look_upward_from_job, reconcile};
use crate::work::{error_chain, send_revivals};

/// A job whose status changed within this time is left alone.
const LOOKED_AT_AFTER: Duration = Duration::from_secs(300);
/// A part whose row nobody has written for this long is looked at for what waits in the table: longer than a message of
/// it is out of sight in a worker's hands.
const STANDS_STILL_AFTER: Duration = Duration::from_secs(6 * 900 + 300);
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
    /// Jobs that could not be looked at; the log says why.
    pub failed: usize,
    /// Parts that were behind or stood still, and are looked at by a worker.
    pub revived: usize,
    /// Jobs that ended because the sweep looked.
    pub ended: usize,
}

impl Swept {
    /// One line about a job that something was done to.
    fn log(&self, id: JobId) {
        let Self { abandoned, reconciled, revived, ended, .. } = *self;
        if abandoned + reconciled + revived + ended > 0 {
            tracing::info!(job_id = %id, abandoned, reconciled, revived, ended, "repaired a job");
        }
    }
}

impl AddAssign for Swept {
    fn add_assign(&mut self, other: Self) {
        self.deleted += other.deleted;
        self.abandoned += other.abandoned;
        self.looked_at += other.looked_at;
        self.reconciled += other.reconciled;
        self.failed += other.failed;
        self.revived += other.revived;
        self.ended += other.ended;
    }
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
            let mut done = Swept::default();
            // One job that cannot be looked at must not keep the others from it.
            if let Err(error) = look_at(app, id, now, &mut done).await {
                done.failed = 1;
                tracing::error!(job_id = %id, error = error_chain(&error), "a job could not be swept");
            }
            done.log(id);
            swept += done;
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
    let left_alone = |part: &Part| job.is_live() && (job.paused || part.updated_at > now - time(RECONCILE_AFTER_END));
    for part in &parts {
        if left_alone(part) {
            look_upward(app, part).await?;
            continue;
        }
        let (shown, part) = reconcile(app, part).await?;
        swept.reconciled += shown;
        look_upward(app, &part).await?;
    }
    if let (true, Some(expires_at)) = (job.is_terminal(), job.expires_at) {
        app.jobs.update_status(id, &JobWrite::Reconcile { round: job.round, expires_at }).await?;
        return Ok(());
    }
    if job.paused {
        swept.ended += usize::from(end_long_pause(app, &job, now).await?);
        return Ok(());
    }
    // A part behind its job's round, or one nobody has touched for long, may have something waiting in the table.
    let still = |part: &&Part| part.round < job.round || part.updated_at < now - time(STANDS_STILL_AFTER);
    let revived: Vec<u32> = parts.iter().filter(still).filter(|part| !part.is_full()).map(|part| part.number).collect();
    let behind = parts.iter().filter(|part| part.round < job.round && part.is_full()).map(|part| part.number);
    swept.revived += revived.len();
    send_revivals(app, &job, revived.into_iter().chain(behind)).await?;
    look_upward_from_job(app, job).await?;
    let ended = app.ledger.rows(&[id], &[]).await?.jobs.remove(&id).is_some_and(|job| job.is_terminal());
    swept.ended += usize::from(ended);
    Ok(())
}

async fn end_long_pause(app: &App, job: &Job, now: DateTime<Utc>) -> Result<bool, JobError> {
    if job.updated_at >= now - time(PAUSED_MAX) {
        return Ok(false);
    }
    let error = "it was paused for too long: retry it to go on".to_owned();
    Ok(matches!(app.jobs.mark_failed(job.id, job.round, error).await?, Written::Applied(_)))
}

fn is_abandoned(job: &Job, parts: &[Part], now: DateTime<Utc>) -> bool {
    let touched = parts.iter().map(|part| part.updated_at).chain([job.updated_at]).max();
    touched.is_some_and(|touched| touched < now - time(OPEN_WITHOUT_PART_MAX))
}

fn time(span: Duration) -> TimeDelta {
    TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX)
}
