//! The only place where a job ends, whether by its last chunk, too many failures, its user, or the sweep. Whatever has
//! to follow every end belongs here.

use crate::app::App;
use crate::due::ask_to_tell_end;
use crate::error::JobError;
use crate::job::{Ended, Ending, Job};
use crate::ledger::Written;

/// Ends the job, if it may end this way. `None` if not: it has ended already, is in another round, or is gone. The write
/// that ends it is also what makes notices due; a worker is asked to tell them right away. If it has ended already, whoever
/// ended it may have died before it asked, so that is asked for as well.
///
/// # Errors
///
/// [`JobError::Unavailable`]: the job may have ended. It is safe to repeat.
pub async fn end(app: &App, job: &Job, ending: Ending) -> Result<Option<Ended>, JobError> {
    let written = match ending {
        Ending::Completed => app.jobs.mark_completed(job).await,
        Ending::Failed(error) => app.jobs.mark_failed(job, error).await,
        Ending::Cancelled => app.jobs.mark_cancelled(job).await,
        Ending::Abandoned { untouched_since } => app.jobs.mark_abandoned(job, untouched_since).await,
    }?;
    if let Written::Applied(job) | Written::Refused(job) = &written {
        ask_to_tell_end(app, job).await;
    }
    Ok(match written {
        Written::Applied(job) => Some(Ended { job }),
        Written::Refused(_) | Written::Gone => None,
    })
}
