//! What the embedded parts are told when they are opened.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::queue::Fairness;

/// How long a worker function may take here: what the template gives it unless told otherwise.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);
/// How often the cleanup function runs here.
pub const CLEANUP_EVERY: Duration = Duration::from_secs(300);

/// Milliseconds since the epoch. The queue asks it for every visibility timeout and delay; in a test, tie it to the
/// same virtual time as the runtime's timers.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock as it stood when asked for, and the time gone by since: it never goes backwards.
pub fn system_clock() -> Clock {
    let epoch_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis());
    let (epoch_ms, since) = (epoch_ms.unwrap_or(u64::MAX / 2), Instant::now());
    Arc::new(move || epoch_ms + u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX / 2))
}

/// How to open the embedded parts.
#[derive(Clone)]
pub struct Config {
    /// The directory that holds everything; none: in memory, on the caller's thread and without any other.
    pub data: Option<PathBuf>,
    /// The queue's name. Its dead letters go to `<name>-dead-letters`.
    pub queue_name: String,
    /// How long a received message stays out of sight, 0 s to 12 h. As with AWS: well above what a batch takes.
    pub visibility_timeout: Duration,
    /// How often a message is received before it goes to the dead letters, 1 to 1,000.
    pub max_receive_count: u32,
    /// How the queue shares its receivers among message groups.
    pub fairness: Fairness,
    /// For tests: keeps every message twice, so that each is delivered at least twice.
    pub duplicate_every_message: bool,
    /// The queue's time.
    pub clock: Clock,
}

impl Config {
    /// In memory: gone with the process.
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

    /// In this directory, made if there is none.
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
