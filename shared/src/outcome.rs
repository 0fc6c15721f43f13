//! The outcome of a chunk: the result of each item, with failures and outputs. It is one row, merged under a version.
//! Records that would make the row too large are in extra rows, which it names.
//!
//! The first record of an item is kept. A row only gains records, except that a retry clears failures for the next
//! round. What a register shows is computed from this row alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::corrections::Corrections;
use crate::ids::ChunkId;
use crate::part::Register;
use crate::waiting::WaitingFor;

mod change;
pub mod elsewhere;
pub mod extra;
mod failure;
mod readable;
mod result;

pub use change::OutcomeChange;
use elsewhere::{Elsewhere, Holds};
pub use failure::{Failure, FailureKind};
pub use result::{ItemResult, OutputRecord, kept, raw_if_there};

/// An item that failed in an earlier round and has to run again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Again {
    /// The round in which it has to run.
    pub round: u32,
    /// The item, byte for byte.
    pub item: Box<RawValue>,
}

/// The outcome row of a chunk. Maps are keyed by the items' indexes in the job.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The chunk.
    pub id: ChunkId,
    /// One more with each write; 0 before the first.
    pub version: u64,
    /// The round for which it was last cleared or written; 1 at first.
    pub round: u32,
    /// The index of the chunk's first item.
    pub first_index: u64,
    /// The chunk's items.
    pub items: u16,
    /// The indexes of items that succeeded.
    pub processed: Vec<u64>,
    /// Items that failed.
    pub failures: BTreeMap<u64, Failure>,
    /// The outputs of items that succeeded with one.
    pub outputs: BTreeMap<u64, OutputRecord>,
    /// Items that have to run again.
    pub again: BTreeMap<u64, Again>,
    /// Records that are in extra rows. An item that is here is in none of the three maps above.
    pub elsewhere: BTreeMap<u64, Elsewhere>,
    /// The current runs: each with the time after which its worker has ended for certain. A run of less than a second
    /// is never entered here.
    pub runs: BTreeMap<Uuid, DateTime<Utc>>,
    /// Items that failed for now and wait for another attempt.
    pub retrying: BTreeSet<u64>,
    /// What they wait for, if it is known.
    pub waiting_for: Option<WaitingFor>,
}

impl Outcome {
    /// With nothing recorded yet.
    pub fn new(id: ChunkId, first_index: u64, items: u16) -> Self {
        Self {
            id,
            version: 0,
            round: 1,
            first_index,
            items,
            processed: Vec::new(),
            failures: BTreeMap::new(),
            outputs: BTreeMap::new(),
            again: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            runs: BTreeMap::new(),
            retrying: BTreeSet::new(),
            waiting_for: None,
        }
    }

    /// True if the item is recorded, processed or failed.
    pub fn has(&self, index: u64) -> bool {
        self.has_processed(index) || self.has_failed(index)
    }

    /// True if the item succeeded.
    pub fn has_processed(&self, index: u64) -> bool {
        self.processed.binary_search(&index).is_ok()
    }

    fn has_failed(&self, index: u64) -> bool {
        self.failures.contains_key(&index) || self.elsewhere.get(&index).is_some_and(|there| there.holds == Holds::Failure)
    }

    /// The items that have to run again, each with its round.
    pub fn again_rounds(&self) -> BTreeMap<u64, u32> {
        let here = self.again.iter().map(|(index, again)| (*index, again.round));
        here.chain(self.elsewhere.iter().filter_map(|(index, there)| Some((*index, there.holds.again()?)))).collect()
    }

    /// The indexes of items that failed.
    pub fn failed(&self) -> BTreeSet<u64> {
        self.failures.keys().copied().chain(self.held_elsewhere(Holds::Failure)).collect()
    }

    /// The indexes of items that succeeded with an output.
    pub fn with_output(&self) -> BTreeSet<u64> {
        self.outputs.keys().copied().chain(self.held_elsewhere(Holds::Output)).collect()
    }

