//! Time and fresh ids come through a port, so that a simulation can control both.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

/// The source of times of day and fresh ids. Durations are measured with [`crate::time`], which tests can pause.
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

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// A clock that moves only when a test moves it. It begins in 1970.
    #[derive(Debug, Default)]
    pub(crate) struct HeldClock {
        time: Mutex<DateTime<Utc>>,
        /// What it gives as every fresh id; random ones unless set.
        id: Option<Uuid>,
    }

    impl HeldClock {
        pub(crate) fn with_id(id: Uuid) -> Self {
            Self { id: Some(id), ..Self::default() }
        }

        pub(crate) fn pass(&self, time: Duration) {
            *self.time.lock().unwrap() += time;
        }
    }

    impl Clock for HeldClock {
        fn now(&self) -> DateTime<Utc> {
            *self.time.lock().unwrap()
        }

        fn fresh_id(&self) -> Uuid {
            self.id.unwrap_or_else(Uuid::new_v4)
        }
    }

    /// An id that could be guessed could be used by a stranger: 122 bits of each are random, and none come from a clock
    /// or a counter.
    #[test]
    fn ids_cannot_be_guessed() {
        let ids: BTreeSet<Uuid> = (0..10_000).map(|_| SystemClock.fresh_id()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.get_version() == Some(uuid::Version::Random)));
        let ones = ids.iter().fold([0u32; 128], |mut ones, id| {
            ones.iter_mut().enumerate().for_each(|(bit, count)| *count += (id.as_u128() >> bit) as u32 & 1);
            ones
        });
        let random = ones.iter().filter(|count| (4_500..5_500).contains(*count)).count();
        assert_eq!(random, 122);
    }
}
