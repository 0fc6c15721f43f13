//! What a worker remembers of jobs: for one second after the start of a consistent read, never longer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::app::App;
use crate::error::JobError;
use crate::ids::JobId;
use crate::job::Job;
use crate::limits::LEASE;
use crate::time::Instant;

/// How many jobs are remembered. With more, all are forgotten.
const JOBS_MAX: usize = 1_000;

/// What is remembered of a job. It is also remembered that a job does not exist.
#[derive(Debug)]
struct Lease {
    /// When the read began from which the row came.
    read: Instant,
    job: Option<Job>,
    /// When the last read began in which the job had not ended, or the last write that says that results of the ended job come.
    live_at: Option<Instant>,
}

/// Job rows, each with the start of its read.
#[derive(Debug, Default)]
pub(super) struct Leases {
    rows: Mutex<HashMap<JobId, Lease>>,
    /// Locked while a row is read again, so that items that wait for the same row share the read.
    reading: tokio::sync::Mutex<()>,
}

impl Leases {
    /// The row, if one is remembered that is not too old.
    pub(super) fn get(&self, id: JobId) -> Option<Option<Job>> {
        let leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE).map(|lease| lease.job.clone())
    }

    /// The latest row, if others are told of the job. Its age does not matter: asking for a notice is harmless, and the answer of the
    /// read may have taken longer than a lease.
    pub(super) fn telling(&self, id: JobId) -> Option<Job> {
        let leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        leases.get(&id)?.job.as_ref().filter(|job| job.tells()).cloned()
    }

    /// True if items of the job may begin now in this round; `None` if it has to be read again.
    pub(super) fn lets_begin(&self, id: JobId, round: u32) -> Option<bool> {
        let leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE)?;
        Some(lease.job.as_ref().is_some_and(|job| job.runs() && job.round == round))
    }

    /// Results of this ended job are awaited from this time on.
    pub(super) fn awaited(&self, id: JobId, at: Instant) {
        if let Some(lease) = self.rows.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            lease.live_at = lease.live_at.max(Some(at));
        }
    }

    /// The latest known time at which the job had not ended, or its results were awaited.
    pub(super) fn live_at(&self, id: JobId) -> Option<Instant> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(&id).and_then(|lease| lease.live_at)
    }

    /// Remembers a row from a read that began at `read`, unless a later one is known.
    pub(super) fn keep(&self, id: JobId, job: Option<Job>, read: Instant) {
        let mut leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() >= JOBS_MAX {
            leases.clear();
        }
        let live_at = job.as_ref().is_some_and(Job::is_live).then_some(read);
        match leases.get_mut(&id) {
            Some(known) => {
                known.live_at = known.live_at.max(live_at);
                if known.read <= read {
                    (known.read, known.job) = (read, job);
                }
            }
            None => drop(leases.insert(id, Lease { read, job, live_at })),
        }
    }

    /// The job's row, not older than a lease.
    pub(super) async fn job(&self, app: &App, id: JobId) -> Result<Option<Job>, JobError> {
        match self.get(id) {
            Some(job) => Ok(job),
            None => self.read(app, id).await,
        }
    }

    /// Reads the job's row again, unless somebody else just did.
    pub(super) async fn refresh(&self, app: &App, id: JobId) -> Result<(), JobError> {
        let _one = self.reading.lock().await;
        if self.get(id).is_none() {
            self.read(app, id).await?;
        }
        Ok(())
    }

    /// The job's row, read now.
    pub(super) async fn read(&self, app: &App, id: JobId) -> Result<Option<Job>, JobError> {
        let read = Instant::now();
        let job = app.ledger.job(id).await?;
        self.keep(id, job.clone(), read);
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::ids::UserId;

    /// Bug found: the read of an ended job took longer than a lease, so its worker did not look whether anybody had been asked to tell
    /// the end.
    #[tokio::test(start_paused = true)]
    async fn a_row_that_came_late_still_says_what_is_to_be_told() {
        let (leases, id) = (Leases::default(), JobId(Uuid::nil()));
        let mut job = Job::new(id, UserId::new("u").unwrap(), 9, DateTime::UNIX_EPOCH);
        job.labels.callback = Some("crm".to_owned());
        let read = Instant::now();
        tokio::time::advance(LEASE * 2).await;
        leases.keep(id, Some(job), read);
        assert!(leases.get(id).is_none(), "nothing begins by it");
        assert!(leases.telling(id).is_some());
    }
}
