//! The outcome of a chunk: the result of each item, with failures and outputs. It is one row, merged under a version.
//!
//! The first record of an item is kept. A row only gains records, except that a retry clears failures for the next
//! round. What a register shows is computed from this row alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::ids::ChunkId;
use crate::limits::{
    ERROR_CODE_CHARS_MAX, ERROR_MESSAGE_CHARS_MAX, OUTCOME_BYTES_MAX, OUTPUT_BYTES_MAX, OUTPUTS_PER_CHUNK_BYTES_MAX, cut_to_chars,
};
use crate::part::Register;
use crate::waiting::WaitingFor;

/// Why an item failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The processor said so.
    Permanent,
    /// The failure may be temporary, but the item was tried the maximum number of times.
    RetriesExhausted,
    /// Its downstream kept asking it to wait, for longer than the processor's patience.
    Throttled,
    /// Its downstream could not be reached for longer than the processor's patience.
    Unreachable,
    /// One call took longer than its limit.
    TimedOut,
    /// It panicked, or two workers died while it was marked.
    Crashed,
    /// Its message reached the dead-letter queue.
    DeadLettered,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An item that failed for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// Its id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why.
    pub kind: FailureKind,
    /// The processor's short code; if there is none, the kind.
    pub code: String,
    /// A description for people.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The item, byte for byte.
    pub item: Box<RawValue>,
}

impl Failure {
    /// A failure with its texts cut to their limits.
    pub fn new(kind: FailureKind, code: &str, message: &str, attempts: u32, id: Option<String>, item: Box<RawValue>) -> Self {
        let code = if code.is_empty() { kind.to_string() } else { cut_to_chars(code, ERROR_CODE_CHARS_MAX).to_owned() };
        let message = cut_to_chars(message, ERROR_MESSAGE_CHARS_MAX).to_owned();
        Self { id, kind, code, message, attempts, item }
    }
}

/// The output of an item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The item's id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The output, byte for byte; `None` if it was too large to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
}

/// The final result of an item.
#[derive(Debug, Clone)]
pub enum ItemResult {
    /// It succeeded, with or without an output.
    Processed(Option<OutputRecord>),
    /// It failed for good.
    Failed(Failure),
}

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
    /// The current runs: each with the time after which its worker has ended for certain. A run of less than a second
    /// is never entered here.
    pub runs: BTreeMap<Uuid, DateTime<Utc>>,
    /// Items that failed for now and wait for another attempt.
    pub retrying: BTreeSet<u64>,
    /// What they wait for, if it is known.
    pub waiting_for: Option<WaitingFor>,
}

/// What a write changes in an outcome row besides adding results.
#[derive(Debug, Clone, Default)]
pub struct OutcomeChange {
    /// A run that continues after this write, with the time after which its worker has ended for certain.
    pub enters: Option<(Uuid, DateTime<Utc>)>,
    /// A run that ends with this write.
    pub leaves: Option<Uuid>,
    /// Items that failed for now and wait for another attempt.
    pub retrying: BTreeSet<u64>,
    /// What they wait for, if it is known.
    pub waiting_for: Option<WaitingFor>,
    /// Removes runs whose workers ended before this time.
    pub gone_before: Option<DateTime<Utc>>,
}

