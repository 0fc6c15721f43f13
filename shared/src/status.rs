//! Looking: one job with exact counts, an owner's jobs, the ledger of a job.

use crate::app::App;
use crate::error::JobError;
use crate::job::{Job, JobId, UserId};
use crate::jobs::{JobPage, JobQuery};
use crate::limits::BATCH_GET_KEYS_MAX;
use crate::part::Part;

/// The owner's job with exact counts.
///
/// # Errors
/// [`JobError::NotFound`], also for another owner's.
pub async fn get(app: &App, user_id: &UserId, id: JobId) -> Result<Job, JobError> {
    app.jobs.get(id).await?.filter(|job| job.user_id == *user_id).ok_or(JobError::NotFound)
}

/// The owner's jobs, newest first.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn list(app: &App, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
    app.jobs.get_by_user(user_id, query).await
}

/// Part rows of a job from number `from` on, at most `limit`, and where to go on.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn parts(app: &App, job: &Job, from: u32, limit: usize) -> Result<(Vec<Part>, Option<u32>), JobError> {
    let end = if job.sealed { job.parts } else { job.top_part.map_or(0, |top| top + 1) };
    let limit = limit.clamp(1, BATCH_GET_KEYS_MAX) as u32;
    let until = end.min(from.saturating_add(limit));
    let ids: Vec<_> = (from..until).map(|part| (job.id, part)).collect();
    let rows = if ids.is_empty() { Vec::new() } else { app.ledger.rows(&[], &ids).await?.parts.into_values().collect() };
    Ok((rows, (until < end).then_some(until)))
}
