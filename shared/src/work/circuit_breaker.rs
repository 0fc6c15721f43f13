//! A circuit breaker for each job's downstream. After several items of the job in a row were told to wait, it is open: no
//! item begins for a while. Then one item at a time is called as a probe, and the first one that is answered closes the
//! breaker, so that all items may begin again.
//!
//! One item's wait says nothing about others, so a single wait does not open it. Each process has breakers of its own: another
//! process finds out by itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::waits_for::WaitsFor;
use crate::time::Instant;

/// It opens after this many items in a row were told to wait.
const OPENS_AFTER: u32 = 4;
/// The first pause. Each probe that fails doubles it.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// The longest pause, even if the downstream asks for a longer one, which may be meant for a single item.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Whether a job's items may begin, as far as their downstream is concerned.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many items were told to wait since one was last answered.
    in_a_row: u32,
    pause: Duration,
    /// Until when it is open, if it is.
    until: Option<Instant>,
    /// True if a probe was let through and has not been answered yet.
    probing: bool,
    /// What an item was last told to wait for.
    waits_for: Option<WaitsFor>,
    /// When an item was last answered.
    answered: Option<Instant>,
}

/// Why an item may not begin.
#[derive(Debug)]
pub(super) struct Refusal {
    /// How long the breaker stays open.
    pub(super) left: Duration,
    /// What the job shows meanwhile.
    pub(super) waits_for: Option<WaitsFor>,
}

impl CircuitBreaker {
    /// Why the next item may not begin, if so. After each pause one item may.
    pub(super) fn refuses(&self) -> Option<Refusal> {
        let mut state = self.state();
        let now = Instant::now();
        let pause = state.pause.max(PAUSE_FIRST);
        let until = state.until?;
        if now < until {
            return Some(Refusal { left: until - now, waits_for: state.waits_for.clone() });
        }
        // The others wait for this item's answer, or for another pause if it never ends.
        state.until = Some(now + pause);
        state.probing = true;
        None
    }

    /// An item was told to wait, for this long if it was told how long.
    pub(super) fn was_refused(&self, asked: Option<Duration>) {
        let mut state = self.state();
        state.in_a_row += 1;
        if state.in_a_row < OPENS_AFTER {
            return;
        }
        // Items that began before it opened do not make the pause longer.
        state.pause = match (state.until, state.probing) {
            (None, _) => PAUSE_FIRST,
            (Some(_), true) => (state.pause * 2).min(PAUSE_MAX),
            (Some(_), false) => state.pause,
        };
        state.probing = false;
        let pause = state.pause.max(asked.unwrap_or_default().min(PAUSE_MAX));
        state.until = state.until.max(Some(Instant::now() + pause));
    }

    /// What an item was told to wait for.
    pub(super) fn note(&self, waits_for: &WaitsFor) {
        self.state().waits_for = Some(waits_for.clone());
    }

    /// An item was answered.
    pub(super) fn was_answered(&self) {
        *self.state() = State { answered: Some(Instant::now()), ..State::default() };
    }

    /// For how long no item has been answered; without end if none ever was.
    pub(super) fn silence(&self) -> Duration {
        self.state().answered.map_or(Duration::MAX, |answered| answered.elapsed())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: one item's wait delayed the others, or an endpoint that is down was called by every item.
    #[tokio::test(start_paused = true)]
    async fn several_in_a_row_open_it_and_one_answer_closes_it() {
        let breaker = CircuitBreaker::default();
        let refused = || breaker.was_refused(None);
        for _ in 1..OPENS_AFTER {
            refused();
            assert!(breaker.refuses().is_none());
        }
        let mut probes = 0;
        refused();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3_600) {
            if breaker.refuses().is_none() {
                assert!(breaker.refuses().is_some(), "one probe at a time");
                refused();
                probes += 1;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((60..70).contains(&probes), "{probes} probes within an hour");
        breaker.was_answered();
        assert!(breaker.refuses().is_none() && breaker.refuses().is_none());
    }
}
