//! The processors that jobs can use: those that the host names, and those that workers have announced.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headway_processor::ProcessorInfo;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::cupboard::{Cupboard, KEPT_BYTES_MAX, KeptKey, KeptRow};
use crate::error::JobError;

/// For how long the announced processors are used before they are read again.
const READ_EVERY: TimeDelta = TimeDelta::seconds(30);
/// For an unknown name they are read again after a shorter time: the worker may just have started.
const READ_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(1);

/// What an error about the announced processors names.
const WHAT: &str = "a worker's processors";

/// The processors that jobs can use. Clones share what was read.
#[derive(Debug, Clone, Default)]
pub struct KnownProcessors {
    named: Arc<[Arc<ProcessorInfo>]>,
    announced: Option<Arc<Announced>>,
}

/// The processors that workers have announced, and when they were read.
#[derive(Debug)]
struct Announced {
    cupboard: Arc<dyn Cupboard>,
    clock: Arc<dyn Clock>,
    read: Mutex<Option<LastRead>>,
}

#[derive(Debug)]
struct LastRead {
    at: DateTime<Utc>,
    all: Arc<[Arc<ProcessorInfo>]>,
    /// True if no worker has announced anything yet.
    is_without_worker: bool,
}

impl LastRead {
    /// How long it is used by those who accept one of this age. The first worker is about to start, so one without any is soon out of date.
    fn age_max(&self, age_max: TimeDelta) -> TimeDelta {
        if self.is_without_worker { age_max.min(READ_AGAIN_AFTER) } else { age_max }
    }
}

impl KnownProcessors {
    /// Only these.
    pub fn named(named: Vec<ProcessorInfo>) -> Self {
        Self { named: named.into_iter().map(Arc::new).collect(), announced: None }
    }

    /// These, and those that workers announce. If both have a name, the worker's counts.
    pub fn named_and_announced(named: Vec<ProcessorInfo>, cupboard: Arc<dyn Cupboard>, clock: Arc<dyn Clock>) -> Self {
        Self { announced: Some(Arc::new(Announced { cupboard, clock, read: Mutex::default() })), ..Self::named(named) }
    }

    /// All processors, by name. Those announced by workers may be 30 s old, 1 s if there are none.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn all(&self) -> Result<Arc<[Arc<ProcessorInfo>]>, JobError> {
        self.read(READ_EVERY).await
    }

    /// The processor with this name.
    ///
    /// # Errors
    ///
    /// [`JobError::UnknownProcessor`] with the existing names, or the error of reading.
    pub async fn find(&self, name: &str) -> Result<Arc<ProcessorInfo>, JobError> {
        let of_name = |all: &[Arc<ProcessorInfo>]| all.iter().find(|info| info.name == name).cloned();
        if let Some(info) = of_name(&self.all().await?) {
            return Ok(info);
        }
        let all = self.read(READ_AGAIN_AFTER).await?;
        of_name(&all).ok_or_else(|| JobError::UnknownProcessor { known: all.iter().map(|info| info.name.clone()).collect() })
    }

    async fn read(&self, age_max: TimeDelta) -> Result<Arc<[Arc<ProcessorInfo>]>, JobError> {
        let Some(announced_by) = &self.announced else { return Ok(Arc::clone(&self.named)) };
        let mut read = announced_by.read.lock().await;
        let now = announced_by.clock.now();
        if let Some(reading) = &*read
            && now - reading.at < reading.age_max(age_max)
        {
            return Ok(Arc::clone(&reading.all));
        }
        let own = announced(announced_by.cupboard.as_ref()).await?;
        let is_without_worker = own.is_empty();
        let by_name: BTreeMap<_, _> =
            self.named.iter().cloned().chain(own.into_iter().map(Arc::new)).map(|info| (info.name.clone(), info)).collect();
        let all: Arc<[Arc<ProcessorInfo>]> = by_name.into_values().collect();
        *read = Some(LastRead { at: now, all: Arc::clone(&all), is_without_worker });
        Ok(all)
    }
}

/// The processors that a worker announced last; none if no worker has started yet.
///
/// # Errors
///
/// The store is not available, or the row cannot be read.
pub async fn announced(cupboard: &dyn Cupboard) -> Result<Vec<ProcessorInfo>, JobError> {
    let Some(row) = cupboard.kept(&announced_key()).await? else { return Ok(Vec::new()) };
    let kept: Vec<(ProcessorInfo, bool)> = serde_json::from_str(&row.text).map_err(|e| JobError::corrupt(WHAT, e))?;
    Ok(kept.into_iter().map(|(info, chunk_size_asked)| ProcessorInfo { chunk_size_asked, ..info }).collect())
}

