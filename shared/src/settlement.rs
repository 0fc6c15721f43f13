//! Results of a chunk's items, before they are written into the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::ChunkId;
use crate::limits::CHECKPOINT_EVERY;
use crate::outcome::{ItemResult, OutcomeChange};

/// Results of a chunk, to be settled.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The chunk.
    pub id: ChunkId,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items the whole chunk has.
    pub chunk_items: u16,
    /// Results by the items' indexes in the job.
    pub results: BTreeMap<u64, ItemResult>,
    /// The part's round, as read before the items began.
    pub round_begun: u32,
    /// True if some of the results are in the chunk's outcome row already.
    pub merged: bool,
    /// What the outcome row has to show besides the results.
    pub change: OutcomeChange,
    /// True if the outcome row and the register show the run to which these results belong.
    pub seen: bool,
}

impl Settlement {
    /// How long to wait before the next checkpoint: a second, and one more for each kilobyte that has to be written
    /// again.
    pub fn checkpoint_after(&self) -> Duration {
        let bytes = |result: &ItemResult| match result {
            ItemResult::Processed(None) => 0,
            ItemResult::Processed(Some(record)) => record.output.as_ref().map_or(0, |output| output.get().len()),
            ItemResult::Failed(failure) => failure.item.get().len() + failure.message.len(),
        };
        CHECKPOINT_EVERY * (1 + self.results.values().map(bytes).sum::<usize>() / 1_024) as u32
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

    #[test]
    fn the_more_a_checkpoint_writes_the_later_it_comes() {
        let raw = |bytes: usize| RawValue::from_string("1".repeat(bytes)).unwrap();
        let output = |bytes| ItemResult::Processed(Some(OutputRecord { id: None, output: Some(raw(bytes)) }));
        let failure = ItemResult::Failed(Failure::new(FailureKind::Permanent, "", &"m".repeat(500), 1, None, raw(524)));
        let after = |results: Vec<ItemResult>| {
            let id = ChunkId { job: JobId(uuid::Uuid::nil()), part: 0, chunk: 0 };
            let results = (0..).zip(results).collect();
            let change = OutcomeChange::default();
            let settlement = Settlement { id, first_index: 0, chunk_items: 9, results, round_begun: 1, merged: false, change, seen: false };
            settlement.checkpoint_after().as_secs()
        };
        assert_eq!(after(vec![ItemResult::Processed(None), output(1_023)]), 1);
        assert_eq!(after(vec![output(1_000), output(24)]), 2);
        assert_eq!(after(vec![failure, output(2_048)]), 4);
    }
}
