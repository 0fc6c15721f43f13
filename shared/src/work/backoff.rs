//! How long an item waits before it is tried again.

use std::time::Duration;

use super::worker::Worker;
use crate::limits::QUEUE_DELAY_MAX;

/// The first delayed try's longest wait; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);

impl Worker {
    /// The wait of an item that was tried so often: what it asked for at least, else exponential backoff with full jitter
    /// (anything up to twice the wait before).
    pub(super) fn retry_delay(&self, attempts: u32, asked: Option<Duration>) -> Duration {
        let most = BACKOFF_FIRST.saturating_mul(1 << attempts.min(10)).min(QUEUE_DELAY_MAX);
        most.mul_f64(self.fraction()).max(asked.unwrap_or_default()).min(QUEUE_DELAY_MAX)
    }
}
