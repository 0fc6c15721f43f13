//! Extra rows: records of a chunk that would make its outcome row too large.
//!
//! An extra row is written before the outcome row that names it, and never changed. It counts only while the outcome
//! row names it, so one write decides about all of them: that of the outcome row. The name is made of the outcome row's
//! version and of the content. So two workers never write different content under one name, and a name that an outcome
//! row no longer has, or never had in this version or an earlier one, will never be named again: that row can be deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::elsewhere::{Elsewhere, Holds};
use super::{Again, Failure, Outcome, OutputRecord};
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::limits::{EXTRA_ROW_BYTES_MAX, OUTCOME_ROW_BYTES_MAX};

/// How many bytes of records the rows of a chunk have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSizes {
    /// The outcome row: with more, all of them move to extra rows.
    pub outcome_bytes_max: usize,
    /// An extra row, unless a single record is larger.
    pub extra_bytes_max: usize,
}

impl Default for RowSizes {
    fn default() -> Self {
        Self { outcome_bytes_max: OUTCOME_ROW_BYTES_MAX, extra_bytes_max: EXTRA_ROW_BYTES_MAX }
    }
}

impl RowSizes {
    /// Every record in an extra row of its own, for tests.
    pub const SMALLEST: Self = Self { outcome_bytes_max: 0, extra_bytes_max: 0 };
}

/// The records in an extra row, by the items' indexes in the job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExtraRecords {
    /// Items that failed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<u64, Failure>,
    /// The outputs of items that succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<u64, OutputRecord>,
    /// Items that have to run again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<u64, Box<RawValue>>,
}

impl ExtraRecords {
    /// The item itself, if the row has it or its failure.
    pub fn take_item(&mut self, index: u64) -> Option<Box<RawValue>> {
        self.items.remove(&index).or_else(|| self.failures.remove(&index).map(|failure| failure.item))
    }
}

/// An extra row.
#[derive(Debug, Clone)]
pub struct ExtraRow {
    /// The chunk.
    pub id: ChunkId,
    /// Its name among the chunk's extra rows.
    pub name: Uuid,
    /// What is in it.
    pub records: ExtraRecords,
}

/// One record of an outcome row.
enum Record {
    Failure(Failure),
    Output(OutputRecord),
    Again(Again),
}

impl Record {
    fn bytes(&self) -> usize {
        match self {
            Self::Failure(failure) => failure_bytes(failure),
            Self::Output(output) => output_bytes(output),
            Self::Again(again) => again_bytes(again),
        }
    }
}

impl Outcome {
    /// The names of its extra rows.
    pub fn extra_rows(&self) -> BTreeSet<Uuid> {
        self.elsewhere.values().map(|there| there.row).collect()
    }

    /// Moves all records out of the row if they take more bytes there than they may. The extra rows have to be written
    /// before this row is. The row must have the version under which it will be written.
    ///
    /// # Errors
    ///
    /// [`JobError::Corrupt`] if a record cannot be written as JSON. That cannot happen to what was read as JSON.
    pub fn move_out(&mut self, sizes: RowSizes) -> Result<Vec<ExtraRow>, JobError> {
        if self.records_bytes() <= sizes.outcome_bytes_max {
            return Ok(Vec::new());
        }
        let mut rows = Vec::new();
        let (mut filling, mut bytes) = (Vec::new(), 0);
        for (index, record) in self.take_records() {
            let size = record.bytes();
            if bytes + size > sizes.extra_bytes_max && !filling.is_empty() {
                rows.push(self.name_row(std::mem::take(&mut filling))?);
                bytes = 0;
            }
            bytes += size;
            filling.push((index, record));
        }
        if !filling.is_empty() {
            rows.push(self.name_row(filling)?);
        }
        Ok(rows)
    }

