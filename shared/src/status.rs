//! Looking: one job with exact counts, an owner's jobs, the ledger of a job.

use crate::access::Viewer;
use crate::app::App;
use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;
use crate::jobs::{JobPage, JobQuery, PARTS_PER_LISTED_JOB_MAX};
use crate::limits::BATCH_GET_KEYS_MAX;
use crate::part::Part;
use crate::rest::come_to_rest;

/// The viewer's job with exact counts; of an ended one it finds out, too, whether these are final. Its owner is checked before
/// its parts are read, so that the time an answer takes tells no more than its words.
///
/// # Errors
/// [`JobError::NotFound`], also for another owner's.
pub async fn get(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    let viewer = viewer.into();
    let mut row = app.visible(viewer, id).await?;
    if come_to_rest(app, &row).await? {
        row = app.visible(viewer, id).await?;
    }
    app.jobs.exact(row).await?.ok_or(JobError::NotFound)
}

/// The owner's jobs, newest first.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn list(app: &App, user_id: &UserId, query: &JobQuery) -> Result<JobPage, JobError> {
    let mut page = app.jobs.get_by_user(user_id, query).await?;
    for job in &mut page.jobs {
        if job.parts_not_rolled_up().len() <= PARTS_PER_LISTED_JOB_MAX && come_to_rest(app, job).await? {
            // It may have been forgotten meanwhile: then it is listed as it was.
            *job = app.jobs.get(job.id).await?.unwrap_or_else(|| job.clone());
        }
    }
    Ok(page)
}

/// Part rows of a job from number `from` on, at most `limit`, and where to go on.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn parts(app: &App, job: &Job, from: u32, limit: usize) -> Result<(Vec<Part>, Option<u32>), JobError> {
    let end = job.parts_end();
    let limit = limit.clamp(1, BATCH_GET_KEYS_MAX) as u32;
    let until = end.min(from.saturating_add(limit));
    let ids: Vec<_> = (from..until).map(|part| (job.id, part)).collect();
    let rows = app.ledger.parts(&ids).await?;
    Ok((rows.into_values().collect(), (until < end).then_some(until)))
}
