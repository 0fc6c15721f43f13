//! Clocks for tests.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::Clock;
use tokio::time::Instant;
use uuid::Uuid;

/// The beginning of time in tests: 2026-11-24T08:00:00Z.
pub const BEGINNING: DateTime<Utc> = DateTime::from_timestamp(1_795_507_200, 0).expect("a time");

/// A clock that moves only when a test moves it; ids are random.
#[derive(Debug)]
pub struct HeldClock(Mutex<DateTime<Utc>>);

impl HeldClock {
    /// A clock at the tests' [`BEGINNING`].
    pub fn new() -> Arc<Self> {
        Self::at(BEGINNING)
    }

    /// A clock at this time.
    pub fn at(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now)))
    }

    /// Moves the clock forward.
    pub fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }

    /// The time in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.now().timestamp()
    }

    /// Sets the time.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }
}

impl Clock for HeldClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// A clock that follows tokio's time, which a test may pause; ids are random.
#[derive(Debug)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    /// A clock whose time begins now, at 1970.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(self.0.elapsed().as_millis() as i64)
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}
