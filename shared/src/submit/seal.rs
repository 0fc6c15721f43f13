//! Sealing: the job gets no more parts.

use crate::access::OwnedJob;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Ended, Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::part::Part;
use crate::upward::look_upward_from_job;

/// Seals the job with `parts` parts. All of them must be there, and each must begin where the one before it ends.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::PartMissing`], [`Conflict::PartBeyond`], [`Conflict::PartsDoNotJoin`], and
/// [`Conflict::Sealed`] if the job is sealed with another number of parts.
pub async fn seal(app: &App, job: &OwnedJob, parts: u32) -> Result<Job, JobError> {
    if job.sealed {
        return if job.parts == parts { exact(app, Job::clone(job)).await } else { Err(Conflict::Sealed.into()) };
    }
    // A job that failed early also has all its items, and a retry needs to know that.
    if job.status == JobStatus::Cancelled || job.abandoned {
        return Err(Conflict::JobEnded(job.status).into());
    }
    if let Some(top) = job.top_part.filter(|top| *top >= parts) {
        return Err(Conflict::PartBeyond(top).into());
    }
    let ids: Vec<_> = (0..parts).map(|part| (job.id, part)).collect();
    let rows = app.ledger.parts(&ids).await?.into_values().collect();
    seal_row(app, job.id, parts, rows).await
}

/// Seals the row, given the rows of all its parts, and then looks upward. Returns the job with the counts of those
/// rows; workers may have added progress since.
pub(super) async fn seal_row(app: &App, id: JobId, parts: u32, rows: Vec<Part>) -> Result<Job, JobError> {
    let total_items = joined(parts, &rows)?;
    let total_bytes = rows.iter().map(|part| u64::from(part.bytes)).sum();
    let total_chunks = rows.iter().map(|part| u32::from(part.chunks)).sum();
    let job = match app.jobs.update_status(id, &JobWrite::Seal { parts, total_items, total_bytes, total_chunks }).await? {
        Written::Applied(job) => job,
        Written::Refused(job) if job.sealed && job.parts == parts => job,
        Written::Refused(job) if job.sealed => return Err(Conflict::Sealed.into()),
        Written::Refused(job) if job.is_terminal() => return Err(Conflict::JobEnded(job.status).into()),
        Written::Refused(job) => return Err(Conflict::PartBeyond(job.top_part.unwrap_or(parts)).into()),
        Written::Gone => return Err(JobError::NotFound),
    };
    let job = match look_upward_from_job(app, job.clone()).await? {
        Some(Ended { job }) => job,
        None => job,
    };
    if job.is_as_late_as(&rows) { Ok(job.count(&rows)) } else { exact(app, job).await }
}

/// The job of this row, with exact counts.
pub(super) async fn exact(app: &App, row: Job) -> Result<Job, JobError> {
    app.jobs.exact(row).await?.ok_or(JobError::NotFound)
}

/// The number of items, if all parts are there, complete, and each begins where the one before it ends. `rows` are in
/// the order of their numbers.
fn joined(parts: u32, rows: &[Part]) -> Result<u64, Conflict> {
    let mut total_items = 0;
    for number in 0..parts {
        let row = rows.get(number as usize).filter(|part| part.number == number);
        let part = row.filter(|part| part.sent).ok_or(Conflict::PartMissing(number))?;
        if part.first_index != total_items {
            let (part, first_index) = (part.number, part.first_index);
            return Err(Conflict::PartsDoNotJoin { part, first_index, expected: total_items });
        }
        total_items += u64::from(part.items);
    }
    Ok(total_items)
}
