//! A moment of virtual time.

use std::cell::Cell;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// What waits longer than this waits for ever: thirty years.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

thread_local! {
    static NOW: Cell<Instant> = const { Cell::new(Instant(0)) };
}

/// A moment: nanoseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment that it is now.
    pub fn now() -> Self {
        NOW.get()
    }

    /// How long ago it was.
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// How much later it is than `earlier`; zero if it is not.
    pub fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// So much later, if there is such a moment.
    pub fn checked_add(self, time: Duration) -> Option<Self> {
        self.0.checked_add(u64::try_from(time.as_nanos()).ok()?).map(Self)
    }

    /// So much earlier, if the run had begun.
    pub fn checked_sub(self, time: Duration) -> Option<Self> {
        self.0.checked_sub(u64::try_from(time.as_nanos()).ok()?).map(Self)
    }

    /// So much later than now, or far in the future.
    pub(crate) fn after(time: Duration) -> Self {
        Self::now() + time.min(FAR)
    }

    /// The first whole millisecond that is not earlier.
    pub(crate) fn tick(self) -> u64 {
        self.0.div_ceil(1_000_000)
    }

    /// It is now this millisecond.
    pub(crate) fn comes(tick: u64) {
        NOW.set(Self(tick * 1_000_000));
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        self.checked_add(time).unwrap_or(Self(u64::MAX))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, time: Duration) {
        *self = *self + time;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        self.checked_sub(time).unwrap_or(Self(0))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}