    fn take_records(&mut self) -> BTreeMap<u64, Record> {
        let failures = std::mem::take(&mut self.failures).into_iter().map(|(index, it)| (index, Record::Failure(it)));
        let outputs = std::mem::take(&mut self.outputs).into_iter().map(|(index, it)| (index, Record::Output(it)));
        let again = std::mem::take(&mut self.again).into_iter().map(|(index, it)| (index, Record::Again(it)));
        failures.chain(outputs).chain(again).collect()
    }

    /// An extra row with these records, which the outcome row names from now on.
    fn name_row(&mut self, filling: Vec<(u64, Record)>) -> Result<ExtraRow, JobError> {
        let mut records = ExtraRecords::default();
        let mut holds = Vec::new();
        for (index, record) in filling {
            holds.push((index, record_into(record, index, &mut records)));
        }
        let content = serde_json::to_vec(&records).map_err(|e| JobError::corrupt(format!("the outcome of {:?}", self.id), e))?;
        let name = name_of(self.version, &content);
        self.elsewhere.extend(holds.into_iter().map(|(index, holds)| (index, Elsewhere { row: name, holds })));
        Ok(ExtraRow { id: self.id, name, records })
    }

    /// The largest size of the records in the row as uncompressed JSON; texts may grow when they are escaped.
    pub(super) fn records_bytes(&self) -> usize {
        let failures = self.failures.values().map(failure_bytes);
        let outputs = self.outputs.values().map(output_bytes);
        failures.chain(outputs).chain(self.again.values().map(again_bytes)).sum()
    }
}

fn record_into(record: Record, index: u64, records: &mut ExtraRecords) -> Holds {
    match record {
        Record::Failure(failure) => {
            records.failures.insert(index, failure);
            Holds::Failure
        }
        Record::Output(output) => {
            records.outputs.insert(index, output);
            Holds::Output
        }
        Record::Again(Again { round, item }) => {
            records.items.insert(index, item);
            Holds::Again { round }
        }
    }
}

fn name_of(version: u64, content: &[u8]) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(version.to_be_bytes());
    hash.update(content);
    let mut name = [0; 16];
    name.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(name)
}

fn id_bytes(id: Option<&String>) -> usize {
    id.map_or(0, |id| 2 * id.len())
}

fn failure_bytes(failure: &Failure) -> usize {
    failure.item.get().len() + 2 * (failure.message.len() + failure.code.len()) + id_bytes(failure.id.as_ref()) + 100
}

fn output_bytes(record: &OutputRecord) -> usize {
    record.output.as_ref().map_or(0, |value| value.get().len()) + id_bytes(record.id.as_ref()) + 40
}

