//! How long an item waits before it is tried again.

use std::time::Duration;

use super::worker::Worker;
use crate::limits::QUEUE_DELAY_MAX;

/// The longest wait before the first delayed attempt. Each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// The longest wait that an item may ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * 3_600);
/// The first wait for a downstream that does not say how long. Each further wait is as long as all before it together, but while the
/// downstream answers other items at most a multiple of how long it has answered none.
const DOWNSTREAM_FIRST: Duration = Duration::from_secs(2);
/// The shortest such wait.
const DOWNSTREAM_LEAST: Duration = Duration::from_secs(1);
/// The longest such wait: this long after a downstream is back, all of its items have been tried again.
const DOWNSTREAM_MAX: Duration = Duration::from_secs(300);

/// A wait: a random time between `least` and `most`, drawn once for all items of a message, so that messages do not all
/// come back at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wait {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl Wait {
    /// After this many attempts: the wait that the item asked for, otherwise exponential backoff with full jitter.
    pub(super) fn to_retry(attempts: u32, asked: Option<Duration>) -> Self {
        let most = BACKOFF_FIRST.saturating_mul(1 << attempts.min(10)).min(QUEUE_DELAY_MAX);
        asked.filter(|asked| !asked.is_zero()).map_or(Self { least: Duration::ZERO, most }, Self::asked)
    }

    /// For a downstream that accepts no items, when the item has waited for `waited` already: the wait that the
    /// downstream asked for, otherwise one that grows up to `growth_max`, but no longer than the patience that is left: at its end the item is tried
    /// a last time. `None` if none is left. A wait is never zero, so each one brings the end of the patience nearer.
    pub(super) fn for_downstream(waited: Duration, growth_max: Duration, asked: Option<Duration>, patience: Duration) -> Option<Self> {
        let left = patience.checked_sub(waited).filter(|left| !left.is_zero())?;
        let growing = || {
            let most = waited.min(growth_max).clamp(DOWNSTREAM_FIRST, DOWNSTREAM_MAX);
            Self { least: most / 2, most }
        };
        let wait = asked.filter(|asked| !asked.is_zero()).map_or_else(growing, Self::asked);
        Some(Self { least: wait.least.min(left), most: wait.most.min(left) }.at_least(DOWNSTREAM_LEAST))
    }

    /// Exactly this long.
    pub(super) fn exactly(wait: Duration) -> Self {
        Self { least: wait, most: wait }
    }

    /// At least this long.
    pub(super) fn at_least(self, least: Duration) -> Self {
        Self { least: self.least.max(least), most: self.most.max(least) }
    }

    /// What is left of it after this time.
    pub(super) fn after(self, time: Duration) -> Self {
        Self { least: self.least.saturating_sub(time), most: self.most.saturating_sub(time) }
    }

    /// The wait that was asked for, and a little more.
    fn asked(asked: Duration) -> Self {
        let least = asked.min(ASKED_MAX);
        Self { least, most: least + least / 8 + Duration::from_secs(1) }
    }
}

impl Worker {
    /// How long a message waits whose items have these waits: as long as the longest of them.
    pub(super) fn draw(&self, waits: impl Iterator<Item = Wait>) -> Duration {
        let wait = waits.reduce(|a, b| Wait { least: a.least.max(b.least), most: a.most.max(b.most) }).unwrap_or_default();
        match wait.most.saturating_sub(wait.least) {
            Duration::ZERO => wait.least,
            between => wait.least + between.mul_f64(self.fraction()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3_600);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn waits_for_a_downstream_grow_and_come_to_an_end() {
        let (mut waited, mut waits) = (Duration::ZERO, 0);
        while waited < DAY {
            let wait = Wait::for_downstream(waited, DAY, None, DAY).unwrap();
            assert!(wait.least >= Duration::from_secs(1) && wait.most <= DOWNSTREAM_MAX);
            waited += wait.least;
            waits += 1;
            if waited.as_secs() < 3_600 {
                assert!(waits < 40, "few tries within an hour");
            }
        }
        assert!(waits < 700, "{waits}");
    }

    /// Bug found: an item that had waited for a second and was then asked to wait for a day failed at once.
    #[test]
    fn a_wait_ends_with_the_patience() {
        let second = Duration::from_secs(1);
        for (waited, asked, least) in [
            (Duration::ZERO, Some(DAY), Some(DAY)),
            (Duration::ZERO, Some(Duration::MAX), Some(DAY)),
            (second, Some(DAY), Some(DAY - second)),
            (DAY / 2, Some(DAY), Some(DAY / 2)),
            (DAY / 2, Some(DAY / 2), Some(DAY / 2)),
            (DAY - second, Some(DAY), Some(second)),
            (DAY - MS, Some(DAY), Some(second)),
            (DAY - second, Some(MS), Some(second)),
            (DAY, Some(DAY), None),
            (DAY, Some(MS), None),
            (DAY + second, Some(second), None),
            (DAY, None, None),
        ] {
            let wait = Wait::for_downstream(waited, DAY, asked, DAY);
            assert_eq!(wait.map(|wait| wait.least), least, "{asked:?} after {waited:?}");
            let left = DAY.saturating_sub(waited).max(second);
            assert!(wait.is_none_or(|wait| wait.least <= wait.most && wait.most <= left), "{asked:?} after {waited:?}: {wait:?}");
        }
    }

    #[test]
    fn a_requested_wait_is_always_kept() {
        for asked in [MS, Duration::from_secs(1), Duration::from_secs(30), Duration::from_secs(4 * 3_600)] {
            for wait in [Wait::to_retry(1, Some(asked)), Wait::for_downstream(Duration::ZERO, DAY, Some(asked), DAY).unwrap()] {
                assert!(wait.least >= asked && wait.most <= asked + asked / 8 + Duration::from_secs(1), "{asked:?}: {wait:?}");
            }
        }
        assert_eq!(Wait::to_retry(1, Some(Duration::MAX)).least, DAY);
    }
}
