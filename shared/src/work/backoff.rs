//! How long an item waits before it is tried again.

use std::time::Duration;

use super::worker::Worker;
use crate::limits::QUEUE_DELAY_MAX;

/// The first delayed try's longest wait; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// The longest wait that an item may ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * 3_600);
/// The first wait for a downstream that does not say how long; each further one is as long as all before it.
const DOWNSTREAM_FIRST: Duration = Duration::from_secs(2);
/// The shortest.
const DOWNSTREAM_LEAST: Duration = Duration::from_secs(1);
/// The longest such wait: so long after a downstream is back, all of its items have been tried.
const DOWNSTREAM_MAX: Duration = Duration::from_secs(300);

/// A wait: any between the least and the most. Which one is drawn once for all items of a message, so that messages do not
/// come back all at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wait {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

impl Wait {
    /// After an item was tried so often: what it asked for, else exponential backoff with full jitter.
    pub(super) fn to_retry(attempts: u32, asked: Option<Duration>) -> Self {
        let most = BACKOFF_FIRST.saturating_mul(1 << attempts.min(10)).min(QUEUE_DELAY_MAX);
        asked.filter(|asked| !asked.is_zero()).map_or(Self { least: Duration::ZERO, most }, Self::asked)
    }

    /// For a downstream that takes no items, after the item has waited so long for it before: what it asks for, else a wait
    /// that grows. `None` if that passes the patience, since nothing begins earlier than it was asked to. A wait is never
    /// nothing: so each one brings the end of the patience nearer.
    pub(super) fn for_downstream(waited: Duration, asked: Option<Duration>, patience: Duration) -> Option<Self> {
        let left = patience.checked_sub(waited).filter(|left| !left.is_zero())?;
        match asked.filter(|asked| !asked.is_zero()) {
            Some(asked) => Some(Self::asked(asked)).filter(|wait| wait.least <= left).map(|wait| wait.at_least(DOWNSTREAM_LEAST)),
            None => {
                let most = waited.clamp(DOWNSTREAM_FIRST, DOWNSTREAM_MAX);
                Some(Self { least: (most / 2).min(left), most: most.min(left) }.at_least(DOWNSTREAM_LEAST))
            }
        }
    }

    /// As long as that.
    pub(super) fn exactly(wait: Duration) -> Self {
        Self { least: wait, most: wait }
    }

    /// At least as long as that.
    pub(super) fn at_least(self, least: Duration) -> Self {
        Self { least: self.least.max(least), most: self.most.max(least) }
    }

    /// What was asked for, and a little more.
    fn asked(asked: Duration) -> Self {
        let least = asked.min(ASKED_MAX);
        Self { least, most: least + least / 8 + Duration::from_secs(1) }
    }
}

impl Worker {
    /// How long a message waits whose items have these waits: as long as each of them has to.
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
            let wait = Wait::for_downstream(waited, None, DAY).unwrap();
            assert!(wait.least >= Duration::from_secs(1) && wait.most <= DOWNSTREAM_MAX);
            waited += wait.least;
            waits += 1;
            if waited.as_secs() < 3_600 {
                assert!(waits < 40, "few tries within an hour");
            }
        }
        assert!(waits < 700, "{waits}");
    }

    #[test]
    fn what_is_asked_for_is_kept_whatever_it_is() {
        for asked in [MS, Duration::from_secs(1), Duration::from_secs(30), Duration::from_secs(4 * 3_600)] {
            for wait in [Wait::to_retry(1, Some(asked)), Wait::for_downstream(Duration::ZERO, Some(asked), DAY).unwrap()] {
                assert!(wait.least >= asked && wait.most <= asked + asked / 8 + Duration::from_secs(1), "{asked:?}: {wait:?}");
            }
        }
        assert_eq!(Wait::to_retry(1, Some(Duration::MAX)).least, DAY);
        assert_eq!(Wait::for_downstream(DAY / 2, Some(DAY), DAY), None, "it would pass the patience");
        assert_eq!(Wait::for_downstream(DAY, None, DAY), None);
    }
}
