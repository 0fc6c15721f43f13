//! Time and fresh ids are passed in, so that a simulation can hold both.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

/// Where times of day and fresh ids come from. Spans are measured with `tokio::time`, which tests can pause.
pub trait Clock: Send + Sync + Debug {
    /// The time of day, in whole milliseconds, as rows keep it.
    fn now(&self) -> DateTime<Utc>;
    /// A fresh UUID v4, with 122 random bits.
    fn fresh_id(&self) -> Uuid;
}

/// The machine's clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}
