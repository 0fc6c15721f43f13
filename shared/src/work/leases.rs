//! What a worker remembers of jobs: for a second from the start of a consistent read, never longer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::app::App;
use crate::error::JobError;
use crate::ids::JobId;
use crate::job::Job;
use crate::limits::LEASE;

/// Jobs remembered at once; more, and all are forgotten.
const JOBS_MAX: usize = 1_000;

/// What is remembered of a job. One that was not there is remembered too.
#[derive(Debug)]
struct Lease {
    /// The start of the read that the row came from.
    read: Instant,
    job: Option<Job>,
    /// The start of the last read in which the job had not ended.
    live_at: Option<Instant>,
}

/// Job rows with the start of the read they came from.
#[derive(Debug, Default)]
pub(super) struct Leases {
    rows: Mutex<HashMap<JobId, Lease>>,
    /// Held while a row is read again, so that items waiting for the same one share the read.
    reading: tokio::sync::Mutex<()>,
}

impl Leases {
    /// The fresh row, if one is remembered.
    pub(super) fn get(&self, id: JobId) -> Option<Option<Job>> {
        let leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE).map(|lease| lease.job.clone())
    }

    /// Whether items of the job may begin now; `None` if it has to be read again.
    pub(super) fn lets_begin(&self, id: JobId) -> Option<bool> {
        let leases = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        leases.get(&id).filter(|lease| lease.read.elapsed() < LEASE).map(|lease| lease.job.as_ref().is_some_and(Job::runs))
    }

    /// A time at which the job had not ended, as late as is known here.
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

    /// The job's row, at most a lease old.
    pub(super) async fn job(&self, app: &App, id: JobId) -> Result<Option<Job>, JobError> {
        match self.get(id) {
            Some(job) => Ok(job),
            None => self.read(app, id).await,
        }
    }

    /// Reads the job's row again, unless somebody just did.
    pub(super) async fn refresh(&self, app: &App, id: JobId) -> Result<(), JobError> {
        let _one = self.reading.lock().await;
        if self.lets_begin(id).is_none() {
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
