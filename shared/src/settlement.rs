//! Results of a chunk's items, before they are written into the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::ChunkId;
use crate::limits::{CHECKPOINT_EVERY, OUTCOME_ROW_BYTES_MAX};
use crate::outcome::{ItemResult, OutcomeChange};
use crate::part::Counts;

/// Results of a chunk, to be settled.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The chunk.
    pub id: ChunkId,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items the whole chunk has.
    pub chunk_items: u16,
    /// Results by the items' indexes in the job, without those that a checkpoint of this run has recorded.
    pub results: BTreeMap<u64, ItemResult>,
    /// The part's round, as read before the items began.
    pub round_begun: u32,
    /// True if some of the results are in the chunk's outcome row already.
    pub merged: bool,
    /// What the outcome row has to show besides the results.
    pub change: OutcomeChange,
    /// True if the outcome row and the register show the run to which these results belong.
    pub seen: bool,
    /// How many results the checkpoints of this run have recorded.
    pub recorded: Counts,
    /// About how many bytes of records the checkpoints of this run have left in the outcome row.
    pub row_bytes: usize,
}

impl Settlement {
    /// How long to wait before the next checkpoint: a second, and one more for each kilobyte that has to be written
    /// again.
    pub fn checkpoint_after(&self) -> Duration {
        CHECKPOINT_EVERY * (1 + self.row_bytes / 1_024) as u32
    }

    /// The results of this run: those that are recorded already, and those that are not.
    pub fn counts(&self) -> Counts {
        let failed = self.results.values().filter(|result| matches!(result, ItemResult::Failed(_))).count() as u64;
        let processed = self.results.len() as u64 - failed;
        Counts { processed: self.recorded.processed + processed, failed: self.recorded.failed + failed }
    }

    /// About how many bytes have to be kept of its results.
    pub(crate) fn bytes(&self) -> usize {
        self.results.values().map(ItemResult::bytes).sum()
    }

    /// Takes the results out, to be recorded by a checkpoint while others are still to come.
    pub(crate) fn hand_over(&mut self) -> Self {
        Self { results: std::mem::take(&mut self.results), ..self.clone() }
    }

    /// Only the removal of its run's entry, which changes no count; `None` if the run was never entered.
    pub(crate) fn only_leaves(&self) -> Option<Self> {
        let OutcomeChange { leaves: Some(run), gone_before, .. } = self.change else { return None };
        let change = OutcomeChange { leaves: Some(run), gone_before, ..OutcomeChange::default() };
        Some(Self { results: BTreeMap::new(), change, ..self.clone() })
    }

    /// Takes back the results of a checkpoint that could not record them.
    pub(crate) fn take_back(&mut self, other: Self) {
        self.results.extend(other.results);
    }

    /// A checkpoint has recorded these results: nobody needs their contents any more.
    pub(crate) fn note_recorded(&mut self, other: &Self) {
        self.recorded = other.counts();
        self.row_bytes += other.bytes();
        if self.row_bytes > OUTCOME_ROW_BYTES_MAX {
            // They have moved to extra rows, which are not written again.
            self.row_bytes = 0;
        }
        (self.merged, self.seen) = (true, true);
    }

    /// True if one write is enough: every item succeeded, and none left anything to keep.
    pub(crate) fn is_clean(&self) -> bool {
        !self.merged
            && self.change.is_nothing()
            && self.results.len() == usize::from(self.chunk_items)
            && self.results.values().all(|result| matches!(result, ItemResult::Processed(None)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::ids::JobId;
    use crate::outcome::{Failure, FailureKind, OutputRecord};

    fn settlement(results: Vec<ItemResult>) -> Settlement {
        Settlement {
            id: ChunkId { job: JobId(uuid::Uuid::nil()), part: 0, chunk: 0 },
            first_index: 0,
            chunk_items: 9,
            results: (0..).zip(results).collect(),
            round_begun: 1,
            merged: false,
            change: OutcomeChange::default(),
            seen: false,
            recorded: Counts::default(),
            row_bytes: 0,
        }
    }

    fn output(bytes: usize) -> ItemResult {
        let output = Some(RawValue::from_string("1".repeat(bytes)).unwrap());
        ItemResult::Processed(Some(OutputRecord { id: None, output }))
    }

    fn failure() -> ItemResult {
        let item = RawValue::from_string("1".repeat(524)).unwrap();
        ItemResult::Failed(Failure::new(FailureKind::Permanent, "", &"m".repeat(500), 1, None, item))
    }

    #[test]
    fn the_more_a_checkpoint_writes_again_the_later_it_comes() {
        let after = |results: Vec<ItemResult>| {
            let mut settlement = settlement(results);
            let recorded = settlement.hand_over();
            settlement.note_recorded(&recorded);
            settlement.checkpoint_after().as_secs()
        };
        assert_eq!(after(vec![ItemResult::Processed(None), output(1_023)]), 1);
        assert_eq!(after(vec![output(1_000), output(24)]), 2);
        assert_eq!(after(vec![failure(), output(2_048)]), 4);
        assert_eq!(after(vec![output(OUTCOME_ROW_BYTES_MAX + 1)]), 1, "it is in an extra row, which is written once");
    }

    /// Bug found: results were counted twice, or not at all, if a checkpoint came in between.
    #[test]
    fn results_are_counted_whether_they_are_recorded_or_not() {
        let mut settlement = settlement(vec![failure(), output(5)]);
        let lost = settlement.hand_over();
        assert!(settlement.results.is_empty());
        settlement.take_back(lost);
        let recorded = settlement.hand_over();
        settlement.results.insert(2, failure());
        settlement.note_recorded(&recorded);
        assert_eq!((settlement.counts(), settlement.results.len()), (Counts { processed: 1, failed: 2 }, 1));
        let recorded = settlement.hand_over();
        settlement.note_recorded(&recorded);
        assert_eq!((settlement.counts(), settlement.results.len()), (Counts { processed: 1, failed: 2 }, 0));
    }
}
