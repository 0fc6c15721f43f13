//! A checkpoint: settles results while a chunk is still running.

use super::in_time::Recorded;
use super::worker::Worker;
use crate::error::JobError;
use crate::part::Part;
use crate::settlement::Settlement;
use crate::upward::look_upward;

impl Worker {
    /// Settles the results so far and looks upward, so that a job with too many failures ends before the chunk does.
    /// Returns the part as it is now, or `None` if it is gone.
    pub(super) async fn checkpoint(&self, settlement: &Settlement) -> Result<Option<Part>, JobError> {
        let Recorded::InTime(part) = self.settle_in_time(settlement).await? else {
            return Err(JobError::unavailable("the chunk", "its job has ended, and its results come too late to be counted"));
        };
        if let Some(part) = &part {
            look_upward(&self.app, part).await?;
        }
        Ok(part)
    }
}