    fn held_elsewhere(&self, what: Holds) -> impl Iterator<Item = u64> {
        self.elsewhere.iter().filter(move |(_, there)| there.holds == what).map(|(index, _)| *index)
    }

    /// The register that shows this row.
    pub fn register(&self) -> Register {
        let failed = self.failures.len() + self.held_elsewhere(Holds::Failure).count();
        let (processed, failed) = (self.processed.len() as u16, failed as u16);
        let full = processed + failed == self.items;
        let running = !full && !self.runs.is_empty();
        Register::Outcome { version: self.version, full, running, retrying: self.retrying.len() as u16, processed, failed }
    }

    /// Makes the change, after the results that belong to it were merged. Returns whether anything changed.
    pub fn change(&mut self, change: &OutcomeChange) -> bool {
        let runs = self.runs.len();
        self.runs.retain(|run, until| Some(*run) != change.leaves && change.gone_before.is_none_or(|before| *until >= before));
        let mut changed = self.runs.len() != runs;
        if let Some((run, until)) = change.enters {
            changed |= self.runs.insert(run, until).is_none();
        }
        let own = self.indexes();
        let waiting: Vec<u64> = change.retrying.iter().copied().filter(|index| own.contains(index) && !self.has(*index)).collect();
        for index in &waiting {
            changed |= self.retrying.insert(*index);
        }
        let held_back = change.waiting_for.as_ref().is_some_and(|waiting_for| waiting_for.held_back);
        if (held_back || !waiting.is_empty()) && change.waiting_for.is_some() && self.waiting_for != change.waiting_for {
            self.waiting_for.clone_from(&change.waiting_for);
            changed = true;
        }
        // No reader looks for runs in a full chunk, and a write only for them would leave its register behind.
        changed && !self.register().is_full()
    }

    /// Records `results` that began while the part was in `round_begun`. Returns whether anything changed. Existing
    /// records are kept. A result does not count if the item was cleared after it began.
    pub fn merge(&mut self, results: impl IntoIterator<Item = (u64, ItemResult)>, round_begun: u32) -> bool {
        let mut changed = false;
        for (index, result) in results {
            let stale = self.runs_again_in(index).is_some_and(|round| round > round_begun);
            let foreign = !self.indexes().contains(&index);
            if stale || foreign || self.has(index) {
                continue;
            }
            self.record(index, result);
            changed = true;
        }
        if changed {
            // A late clear for the round of these results must not remove them.
            self.round = self.round.max(round_begun);
        }
        changed
    }

    /// The indexes of its items.
    pub fn indexes(&self) -> Range<u64> {
        self.first_index..self.first_index + u64::from(self.items)
    }

    /// True if every item succeeded: nothing can be added to the row or cleared from it.
    fn has_only_successes(&self) -> bool {
        self.processed.len() == usize::from(self.items)
    }

    fn runs_again_in(&self, index: u64) -> Option<u32> {
        let here = self.again.get(&index).map(|again| again.round);
        here.or_else(|| self.elsewhere.get(&index).and_then(|there| there.holds.again()))
    }

    /// Makes every failure run again in `round`, with its new value if it has one. Returns whether the row changed.
    pub fn clear(&mut self, round: u32, corrections: Option<&Corrections>) -> bool {
        if self.round >= round {
            return false;
        }
        if self.has_only_successes() {
            // Such a row is never written again, so that a full register always shows its row as it is.
            return false;
        }
        // Corrections of an earlier round were used when the failures of that round were cleared.
        let corrections = corrections.filter(|corrections| corrections.round >= self.round);
        let corrected = |index: &u64| corrections.and_then(|corrections| corrections.values.get(index)).cloned();
        for (index, failure) in std::mem::take(&mut self.failures) {
            let item = corrected(&index).unwrap_or(failure.item);
            self.again.insert(index, Again { round, item });
        }
        for index in self.held_elsewhere(Holds::Failure).collect::<Vec<u64>>() {
            if let Some(item) = corrected(&index) {
                self.elsewhere.remove(&index);
                self.again.insert(index, Again { round, item });
            }
        }
        // The extra row of an item without a new value stays as it is: the failure in it has the item.
        for there in self.elsewhere.values_mut().filter(|there| there.holds == Holds::Failure) {
            there.holds = Holds::Again { round };
        }
        // They start again as if they had never been tried.
        (self.retrying, self.waiting_for) = (BTreeSet::new(), None);
        self.round = round;
        true
    }

