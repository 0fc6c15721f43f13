//! Whoever starts or ends a round asks for its notice right after that write, and may die in between. So whenever a message meets
//! such a job, its worker makes sure that this is asked for. The job's row says what is due; where nothing is, nothing happens.

use super::worker::Worker;
use crate::due::{ask_to_tell_untried, untried};
use crate::ids::JobId;

impl Worker {
    /// Asks for the notices of the job that nobody has tried to tell, if it has ended, or if its message was received before. The
    /// job's row was just read.
    pub(super) async fn ask_for_untried(&self, job: JobId, was_received_before: bool) {
        let Some(job) = self.leases.telling(job).filter(|job| job.is_terminal() || was_received_before) else { return };
        let new: Vec<_> = untried(&job).filter(|notice| !self.asked_for.has((job.id, notice.round, notice.kind))).collect();
        if ask_to_tell_untried(&self.app, &job, &new, was_received_before).await {
            new.iter().for_each(|notice| self.asked_for.remember((job.id, notice.round, notice.kind)));
        }
    }
}