fn again_bytes(again: &Again) -> usize {
    again.item.get().len() + 40
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;
    use crate::limits::{ERROR_MESSAGE_CHARS_MAX, ITEM_BYTES_MAX, ITEMS_PER_CHUNK_MAX, OUTPUT_BYTES_MAX};
    use crate::outcome::{FailureKind, ItemResult};

    const ID: ChunkId = ChunkId { job: JobId(Uuid::nil()), part: 0, chunk: 0 };

    /// All records in one extra row.
    const OUT: RowSizes = RowSizes { outcome_bytes_max: 0, extra_bytes_max: EXTRA_ROW_BYTES_MAX };

    fn text(bytes: usize) -> Box<RawValue> {
        RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap()
    }

    fn output(bytes: usize) -> ItemResult {
        ItemResult::Processed(Some(OutputRecord { id: None, output: Some(text(bytes)) }))
    }

    fn failure(bytes: usize) -> ItemResult {
        let message = "\u{1F980}".repeat(ERROR_MESSAGE_CHARS_MAX);
        ItemResult::Failed(Failure::new(FailureKind::Permanent, "", &message, 1, Some("i".repeat(128)), text(bytes)))
    }

    fn merged(version: u64, results: impl IntoIterator<Item = ItemResult>) -> Outcome {
        let mut outcome = Outcome { version, ..Outcome::new(ID, 0, ITEMS_PER_CHUNK_MAX as u16) };
        outcome.merge((0..).zip(results), 1);
        outcome
    }

    #[test]
    fn small_records_stay_in_the_row() {
        let mut outcome = merged(1, (0..20).map(|_| output(1_000)));
        assert!(outcome.move_out(RowSizes::default()).unwrap().is_empty() && outcome.outputs.len() == 20);
    }

    /// Bug found: outputs were left out because of their neighbours, and messages were cut.
    #[test]
    fn the_largest_records_are_all_kept_each_in_one_row() {
        let largest = |i: usize| if i.is_multiple_of(2) { output(OUTPUT_BYTES_MAX) } else { failure(ITEM_BYTES_MAX) };
        let mut outcome = merged(1, (0..ITEMS_PER_CHUNK_MAX).map(largest));
        let register = outcome.register();
        let rows = outcome.move_out(RowSizes::default()).unwrap();
        assert_eq!((outcome.register(), outcome.records_bytes()), (register, 0), "the same counts, and nothing large left");
        assert!(outcome.failed().len() == 125 && outcome.with_output().len() == 125 && outcome.has(1));
        for row in &rows {
            let stored = serde_json::to_vec(&row.records).unwrap().len();
            assert!(stored <= EXTRA_ROW_BYTES_MAX, "{stored}");
        }
        let outputs: usize = rows.iter().map(|row| row.records.outputs.len()).sum();
        let failures = rows.iter().flat_map(|row| row.records.failures.values());
        assert_eq!(outputs, 125);
        assert_eq!(failures.filter(|failure| failure.message.chars().count() == ERROR_MESSAGE_CHARS_MAX).count(), 125);
    }

    /// Bug found: an output of exactly the limit was left out, or a larger one was kept.
    #[test]
    fn only_an_output_over_the_limit_is_left_out() {
        let outcome = merged(1, [output(OUTPUT_BYTES_MAX), output(OUTPUT_BYTES_MAX + 1)]);
        let kept: Vec<bool> = outcome.outputs.values().map(|record| record.output.is_some()).collect();
        assert_eq!(kept, [true, false]);
    }

    #[test]
    fn another_version_or_content_has_another_name() {
        let name = |version, bytes| merged(version, [output(bytes)]).move_out(OUT).unwrap()[0].name;
        assert_eq!(name(1, 10), name(1, 10));
        assert!(name(1, 10) != name(2, 10) && name(1, 10) != name(1, 11));
    }

    #[test]
    fn a_failure_elsewhere_is_cleared_and_recorded_like_one_in_the_row() {
        let mut outcome = merged(1, [failure(10), failure(20)]);
        let mut rows = outcome.move_out(OUT).unwrap();
        assert!(outcome.clear(2, None) && outcome.register().counts().failed == 0);
        assert_eq!(outcome.again_rounds(), BTreeMap::from([(0, 2), (1, 2)]));
        assert_eq!(rows[0].records.take_item(1).unwrap().get().len(), 20);
        assert!(!outcome.merge([(0, failure(10))], 1), "a result begun before the clear");
        assert!(outcome.merge([(0, output(10)), (1, failure(20))], 2));
        assert!(outcome.elsewhere.is_empty() && outcome.extra_rows().is_empty(), "the row that nobody needs is named no more");
        outcome.version = 2;
        let rows = outcome.move_out(OUT).unwrap();
        assert_eq!((outcome.again_rounds().len(), rows.len(), outcome.failed()), (0, 1, BTreeSet::from([1])));
    }

    #[test]
    fn items_that_run_again_are_moved_too() {
        let mut outcome = merged(1, [failure(10)]);
        outcome.clear(2, None);
        outcome.version = 2;
        let mut rows = outcome.move_out(OUT).unwrap();
        assert_eq!((outcome.again_rounds(), outcome.again.len()), (BTreeMap::from([(0, 2)]), 0));
        assert_eq!(rows[0].records.take_item(0).unwrap().get().len(), 10);
    }
}
