//! Processors bound to a job's params, prepared once for each job and warm process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::sync::{OnceCell, Semaphore};

use super::call_threads::{CallThreads, Went, panic_text};
use super::circuit_breaker::CircuitBreaker;
use crate::app::App;
use crate::error::JobError;
use crate::ids::{JobId, UserId};
use crate::job::Job;
use headway_processor::{ItemError, ItemProcessor, Options, Processors};

/// How many jobs are kept prepared. With more, the least recently used are dropped.
const JOBS_MAX: usize = 64;
/// How many bytes all their params may have together. What is built from params is a multiple of that.
const BYTES_MAX: usize = 1_000_000;

/// The longest that preparing a processor may take.
const PREPARE_MAX: Duration = Duration::from_secs(30);

/// A processor ready for one job's items.
#[derive(Clone)]
pub(super) struct Prepared {
    /// The processor, bound to the params.
    pub(super) processor: Arc<dyn ItemProcessor>,
    pub(super) options: Arc<Options>,
    pub(super) params: Arc<RawValue>,
    /// Limits how many items of the job run at a time in this process.
    pub(super) places: Arc<Semaphore>,
    /// How long its items have taken here so far.
    pub(super) pace: Arc<Pace>,
    /// Decides whether its items may go to their downstream.
    pub(super) breaker: Arc<CircuitBreaker>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

/// How long an item of a job takes: a moving average, so that one slow item is forgotten after some fast ones.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Weight of the moving average: the newest item counts 1/8.
    const ITEMS: u64 = 8;

    /// Records how long an item took.
    pub(super) fn note(&self, took: Duration) {
        let took = took.as_micros().try_into().unwrap_or(u64::MAX / Self::ITEMS);
        // If two are recorded at the same time, one may be lost. That does not matter for an estimate.
        let known = self.0.load(Ordering::Relaxed);
        let next = if known == 0 { took } else { known - known / Self::ITEMS + took / Self::ITEMS };
        self.0.store(next, Ordering::Relaxed);
    }

    /// How long the next item may take; zero before the first.
    pub(super) fn expected(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A job's prepared processor, or why the params cannot be used.
pub(super) type Bound = Result<Prepared, String>;

/// A job and its round: after a retry it is prepared again.
type Key = (JobId, u32);

/// Preparing failed for now: the message of the processor's error.
#[derive(Debug, Clone)]
pub(super) struct FailedForNow(pub(super) String);

/// A processor that is prepared or being prepared. Chunks that arrive at the same time share it.
#[derive(Debug)]
struct Entry {
    bound: Arc<OnceCell<Bound>>,
    bytes: usize,
    last_used: u64,
}

/// The prepared job.
#[derive(Default)]
pub(super) struct PreparedJobs {
    cache: Mutex<Cache>,
    /// Awaited while a job's processor is prepared, so that a simulation's worker can die there.
    pub(super) meanwhile: Option<Meanwhile>,
}

/// Awaited while the processor of this job is prepared.
pub(super) type Meanwhile = Arc<dyn Fn(JobId) -> BoxFuture<'static, ()> + Send + Sync>;

impl std::fmt::Debug for PreparedJobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PreparedJobs").field("cache", &self.cache).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Cache {
    entries: HashMap<Key, Entry>,
    uses: u64,
}

impl Cache {
    /// The job's entry, marked as used now. The least recently used ones make room for it.
    fn entry(&mut self, key: Key, bytes: usize) -> Arc<OnceCell<Bound>> {
        self.uses += 1;
        if !self.entries.contains_key(&key) {
            while !self.entries.is_empty() && (self.entries.len() >= JOBS_MAX || self.bytes() + bytes > BYTES_MAX) {
                let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| *key);
                oldest.and_then(|key| self.entries.remove(&key));
            }
        }
        let last_used = self.uses;
        let entry = self.entries.entry(key).or_insert_with(|| Entry { bound: Arc::default(), bytes, last_used });
        entry.last_used = last_used;
        Arc::clone(&entry.bound)
    }

    fn bytes(&self) -> usize {
        self.entries.values().map(|entry| entry.bytes).sum()
    }
}

/// What is prepared: a processor and the params of a job.
pub(super) struct Unbound<'a> {
    processor: &'a Arc<dyn ItemProcessor>,
    params: Arc<RawValue>,
}

