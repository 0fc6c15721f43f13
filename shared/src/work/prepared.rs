//! Processors bound to a job's params: prepared once a job and warm process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::error::JobError;
use crate::ids::JobId;
use crate::job::Job;
use crate::processor::{ItemError, ItemProcessor, Options, Processors};

/// Jobs kept prepared at once; more, and all are prepared anew.
const JOBS_MAX: usize = 64;

/// A processor ready for one job's items.
#[derive(Clone)]
pub(super) struct Prepared {
    /// The processor, bound to the params; or why every item fails.
    pub(super) processor: Result<Arc<dyn ItemProcessor>, ItemError>,
    pub(super) options: Arc<Options>,
    pub(super) params: Arc<RawValue>,
    /// Items of the job that this process works on side by side.
    pub(super) places: Arc<Semaphore>,
    /// How long its items took here so far.
    pub(super) pace: Arc<Pace>,
}

/// How long an item of a job takes: a moving average, so that one that hung is forgotten after some that did not.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Weight of the moving average: the newest item counts 1/8.
    const ITEMS: u64 = 8;

    /// An item took this long.
    pub(super) fn note(&self, took: Duration) {
        let took = took.as_micros().try_into().unwrap_or(u64::MAX / Self::ITEMS);
        // Two at once may lose one of the notes: it is an estimate.
        let known = self.0.load(Ordering::Relaxed);
        let next = if known == 0 { took } else { known - known / Self::ITEMS + took / Self::ITEMS };
        self.0.store(next, Ordering::Relaxed);
    }

    /// How long the next may take; nothing before the first.
    pub(super) fn expected(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// What is prepared.
#[derive(Default)]
pub(super) struct PreparedJobs(Mutex<HashMap<JobId, Prepared>>);

impl std::fmt::Debug for PreparedJobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedJobs").finish_non_exhaustive()
    }
}

impl PreparedJobs {
    /// The job's processor, prepared.
    pub(super) async fn get(&self, app: &App, processors: &Processors, job: &Job) -> Result<Prepared, JobError> {
        if let Some(prepared) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&job.id) {
            return Ok(prepared.clone());
        }
        let prepared = prepare(app, processors, job).await?;
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= JOBS_MAX {
            jobs.clear();
        }
        Ok(jobs.entry(job.id).or_insert(prepared).clone())
    }
}

async fn prepare(app: &App, processors: &Processors, job: &Job) -> Result<Prepared, JobError> {
    let unknown = || JobError::unavailable("the processor", format!("this worker has none named {:?}", job.processor));
    let unbound = processors.get(&job.processor).ok_or_else(unknown)?;
    let params = app.ledger.params(job.id).await?.ok_or(JobError::NotFound)?;
    let processor = match unbound.prepare(&params) {
        Ok(bound) => Ok(bound.unwrap_or_else(|| unbound.clone())),
        Err(ItemError::Retryable { message, .. } | ItemError::Throttled { message, .. }) => {
            return Err(JobError::unavailable("preparing the processor", message));
        }
        Err(error) => Err(error),
    };
    let options = Arc::new(processor.as_ref().map_or_else(|_| unbound.options(), |bound| bound.options()));
    let places = Arc::new(Semaphore::new(options.concurrency.max(1)));
    Ok(Prepared { processor, options, params, places, pace: Arc::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_the_items_and_forgets_one_that_hung() {
        let pace = Pace::default();
        assert_eq!(pace.expected(), Duration::ZERO);
        pace.note(Duration::from_secs(8));
        pace.note(Duration::from_secs(16));
        assert_eq!(pace.expected(), Duration::from_secs(9), "the newest item counts 1/8");
        (0..50).for_each(|_| pace.note(Duration::from_secs(20)));
        assert!((19..=20).contains(&pace.expected().as_secs()), "{:?}", pace.expected());
        (0..50).for_each(|_| pace.note(Duration::from_millis(1)));
        assert!(pace.expected() < Duration::from_millis(200), "{:?}", pace.expected());
    }
}
