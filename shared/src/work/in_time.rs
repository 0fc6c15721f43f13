//! Writes results of a run that is not entered in any row, and brings parts to their job's round. A reader that finds a job
//! ended and no current run declares its numbers final after [`SETTLES_AFTER`](crate::limits::SETTLES_AFTER). So a write that
//! nobody knows to be coming is made within [`UNSEEN_RUN_MAX`] of a read in which the job had not ended. If the job has ended
//! since, the worker first says in the job's row that results come, which postpones the declaration; if the numbers are final
//! already, the write is not made at all.

use super::worker::Worker;
use crate::error::JobError;
use crate::ids::JobId;
use crate::job::JobWrite;
use crate::ledger::Written;
use crate::limits::UNSEEN_RUN_MAX;
use crate::part::Part;
use crate::settle::settle;
use crate::settlement::Settlement;
use crate::time::{Instant, timeout_at};

/// How often one write is tried, each time after another read.
const TRIES_MAX: usize = 5;

/// The result of recording a settlement.
#[derive(Debug)]
pub(super) enum Recorded {
    /// It is recorded; the part as it is now, or `None` if it is gone.
    InTime(Option<Part>),
    /// Its job has ended and its numbers are final: it came too late to be counted.
    TooLate,
}

impl Worker {
    /// Settles, unless that could change a number that was declared final.
    pub(super) async fn settle_in_time(&self, settlement: &Settlement) -> Result<Recorded, JobError> {
        if settlement.seen {
            return Ok(Recorded::InTime(settle(&self.app, settlement).await?));
        }
        for _ in 0..TRIES_MAX {
            if let Some(part) = self.in_time(settlement.id.job, || settle(&self.app, settlement)).await? {
                return Ok(Recorded::InTime(part));
            }
            if !self.is_awaited(settlement.id.job).await? {
                return Ok(Recorded::TooLate);
            }
        }
        Err(JobError::unavailable("the table", "results could not be written within two seconds of the announcement that they come"))
    }

    /// Says in the row of the ended job that results come. False if its numbers are final already.
    async fn is_awaited(&self, job: JobId) -> Result<bool, JobError> {
        let (began, at) = (Instant::now(), self.app.clock.now());
        let awaited = match self.app.jobs.update_status(job, &JobWrite::AwaitResults { at }).await? {
            Written::Applied(_) => true,
            // Another worker has said the same, no earlier than this one.
            Written::Refused(row) => row.is_settling() && !row.deleting && row.late_results_at >= Some(at),
            Written::Gone => false,
        };
        if awaited {
            self.leases.awaited(job, began);
        }
        Ok(awaited)
    }

    /// Makes a write after which a number of the job may be another. `None` if the job has ended, and the number may have been declared
    /// final: then the write was not made, or it takes effect before that.
    pub(super) async fn in_time<T, W>(&self, job: JobId, write: impl Fn() -> W) -> Result<Option<T>, JobError>
    where
        W: Future<Output = Result<T, JobError>>,
    {
        for _ in 0..TRIES_MAX {
            if let Some(until) = self.may_write_until(job)
                && let Ok(written) = timeout_at(until, write()).await
            {
                return written.map(Some);
            }
            if !self.leases.read(&self.app, job).await?.is_some_and(|job| job.is_live()) {
                return Ok(None);
            }
        }
        Err(JobError::unavailable("the table", "a part could not be written within two seconds of a reading of its job"))
    }

    /// Until when something may be written that no reader knows to be coming; `None` if the job has to be read again.
    fn may_write_until(&self, job: JobId) -> Option<Instant> {
        self.leases.live_at(job).map(|live| live + UNSEEN_RUN_MAX).filter(|until| Instant::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::app::App;
    use crate::clock::SystemClock;
    use crate::ids::UserId;
    use crate::job::Job;
    use crate::ledger::memory::MemoryLedger;
    use crate::queue::memory::MemoryQueue;
    use headway_processor::Processors;

    /// Bug found: a part was brought to its job's round, with a failure that counts in it, seconds after the job had been cancelled and
    /// shown as settled.
    #[tokio::test(start_paused = true)]
    async fn a_slow_write_is_made_again_only_while_the_job_is_live() {
        for (took, ends, made) in [(1, false, Some(1)), (3, false, Some(2)), (1, true, Some(1)), (3, true, None)] {
            let app = App::new(Arc::new(MemoryLedger::default()), Arc::new(MemoryQueue::default()), Arc::new(SystemClock));
            let (id, user) = (JobId(uuid::Uuid::from_u128(1)), UserId::new("u").unwrap());
            let job = Job::new(id, user, 1, app.clock.now());
            let params = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
            app.ledger.create(&job, &params, None, None).await.unwrap();
            let worker = Worker::new(app.clone(), Processors::new());
            worker.leases.read(&app, id).await.unwrap();
            let writes = Cell::new(0);
            let write = || async {
                writes.set(writes.get() + 1);
                if ends {
                    app.jobs.mark_cancelled(&job).await.unwrap();
                }
                // The table is slow at first.
                crate::time::sleep(Duration::from_secs(if writes.get() == 1 { took } else { 0 })).await;
                Ok(writes.get())
            };
            assert_eq!(worker.in_time(id, write).await.unwrap(), made, "{took} s, ends {ends}");
        }
    }
}
