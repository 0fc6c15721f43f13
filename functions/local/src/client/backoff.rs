//! How long to wait before a call is made again: what the server asked for, else exponential with full jitter.

use std::time::{Duration, Instant};

use super::error::ClientError;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// How long a call may be repeated, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// While the server is not reached at all.
    pub unreached: Duration,
    /// While it answers, but not well.
    pub refused: Duration,
}

impl Patience {
    /// For a person who waits for one answer.
    pub const SHORT: Patience = Patience { unreached: Duration::from_secs(1), refused: Duration::from_secs(10) };
    /// For a first call on which much will follow: a wrong address shows at once, a busy server is waited for.
    pub const FIRST_CALL: Patience = Patience { unreached: Duration::from_secs(1), refused: Duration::from_secs(300) };
    /// For what goes on by itself for a long time.
    pub const LONG: Patience = Patience { unreached: Duration::from_secs(180), refused: Duration::from_secs(300) };
}

/// The waits of one call.
#[derive(Debug)]
pub struct Waits {
    patience: Patience,
    /// When the first try failed: a long upload is no impatience.
    failing_since: Option<Instant>,
    attempts: u32,
}

impl Waits {
    /// Of a call that has not been made yet.
    #[must_use]
    pub fn new(patience: Patience) -> Waits {
        Waits { patience, failing_since: None, attempts: 0 }
    }

    /// How long to wait after this error; none if it is no use, or patience is at its end.
    pub fn after(&mut self, error: &ClientError) -> Option<Duration> {
        self.attempts += 1;
        let (limit, asked) = match error {
            ClientError::Unreachable { .. } => (self.patience.unreached, None),
            ClientError::Refused(refusal) if may_pass(refusal.status) => (self.patience.refused, refusal.retry_after),
            _ => return None,
        };
        let pause = asked.unwrap_or_else(|| jittered(self.attempts, random()));
        let failing = self.failing_since.get_or_insert_with(Instant::now).elapsed();
        (failing + pause <= limit).then_some(pause)
    }

    /// How often the call has been made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

fn may_pass(status: u16) -> bool {
    status == 429 || (500..600).contains(&status) && !matches!(status, 501 | 505)
}

/// Full jitter: anything between nothing and the exponential bound.
fn jittered(attempts: u32, random: f64) -> Duration {
    let bound = FIRST.saturating_mul(1 << attempts.clamp(1, 16)).min(LONGEST);
    bound.mul_f64(random)
}

/// From 0.0 to 1.0. Without randomness the bound itself still spreads calls in time.
fn random() -> f64 {
    getrandom::u32().map_or(1.0, |bits| f64::from(bits) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::Refusal;
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
    fn what_the_server_asks_for_is_kept_within_patience() {
        let mut waits = Waits::new(Patience::SHORT);
        assert_eq!(waits.after(&refused(429, Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(waits.after(&refused(503, Some(60))), None, "longer than anybody waits for a status");
        assert_eq!(Waits::new(Patience::LONG).after(&refused(503, Some(60))), Some(Duration::from_secs(60)));
    }

    #[test]
    fn what_will_not_pass_is_not_repeated() {
        for status in [400, 401, 403, 404, 409, 413, 422, 501] {
            assert_eq!(Waits::new(Patience::LONG).after(&refused(status, None)), None, "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert!(Waits::new(Patience::LONG).after(&refused(status, None)).is_some(), "{status}");
        }
    }

    #[test]
    fn waits_grow_to_a_bound() {
        assert_eq!(jittered(1, 1.0), Duration::from_millis(400));
        assert_eq!(jittered(3, 0.5), Duration::from_millis(800));
        assert_eq!(jittered(u32::MAX, 1.0), LONGEST);
        assert_eq!(jittered(9, 0.0), Duration::ZERO);
    }
}
