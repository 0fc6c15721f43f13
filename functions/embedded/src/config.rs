//! The settings with which the embedded table and queue are opened.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::queue::Fairness;

/// The time limit of a worker function: the template's default.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);
/// How often the cleanup function runs here.
pub const CLEANUP_EVERY: Duration = Duration::from_secs(300);

/// Milliseconds since the epoch. The queue asks it for every visibility timeout and delay; in a test, tie it to the
/// same virtual time as the runtime's timers.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock, read once, plus the time elapsed since then: it never goes backwards.
pub fn system_clock() -> Clock {
    let epoch_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis());
    let (epoch_ms, since) = (epoch_ms.unwrap_or(u64::MAX / 2), Instant::now());
    Arc::new(move || epoch_ms + u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX / 2))
}

/// How to open the embedded table and queue.
#[derive(Clone)]
pub struct Config {
    /// The directory that holds everything. `None`: in memory, without any thread of its own.
    pub data: Option<PathBuf>,
    /// The queue's name. Its dead-letter queue is `<name>-dead-letters`.
    pub queue_name: String,
    /// How long a received message is invisible, 0 s to 12 h. As with AWS: choose it well above the time that a batch
    /// takes.
    pub visibility_timeout: Duration,
    /// How often a message may be received before it goes to the dead-letter queue, 1 to 1,000.
    pub max_receive_count: u32,
    /// How the queue shares its receivers among message groups.
    pub fairness: Fairness,
    /// For tests: stores every message twice, so that each is delivered at least twice.
    pub duplicate_every_message: bool,
    /// The clock of the queue.
    pub clock: Clock,
}

impl Config {
    /// In memory: gone when the process ends.
    pub fn memory() -> Self {
        Self {
            data: None,
            queue_name: "headway".to_owned(),
            visibility_timeout: Duration::from_secs(30),
            max_receive_count: 5,
            fairness: Fairness::default(),
            duplicate_every_message: false,
            clock: system_clock(),
        }
    }

    /// In this directory, which is made if it does not exist.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { data: Some(directory.into()), ..Self::memory() }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Config")
            .field("data", &self.data)
            .field("queue_name", &self.queue_name)
            .field("visibility_timeout", &self.visibility_timeout)
            .field("max_receive_count", &self.max_receive_count)
            .field("fairness", &self.fairness)
            .field("duplicate_every_message", &self.duplicate_every_message)
            .finish_non_exhaustive()
    }
}
