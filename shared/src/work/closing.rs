//! A downstream that accepts no items. After several items of a job in a row were told to wait, further ones do not
//! begin for a while. One item at a time is tried as a probe, and the first one that is answered opens it again for
//! all.
//!
//! One item's wait says nothing about others, so a single wait closes nothing. This is known in one process only;
//! another process needs as many items to find out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::waits_for::WaitsFor;

/// After this many items in a row were told to wait, others are kept back.
const CLOSES_AFTER: u32 = 4;
/// The first pause. Each probe that fails doubles it.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// The longest pause, even if the downstream asks for a longer one, which may be meant for a single item.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Whether a job's items may begin, as far as their downstream is concerned.
#[derive(Debug, Default)]
pub(super) struct Closing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many items were told to wait since one was last answered.
    in_a_row: u32,
    pause: Duration,
    /// Until when it is closed, if it is.
    until: Option<Instant>,
    /// True if a probe was let through and has not returned yet.
    probing: bool,
    /// What an item was last told to wait for.
    waits_for: Option<WaitsFor>,
}

/// What is returned to an item that may not begin.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) left: Duration,
    /// What the job shows meanwhile.
    pub(super) waits_for: Option<WaitsFor>,
}

impl Closing {
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
        if state.in_a_row < CLOSES_AFTER {
            return;
        }
        // Items that began before it was closed are not counted.
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
        *self.state() = State::default();
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
    async fn several_in_a_row_close_it_and_one_answer_opens_it() {
        let closing = Closing::default();
        let refused = || closing.was_refused(None);
        for _ in 1..CLOSES_AFTER {
            refused();
            assert!(closing.refuses().is_none());
        }
        let mut probes = 0;
        refused();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3_600) {
            if closing.refuses().is_none() {
                assert!(closing.refuses().is_some(), "one probe at a time");
                refused();
                probes += 1;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((60..70).contains(&probes), "{probes} probes within an hour");
        closing.was_answered();
        assert!(closing.refuses().is_none() && closing.refuses().is_none());
    }
}
