//! How long to wait before a call is repeated: exponential backoff with jitter, or longer if the server asks for it.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

use super::error::ClientError;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// For how long in all a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// While the server cannot be reached.
    pub unreached: Duration,
    /// While the server answers with errors.
    pub refused: Duration,
}

impl Patience {
    /// For one call whose answer a person waits for.
    pub const SHORT: Patience = Patience { unreached: Duration::from_secs(1), refused: Duration::from_secs(10) };
    /// For the first of many calls: a wrong address shows at once, but a busy server is given time.
    pub const FIRST_CALL: Patience = Patience { unreached: Duration::from_secs(1), refused: Duration::from_secs(300) };
    /// For calls that run unattended for a long time.
    pub const LONG: Patience = Patience { unreached: Duration::from_secs(300), refused: Duration::from_secs(300) };

    /// The patience of a call, once the server has answered another one: then its address is right, and the first call of many is
    /// given as much time as the others.
    #[must_use]
    pub fn once_answered(self, answered: bool) -> Patience {
        if answered && self == Patience::FIRST_CALL { Patience::LONG } else { self }
    }
}

/// The waits between the repetitions of one call.
#[derive(Debug)]
pub struct Waits {
    patience: Patience,
    usual: ExponentialBackoff,
    /// When the first attempt failed, so that the time of a long upload does not count.
    failing_since: Option<Instant>,
    attempts: u32,
}

impl Waits {
    /// For a call that has not been made yet.
    #[must_use]
    pub fn new(patience: Patience) -> Waits {
        let usual = ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(LONGEST).with_jitter().without_max_times();
        Waits { patience, usual: usual.build(), failing_since: None, attempts: 0 }
    }

    /// How long to wait after this error; `None` if repeating is useless or the time is over. `Retry-After` can only
    /// lengthen the usual wait: a server that says 0 must not be called in a busy loop.
    pub fn after(&mut self, error: &ClientError) -> Option<Duration> {
        self.attempts += 1;
        let (limit, asked) = match error {
            ClientError::Unreachable { .. } => (self.patience.unreached, None),
            ClientError::Refused(refusal) if may_pass(refusal.status) => (self.patience.refused, refusal.retry_after),
            _ => return None,
        };
        let pause = self.usual.next().unwrap_or(LONGEST).max(asked.unwrap_or_default());
        let failing = self.failing_since.get_or_insert_with(Instant::now).elapsed();
        (failing + pause <= limit).then_some(pause)
    }

    /// For how long the call fails by the end of this pause.
    #[must_use]
    pub fn failing_by(&self, pause: Duration) -> Duration {
        self.failing_since.map_or(pause, |since| since.elapsed() + pause)
    }

    /// How often the call has been made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || (500..600).contains(&status) && !matches!(status, 501 | 505)
}

#[cfg(test)]
mod tests {
    use super::super::error::Refusal;
    use super::*;

    fn refused(status: u16, retry_after: Option<u64>) -> ClientError {
        ClientError::Refused(Box::new(Refusal {
            status,
            problem: None,
            request_id: None,
            retry_after: retry_after.map(Duration::from_secs),
            attempts: 1,
            path: "/".into(),
        }))
    }

    #[test]
    fn the_servers_wait_is_respected_within_the_limit() {
        let mut waits = Waits::new(Patience::SHORT);
        assert_eq!(waits.after(&refused(429, Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(waits.after(&refused(503, Some(60))), None, "longer than a status call may take");
        assert_eq!(Waits::new(Patience::LONG).after(&refused(503, Some(60))), Some(Duration::from_secs(60)));
    }

    /// Bug found: after a whole file had been sent, the first look at the job was given up after a second.
    #[test]
    fn the_first_call_of_many_has_more_time_once_the_server_has_answered() {
        assert_eq!(Patience::FIRST_CALL.once_answered(true), Patience::LONG);
        assert_eq!(Patience::FIRST_CALL.once_answered(false), Patience::FIRST_CALL);
        assert_eq!(Patience::SHORT.once_answered(true), Patience::SHORT);
    }

    #[test]
    fn permanent_errors_are_not_repeated() {
        for status in [400, 401, 403, 404, 409, 413, 422, 501] {
            assert_eq!(Waits::new(Patience::LONG).after(&refused(status, None)), None, "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(Waits::new(Patience::LONG).after(&refused(status, None)).is_some(), "{status}");
        }
    }

    #[test]
    fn a_server_that_asks_for_no_wait_gets_the_usual_one() {
        let mut waits = Waits::new(Patience { unreached: Duration::ZERO, refused: Duration::from_secs(1_000_000) });
        let pauses: Vec<Duration> = (0..40).map_while(|_| waits.after(&refused(503, Some(0)))).collect();
        let bound = |n: u32| FIRST.saturating_mul(2_u32.saturating_pow(n)).min(LONGEST);
        for (n, pause) in (0..).zip(&pauses) {
            assert!((bound(n)..=2 * bound(n)).contains(pause), "wait {n}: {pause:?}");
        }
        assert_eq!(pauses.len(), 40);
    }

    #[test]
    fn no_call_is_repeated_for_longer_than_five_minutes() {
        for patience in [Patience::SHORT, Patience::FIRST_CALL, Patience::LONG] {
            assert!(patience.refused <= Duration::from_secs(300) && patience.unreached <= Duration::from_secs(300));
            assert_eq!(Waits::new(patience).after(&refused(503, Some(301))), None);
        }
    }
}