impl<'a> Unbound<'a> {
    /// Reads the params of the job. If this worker has no such processor, another one may have it.
    pub(super) async fn read(app: &App, processors: &'a Processors, job: &Job) -> Result<Result<Self, FailedForNow>, JobError> {
        let Some(processor) = processors.get(&job.processor) else {
            return Ok(Err(FailedForNow(format!("this worker has no processor named {:?}", job.processor))));
        };
        Ok(Ok(Self { processor, params: app.ledger.params(job.id).await?.ok_or(JobError::NotFound)? }))
    }
}

impl PreparedJobs {
    /// The job's processor, if it was prepared before.
    pub(super) fn known(&self, job: &Job) -> Option<Bound> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.uses += 1;
        let last_used = cache.uses;
        let entry = cache.entries.get_mut(&(job.id, job.round))?;
        entry.last_used = last_used;
        entry.bound.get().cloned()
    }

    /// Prepares the job's processor with the job's params.
    pub(super) async fn get(&self, threads: &CallThreads, unbound: Unbound<'_>, job: &Job) -> Result<Bound, FailedForNow> {
        let Unbound { processor, params } = unbound;
        let bound = self.cache.lock().unwrap_or_else(PoisonError::into_inner).entry((job.id, job.round), params.get().len());
        let prepared = async {
            if let Some(meanwhile) = &self.meanwhile {
                meanwhile(job.id).await;
            }
            prepare(threads, processor, job.user_id.clone(), params).await
        };
        bound.get_or_try_init(|| prepared).await.cloned()
    }

    /// The job has ended: drops what is prepared for it.
    pub(super) fn forget(&self, id: JobId) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).entries.retain(|(job, _), _| *job != id);
    }
}

async fn prepare(
    threads: &CallThreads,
    unbound: &Arc<dyn ItemProcessor>,
    user: UserId,
    params: Arc<RawValue>,
) -> Result<Bound, FailedForNow> {
    let (own, own_params) = (Arc::clone(unbound), Arc::clone(&params));
    let with_options = move || {
        let processor = own.prepare_for(&user, &own_params)?.unwrap_or(own);
        let options = processor.options();
        Ok((processor, options))
    };
    let (processor, options) = match threads.compute(with_options, PREPARE_MAX).await {
        Went::Done(Ok(bound)) => bound,
        Went::Done(Err(
            ItemError::Retryable { message, .. }
            | ItemError::NoResult { message, .. }
            | ItemError::Throttled { message, .. }
            | ItemError::Unreachable { message, .. },
        )) => {
            return Err(FailedForNow(message));
        }
        Went::Done(Err(ItemError::Permanent { message, .. })) => return Ok(Err(message)),
        Went::Overran => return Ok(Err(format!("preparing the processor took longer than {} s", PREPARE_MAX.as_secs()))),
        Went::Panicked(panic) => return Ok(Err(format!("preparing the processor panicked: {}", panic_text(panic.as_ref())))),
    };
    // Those of the worker's own processors were checked when it started, but this one was made for the job.
    if let Err(wrong) = options.check() {
        return Ok(Err(format!("the prepared processor has options that cannot be used: {wrong}")));
    }
    let places = Arc::new(Semaphore::new(options.concurrency));
    Ok(Ok(Prepared { processor, options: Arc::new(options), params, places, pace: Arc::default(), breaker: Arc::default() }))
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

    /// Bug found: some dozens of jobs with large params used all memory, or one emptied the whole cache.
    #[test]
    fn the_least_recently_used_makes_room_by_count_and_by_bytes() {
        let key = |n: u128| (JobId(uuid::Uuid::from_u128(n)), 0);
        for (jobs, bytes, kept) in [(1_000, 100, JOBS_MAX), (100, 100_000, 10), (2, 2 * BYTES_MAX, 1)] {
            let mut cache = Cache::default();
            for n in 1..=jobs {
                cache.entry(key(n), bytes);
                cache.entry(key(1), bytes);
            }
            assert_eq!(cache.entries.len(), kept, "{jobs} jobs of {bytes} bytes");
            assert!(cache.entries.contains_key(&key(1)), "it was used all the time");
            assert!(kept == 1 || cache.entries.contains_key(&key(jobs)), "it is the newest");
        }
    }
}