    fn record(&mut self, index: u64, result: ItemResult) {
        self.again.remove(&index);
        self.elsewhere.remove(&index);
        self.retrying.remove(&index);
        if self.retrying.is_empty() {
            self.waiting_for = None;
        }
        match result {
            ItemResult::Failed(failure) => {
                self.failures.insert(index, failure);
            }
            ItemResult::Processed(output) => {
                if let Err(place) = self.processed.binary_search(&index) {
                    self.processed.insert(place, index);
                }
                if let Some(output) = output {
                    self.outputs.insert(index, output.within_limit());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;
    use proptest::prelude::*;

    const ID: ChunkId = ChunkId { job: JobId(uuid::Uuid::nil()), part: 0, chunk: 0 };

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn failed(message: &str) -> ItemResult {
        ItemResult::Failed(Failure::new(FailureKind::Permanent, "", message, 1, None, raw("0")))
    }

    proptest! {
        #[test]
        fn merging_in_any_order_and_often_records_each_item_once(
            deliveries in proptest::collection::vec(proptest::collection::vec((0u64..9, any::<bool>()), 0..9), 1..9),
        ) {
            let mut outcome = Outcome::new(ID, 0, 9);
            let mut first: BTreeMap<u64, bool> = BTreeMap::new();
            for delivery in deliveries {
                for (index, ok) in &delivery {
                    first.entry(*index).or_insert(*ok);
                }
                outcome.merge(delivery.into_iter().map(|(i, ok)| (i, if ok { ItemResult::Processed(None) } else { failed("no") })), 1);
            }
            prop_assert_eq!(outcome.processed.len(), first.values().filter(|ok| **ok).count());
            prop_assert_eq!(outcome.failures.len(), first.values().filter(|ok| !**ok).count());
            prop_assert_eq!(outcome.register().is_full(), first.len() == 9);
        }
    }

    #[test]
    fn a_result_begun_before_the_clear_does_not_count() {
        let mut outcome = Outcome::new(ID, 0, 1);
        outcome.merge([(0, failed("first"))], 1);
        assert!(outcome.clear(2, None) && !outcome.clear(2, None), "a delayed second clear does nothing");
        assert!(!outcome.merge([(0, failed("begun in round 1"))], 1));
        assert!(outcome.merge([(0, ItemResult::Processed(None))], 2));
        assert!(outcome.again.is_empty() && outcome.register().counts().processed == 1);
    }

    /// Bug found: a worker that had read a part too long ago wrote the row of a chunk once more in which every item had succeeded, and
    /// died. Nobody shows a row again whose register is full.
    #[test]
    fn a_row_whose_items_all_succeeded_is_never_written_again() {
        let mut outcome = Outcome::new(ID, 0, 2);
        outcome.merge([(0, ItemResult::Processed(None)), (1, failed("no"))], 1);
        assert!(outcome.clear(2, None), "one of them runs again");
        outcome.merge([(1, ItemResult::Processed(None))], 2);
        let written = format!("{outcome:?}");
        assert!(!outcome.clear(3, None) && !outcome.merge([(0, failed("late"))], 3));
        let enters = OutcomeChange { enters: Some((Uuid::nil(), DateTime::UNIX_EPOCH)), retrying: [0].into(), ..OutcomeChange::default() };
        assert!(!outcome.change(&enters));
        outcome.runs.clear();
        assert_eq!(format!("{outcome:?}"), written);
    }

    /// Bug found: a dead worker kept the chunk running for ever, or a recorded item was shown as waiting.
    #[test]
    fn a_row_shows_current_runs_and_waiting_items() {
        let until = |seconds| DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let shows = |outcome: &Outcome| (outcome.register().is_running(), outcome.register().retrying());
        let change = OutcomeChange::default;
        let mut outcome = Outcome::new(ID, 10, 3);
        assert!(!outcome.change(&change()));
        let enters = OutcomeChange { enters: Some((one, until(9))), ..change() };
        assert!(outcome.change(&enters) && !outcome.change(&enters), "entered once");
        outcome.change(&OutcomeChange { enters: Some((other, until(20))), retrying: [11, 12, 99].into(), ..change() });
        assert_eq!(shows(&outcome), (true, 2), "an item of another chunk does not wait here");
        assert!(outcome.change(&OutcomeChange { leaves: Some(other), ..change() }) && shows(&outcome).0, "one of two is left");
        assert!(!outcome.change(&OutcomeChange { gone_before: Some(until(9)), ..change() }) && shows(&outcome).0);
        assert!(outcome.change(&OutcomeChange { gone_before: Some(until(10)), ..change() }) && !shows(&outcome).0, "its worker is gone");
        outcome.merge([(11, ItemResult::Processed(None)), (12, failed("no"))], 1);
        assert_eq!(shows(&outcome), (false, 0), "what is recorded does not wait");
        assert!(!outcome.change(&OutcomeChange { retrying: [11].into(), ..change() }));
        outcome.merge([(10, ItemResult::Processed(None))], 1);
        outcome.change(&enters);
        assert!(!shows(&outcome).0 && outcome.register().is_full(), "nothing of a full chunk can change");
    }

    #[test]
    fn an_item_of_another_chunk_is_never_recorded() {
        let mut outcome = Outcome::new(ID, 10, 2);
        assert!(!outcome.merge([(9, ItemResult::Processed(None)), (12, failed("no"))], 1));
    }

    proptest! {
        /// Every text consists of quotes, which take two bytes each.
        #[test]
        fn a_row_takes_at_most_what_is_reckoned_and_not_much_less(
            failures in proptest::collection::vec((0usize..300, 0usize..60, proptest::option::of(1usize..100), 1usize..500), 0..20),
            outputs in proptest::collection::vec((proptest::option::of(1usize..500), proptest::option::of(1usize..100)), 0..20),
            again in proptest::collection::vec(1usize..500, 0..20),
        ) {
            let quotes = |count: usize| "\"".repeat(count);
            let digits = |count: usize| raw(&"1".repeat(count));
            let mut outcome = Outcome::new(ID, 9_999_000, 250);
            let indexes = |from: u64| 9_999_000 + from..;
            let failure = |(message, code, id, item): (usize, usize, Option<usize>, usize)| {
                Failure::new(FailureKind::RetriesExhausted, &quotes(code), &quotes(message), 99, id.map(quotes), digits(item))
            };
            outcome.failures = indexes(0).zip(failures.into_iter().map(failure)).collect();
            let output = |(output, id): (Option<usize>, Option<usize>)| OutputRecord { id: id.map(quotes), output: output.map(digits) };
            outcome.outputs = indexes(20).zip(outputs.into_iter().map(output)).collect();
            outcome.again = indexes(40).zip(again.into_iter().map(|item| Again { round: 999, item: digits(item) })).collect();
            let maps = serde_json::to_string(&(&outcome.failures, &outcome.outputs, &outcome.again)).unwrap();
            let rows = outcome.failures.len() + outcome.outputs.len() + outcome.again.len() + 1;
            let reckoned = outcome.records_bytes();
            prop_assert!((maps.len()..=maps.len() + 100 * rows).contains(&(reckoned + 20)), "{} {reckoned}", maps.len());
        }
    }
}
