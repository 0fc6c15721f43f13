//! Reading: a job with exact counts, an owner's jobs, and a job's parts.

use crate::access::Viewer;
use crate::app::App;
use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;
use crate::jobs::{JobPage, JobQuery, PARTS_PER_LISTED_JOB_MAX};
use crate::limits::ROWS_PER_READ;
use crate::part::Part;
use crate::rest::come_to_rest;

/// The viewer's job with exact counts. For an ended job it also finds out whether they are final. The owner is checked
/// before the parts are read, so that the time of an answer says no more than its text.
///
/// # Errors
///
/// [`JobError::NotFound`], also for another owner's job.
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
            // If it was deleted in between, it is listed as it was.
            *job = app.jobs.get(job.id).await?.unwrap_or_else(|| job.clone());
        }
    }
    Ok(page)
}

/// At most `limit` part rows of a job, beginning at number `from`, and where to continue.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn parts(app: &App, job: &Job, from: u32, limit: usize) -> Result<(Vec<Part>, Option<u32>), JobError> {
    let end = job.parts_end();
    let limit = limit.clamp(1, ROWS_PER_READ) as u32;
    let until = end.min(from.saturating_add(limit));
    let ids: Vec<_> = (from..until).map(|part| (job.id, part)).collect();
    let rows = app.ledger.parts(&ids).await?;
    Ok((rows.into_values().collect(), (until < end).then_some(until)))
}