impl OutcomeChange {
    /// True if the write would change nothing.
    pub fn is_nothing(&self) -> bool {
        self.enters.is_none() && self.leaves.is_none() && self.retrying.is_empty()
    }
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
            runs: BTreeMap::new(),
            retrying: BTreeSet::new(),
            waiting_for: None,
        }
    }

    /// True if the item is recorded, processed or failed.
    pub fn has(&self, index: u64) -> bool {
        self.failures.contains_key(&index) || self.processed.binary_search(&index).is_ok()
    }

    /// The register that shows this row.
    pub fn register(&self) -> Register {
        let (processed, failed) = (self.processed.len() as u16, self.failures.len() as u16);
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
        let own = self.first_index..self.first_index + u64::from(self.items);
        let waiting: Vec<u64> = change.retrying.iter().copied().filter(|index| own.contains(index) && !self.has(*index)).collect();
        for index in &waiting {
            changed |= self.retrying.insert(*index);
        }
        if !waiting.is_empty() && change.waiting_for.is_some() && self.waiting_for != change.waiting_for {
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
            let stale = self.again.get(&index).is_some_and(|again| again.round > round_begun);
            let foreign = !(self.first_index..self.first_index + u64::from(self.items)).contains(&index);
            if stale || foreign || self.has(index) {
                continue;
            }
            self.record(index, result);
            changed = true;
        }
        if changed {
            // A late clear for the round of these results must not remove them.
            self.round = self.round.max(round_begun);
            self.fit();
        }
        changed
    }

    /// Makes every failure run again in `round`. Returns whether the row changed.
    pub fn clear(&mut self, round: u32) -> bool {
        if self.round >= round {
            return false;
        }
        let failures = std::mem::take(&mut self.failures);
        self.again.extend(failures.into_iter().map(|(index, failure)| (index, Again { round, item: failure.item })));
        // They start again as if they had never been tried.
        (self.retrying, self.waiting_for) = (BTreeSet::new(), None);
        self.round = round;
        true
    }

    fn record(&mut self, index: u64, result: ItemResult) {
        self.again.remove(&index);
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
                    self.outputs.insert(index, self.within_limits(output));
                }
            }
        }
    }

    fn within_limits(&self, mut output: OutputRecord) -> OutputRecord {
        let bytes = |record: &OutputRecord| record.output.as_ref().map_or(0, |value| value.get().len());
        let kept: usize = self.outputs.values().map(bytes).sum();
        if bytes(&output) > OUTPUT_BYTES_MAX || kept + bytes(&output) > OUTPUTS_PER_CHUNK_BYTES_MAX {
            output.output = None;
        }
        output
    }

    /// Keeps the row below the table's limit in any case: drops outputs from the last one on, then cuts messages.
    fn fit(&mut self) {
        let mut bytes = self.bytes();
        for output in self.outputs.values_mut().rev() {
            if bytes <= OUTCOME_BYTES_MAX {
                return;
            }
            bytes -= output.output.take().map_or(0, |value| value.get().len());
        }
        if bytes > OUTCOME_BYTES_MAX {
            let room = (OUTCOME_BYTES_MAX / usize::from(self.items.max(1))) / 8;
            for failure in self.failures.values_mut() {
                failure.message.truncate(failure.message.floor_char_boundary(room));
            }
        }
    }

    /// The largest size of the row as uncompressed JSON; texts may grow when they are escaped.
    fn bytes(&self) -> usize {
        let id = |id: &Option<String>| id.as_ref().map_or(0, |id| 2 * id.len());
        let failures = self.failures.values().map(|f| f.item.get().len() + 2 * (f.message.len() + f.code.len()) + id(&f.id) + 100);
        let outputs = self.outputs.values().map(|o| o.output.as_ref().map_or(0, |v| v.get().len()) + id(&o.id) + 40);
        let again = self.again.values().map(|again| again.item.get().len() + 40);
        failures.sum::<usize>()
            + outputs.sum::<usize>()
            + again.sum::<usize>()
            + 10 * (self.processed.len() + self.retrying.len())
            + 70 * self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;
    use crate::limits::CHUNK_BYTES_MAX;
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
        assert!(outcome.clear(2) && !outcome.clear(2), "a delayed second clear does nothing");
        assert!(!outcome.merge([(0, failed("begun in round 1"))], 1));
        assert!(outcome.merge([(0, ItemResult::Processed(None))], 2));
        assert!(outcome.again.is_empty() && outcome.register().counts().processed == 1);
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

    #[test]
    fn too_large_outputs_are_omitted_and_marked() {
        let mut outcome = Outcome::new(ID, 0, 250);
        let output = |bytes: usize| Some(OutputRecord { id: None, output: Some(raw(&format!("\"{}\"", "x".repeat(bytes - 2)))) });
        let sizes = |i| if i == 0 { 16_001 } else { 16_000 };
        outcome.merge((0..30).map(|i| (i, ItemResult::Processed(output(sizes(i))))), 1);
        let kept = |outcome: &Outcome| outcome.outputs.iter().filter(|(_, o)| o.output.is_some()).map(|(i, _)| *i).collect::<Vec<_>>();
        assert_eq!((outcome.outputs.len(), kept(&outcome)), (30, (1..=18).collect()), "one is too large, and 18 are all that fit");
        outcome.merge([(30, ItemResult::Processed(output(12_000))), (31, ItemResult::Processed(output(2)))], 1);
        assert_eq!(kept(&outcome), (1..=18).chain([30]).collect::<Vec<_>>(), "300,000 bytes to the byte");
    }

    /// Failures with long messages, besides the largest outputs that are kept.
    fn crowded(failures: u64) -> Outcome {
        let mut outcome = Outcome::new(ID, 0, 250);
        let output = Some(OutputRecord { id: None, output: Some(raw(&format!("\"{}\"", "x".repeat(9_998)))) });
        outcome.merge((0..30).map(|i| (i, ItemResult::Processed(output.clone()))), 1);
        outcome.merge((30..30 + failures).map(|i| (i, failed(&"m".repeat(1_000)))), 1);
        outcome
    }

    #[test]
    fn outputs_are_dropped_from_the_last_one_on_before_messages_are_cut() {
        let some = crowded(40);
        let kept = some.outputs.values().take_while(|output| output.output.is_some()).count();
        assert!((1..30).contains(&kept) && some.outputs.values().skip(kept).all(|output| output.output.is_none()), "{kept}");
        assert!((OUTCOME_BYTES_MAX - 10_000..=OUTCOME_BYTES_MAX).contains(&some.bytes()), "no more than has to: {}", some.bytes());
        assert!(some.failures.values().all(|failure| failure.message.len() == 1_000));
        let many = crowded(220);
        assert!(many.outputs.values().all(|output| output.output.is_none()) && many.bytes() <= OUTCOME_BYTES_MAX);
        let lengths = many.failures.values().map(|failure| failure.message.len());
        assert!(lengths.clone().all(|length| length == OUTCOME_BYTES_MAX / 250 / 8), "{:?}", lengths.max());
    }

    proptest! {
        /// Every text consists of quotes, which take two bytes each.
        #[test]
        fn a_row_takes_at_most_what_is_reckoned_and_not_much_less(
            failures in proptest::collection::vec((0usize..300, 0usize..60, proptest::option::of(1usize..100), 1usize..500), 0..20),
            outputs in proptest::collection::vec((proptest::option::of(1usize..500), proptest::option::of(1usize..100)), 0..20),
            again in proptest::collection::vec(1usize..500, 0..20),
            processed in 0u64..100,
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
            outcome.processed = indexes(60).take(processed as usize).collect();
            let maps = serde_json::to_string(&(&outcome.failures, &outcome.outputs, &outcome.again, &outcome.processed)).unwrap();
            let rows = outcome.failures.len() + outcome.outputs.len() + outcome.again.len() + 1;
            prop_assert!((maps.len()..=maps.len() + 100 * rows + 3 * outcome.processed.len()).contains(&(outcome.bytes() + 20)), "{} {}", maps.len(), outcome.bytes());
        }
    }

    #[test]
    fn the_worst_chunk_stays_below_the_tables_limit() {
        let mut outcome = Outcome::new(ID, 0, 250);
        let item = raw(&format!("\"{}\"", "x".repeat(CHUNK_BYTES_MAX / 250 - 14)));
        let message = "\u{1F980}".repeat(1_000);
        let failure = Failure::new(FailureKind::Permanent, &message, &message, 1, Some("i".repeat(128)), item);
        outcome.merge((0..250).map(|i| (i, ItemResult::Failed(failure.clone()))), 1);
        assert!(outcome.bytes() < OUTCOME_BYTES_MAX, "{}", outcome.bytes());
        let cut = &outcome.failures[&0].message;
        assert!(cut.len() == 188 && message.starts_with(cut), "190 bytes, at a character: {cut}");
    }
}