/// Keeps the processors that a worker announces, in place of those announced before. As JSON: whether a processor asks
/// for its chunk size is not among what callers see, and is kept beside it.
///
/// # Errors
///
/// [`JobError::Corrupt`] if they are too large, and [`JobError::Unavailable`].
pub async fn put_announced(cupboard: &dyn Cupboard, processors: &[ProcessorInfo]) -> Result<(), JobError> {
    let text = kept_text(processors).map_err(|e| JobError::corrupt(WHAT, e))?;
    check_size(&text).map_err(|e| JobError::corrupt(WHAT, e))?;
    cupboard.put_kept(&announced_key(), &KeptRow::unversioned(text)).await.map(drop)
}

/// A worker's processors do not fit into the row that keeps them.
#[derive(Debug, thiserror::Error)]
#[error("the descriptions of the processors take {0} bytes, and at most {KEPT_BYTES_MAX} can be kept: shorten their params_schema")]
pub struct TooLarge(usize);

/// Checks that these can be kept.
///
/// # Errors
///
/// [`TooLarge`].
pub fn can_be_kept(processors: &[ProcessorInfo]) -> Result<(), TooLarge> {
    kept_text(processors).map_or(Ok(()), |text| check_size(&text))
}

fn check_size(text: &str) -> Result<(), TooLarge> {
    if text.len() > KEPT_BYTES_MAX { Err(TooLarge(text.len())) } else { Ok(()) }
}

fn kept_text(processors: &[ProcessorInfo]) -> serde_json::Result<String> {
    serde_json::to_string(&processors.iter().map(|info| (info, info.chunk_size_asked)).collect::<Vec<_>>())
}

fn announced_key() -> KeptKey {
    KeptKey::lasting("WORKER", "PROCESSORS")
}

#[cfg(test)]
mod tests {
    use headway_processor::Options;

    use super::*;
    use crate::clock::tests::HeldClock;
    use crate::ledger::memory::MemoryLedger;

    fn info(name: &str, description: &str) -> ProcessorInfo {
        ProcessorInfo::new(name, &Options { description: description.to_owned(), ..Options::default() })
    }

    /// A worker that has just started is known at once, and its description of a processor counts more than the host's.
    #[tokio::test]
    async fn what_a_worker_announces_is_known() {
        let store = Arc::new(MemoryLedger::default());
        let clock = Arc::new(HeldClock::default());
        let known = KnownProcessors::named_and_announced(vec![info("http", "the host's")], store.clone(), clock.clone());
        let unknown = known.find("mine").await;
        assert!(matches!(&unknown, Err(JobError::UnknownProcessor { known }) if known == &["http"]), "{unknown:?}");

        put_announced(store.as_ref(), &[info("http", "the worker's"), info("mine", "")]).await.unwrap();
        assert!(known.find("mine").await.is_err(), "an unknown name does not cause a read at every request");
        clock.pass(READ_AGAIN_AFTER.to_std().unwrap());
        assert_eq!(*known.find("mine").await.unwrap(), info("mine", ""));
        let descriptions: Vec<_> = known.all().await.unwrap().iter().map(|info| info.description.clone()).collect();
        assert_eq!(descriptions, ["the worker's", ""]);

        put_announced(store.as_ref(), &[]).await.unwrap();
        assert_eq!(known.all().await.unwrap().len(), 2, "it is read again only later");
        clock.pass(READ_EVERY.to_std().unwrap());
        assert_eq!(*known.all().await.unwrap(), [Arc::new(info("http", "the host's"))]);
    }

    /// Bug found: a list that was read before the first worker was ready was used for 30 s, so that its processors were unknown
    /// long after it had started.
    #[tokio::test]
    async fn the_first_worker_is_known_within_a_second() {
        let (store, clock) = (Arc::new(MemoryLedger::default()), Arc::new(HeldClock::default()));
        let known = KnownProcessors::named_and_announced(vec![info("http", "")], store.clone(), clock.clone());
        assert_eq!(known.all().await.unwrap().len(), 1);
        put_announced(store.as_ref(), &[info("mine", "")]).await.unwrap();
        assert_eq!(known.all().await.unwrap().len(), 1, "not every request reads");
        clock.pass(READ_AGAIN_AFTER.to_std().unwrap());
        assert_eq!(known.all().await.unwrap().len(), 2);
    }
}
