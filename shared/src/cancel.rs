//! Cancelling: the job ends at once, and the answer waits until no worker can begin an item with an older read of the
//! job.

use crate::access::Viewer;
use crate::app::App;
use crate::end::end;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Ending, Job, JobStatus};
use crate::limits::HELD_ANSWERS_AFTER;

/// Ends the job as `Cancelled`. Once this returns, no item of the job begins, unless a worker's process was frozen for
/// longer than a lease between reading the job and beginning the item. It is safe to repeat.
///
/// # Errors
///
/// [`JobError::NotFound`], and [`Conflict::JobEnded`] if it ended otherwise.
pub async fn cancel(app: &App, viewer: impl Into<Viewer<'_>>, id: JobId) -> Result<Job, JobError> {
    let viewer = viewer.into();
    let job = app.visible(viewer, id).await?;
    if end(app, &job, Ending::Cancelled).await?.is_none() {
        let job = app.visible(viewer, id).await?;
        if job.status != JobStatus::Cancelled {
            return Err(Conflict::JobEnded(job.status).into());
        }
    }
    // Wait also if another request has cancelled the job: its wait may not be over, and its machine's clock may differ.
    crate::time::sleep(HELD_ANSWERS_AFTER).await;
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}
