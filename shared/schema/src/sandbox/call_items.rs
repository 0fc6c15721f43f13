//! Items that are checked together for one caller, and the verdicts so far. The caller is woken once, when all have one.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::verdict::{Checked, NoVerdict};

type Verdict = Result<Checked, NoVerdict>;

/// It waits for its turn.
const WAITS: u8 = 0;
/// It is being checked itself, and not only others of its batch.
const BEGUN: u8 = 1;
const ANSWERED: u8 = 2;

/// The items of one call.
#[derive(Debug)]
pub(super) struct CallItems {
    stages: Vec<AtomicU8>,
    verdicts: Mutex<Vec<Option<Verdict>>>,
    /// How many have no verdict yet.
    left: AtomicUsize,
    over: Notify,
    has_caller: AtomicBool,
}

impl CallItems {
    pub(super) fn new(items: usize) -> Self {
        Self {
            stages: (0..items).map(|_| AtomicU8::new(WAITS)).collect(),
            verdicts: Mutex::new((0..items).map(|_| None).collect()),
            left: AtomicUsize::new(items),
            over: Notify::new(),
            has_caller: AtomicBool::new(true),
        }
    }

    /// Records an item's verdict. Only the first one counts.
    pub(super) fn answer(&self, item: usize, verdict: Verdict) {
        if self.stages[item].swap(ANSWERED, Ordering::AcqRel) != ANSWERED {
            self.record(item, verdict);
        }
    }

    /// The item is being checked.
    pub(super) fn begins(&self, item: usize) {
        self.moves(item, WAITS, BEGUN);
    }

    /// The item waits again.
    pub(super) fn goes_back(&self, item: usize) {
        self.moves(item, BEGUN, WAITS);
    }

    /// Records a verdict for every item that waits for its turn.
    pub(super) fn give_up_waiting(&self, verdict: impl Fn() -> NoVerdict) {
        for item in 0..self.stages.len() {
            if self.moves(item, WAITS, ANSWERED) {
                self.record(item, Err(verdict()));
            }
        }
    }

    /// True if somebody waits for the item's verdict.
    pub(super) fn is_wanted(&self, item: usize) -> bool {
        self.has_caller.load(Ordering::Relaxed) && self.stages[item].load(Ordering::Relaxed) != ANSWERED
    }

    /// The caller has gone.
    pub(super) fn is_dropped(&self) {
        self.has_caller.store(false, Ordering::Relaxed);
    }

    /// Returns when every item has a verdict.
    pub(super) async fn over(&self) {
        while self.left.load(Ordering::Acquire) > 0 {
            self.over.notified().await;
        }
    }

    /// The verdicts, in the order of the items.
    pub(super) fn take(&self) -> Vec<Option<Verdict>> {
        std::mem::take(&mut self.verdicts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, item: usize, verdict: Verdict) {
        if let Some(place) = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).get_mut(item) {
            *place = Some(verdict);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.over.notify_one();
        }
    }

    fn moves(&self, item: usize, from: u8, to: u8) -> bool {
        self.stages[item].compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Bug found: an item that was being checked was given up with those that waited, and was checked for nobody.
    #[tokio::test(start_paused = true)]
    async fn an_item_being_checked_is_not_given_up_and_the_first_verdict_counts() {
        let call_items = CallItems::new(3);
        let late = || NoVerdict::Unavailable("late".into());
        let fits = || Ok(Checked::Fits(serde_json::value::RawValue::NULL.to_owned()));
        [1, 2].iter().for_each(|item| call_items.begins(*item));
        call_items.goes_back(2);
        call_items.give_up_waiting(late);
        let is_over = async || tokio::time::timeout(Duration::from_secs(1), call_items.over()).await.is_ok();
        assert!(!is_over().await, "one is still being checked");
        assert_eq!([0, 1, 2].map(|item| call_items.is_wanted(item)), [false, true, false]);
        (0..3).for_each(|item| call_items.answer(item, fits()));
        assert!(is_over().await);
        let fit: Vec<_> = call_items.take().into_iter().map(|verdict| verdict.is_some_and(|verdict| verdict.is_ok())).collect();
        assert_eq!(fit, [false, true, false]);
    }
}
