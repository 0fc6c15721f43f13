//! Writes results of a run that is not entered in any row. A reader that finds a job ended and no current run declares
//! its numbers final after [`SETTLES_AFTER`](crate::limits::SETTLES_AFTER). So such a write is made within
//! [`UNSEEN_RUN_MAX`] of a read in which the job had not ended, or not at all.

use tokio::time::{Instant, timeout_at};

use super::worker::Worker;
use crate::error::JobError;
use crate::ids::JobId;
use crate::limits::UNSEEN_RUN_MAX;
use crate::part::Part;
use crate::settle::settle;
use crate::settlement::Settlement;

/// How often one write is tried, each time after another read.
const TRIES_MAX: usize = 5;

/// The result of recording a settlement.
#[derive(Debug)]
pub(super) enum Recorded {
    /// It is recorded; the part as it is now, or `None` if it is gone.
    InTime(Option<Part>),
    /// Its job has ended, and it came too late to be counted.
    TooLate,
}

impl Worker {
    /// Settles, unless that could change a number that was declared final.
    pub(super) async fn settle_in_time(&self, settlement: &Settlement) -> Result<Recorded, JobError> {
        if settlement.seen {
            return Ok(Recorded::InTime(settle(&self.app, settlement).await?));
        }
        let job = settlement.id.job;
        for _ in 0..TRIES_MAX {
            if let Some(until) = self.may_write_until(job)
                && let Ok(settled) = timeout_at(until, settle(&self.app, settlement)).await
            {
                return Ok(Recorded::InTime(settled?));
            }
            if !self.leases.read(&self.app, job).await?.is_some_and(|job| job.is_live()) {
                return Ok(Recorded::TooLate);
            }
        }
        Err(JobError::unavailable("the table", "a chunk could not be settled within two seconds of a reading of its job"))
    }

    /// Until when results may be written that no reader knows to be coming; `None` if the job has to be read again.
    fn may_write_until(&self, job: JobId) -> Option<Instant> {
        self.leases.live_at(job).map(|live| live + UNSEEN_RUN_MAX).filter(|until| Instant::now() < *until)
    }
}
