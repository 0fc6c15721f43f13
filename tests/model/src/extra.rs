//! Extra rows of a model: records that are not in their outcome row.

use headway_core::outcome::extra::{ExtraRecords, ExtraRow as RealRow};
use uuid::Uuid;

use crate::rows::{Rows, chunk_id, failure, item, output};
use crate::shape::{ITEMS_MAX, Items, Shape};

/// An extra row. Items are bits of the chunk. Models with extra rows have no corrections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ExtraRow {
    pub(crate) part: u8,
    pub(crate) chunk: u8,
    pub(crate) name: Uuid,
    failed: Items,
    outputs: Items,
    /// The items that have to run again.
    again: Items,
}

impl ExtraRow {
    pub(crate) fn of(row: &RealRow, shape: &Shape) -> Self {
        let (part, chunk) = (row.id.part as u8, row.id.chunk as u8);
        let first: u64 = shape.first(part.into(), chunk.into()).into();
        let bit = |index: &u64| 1 << (index - first);
        let ExtraRecords { failures, outputs, items } = &row.records;
        let (failed, outputs) = (failures.keys().map(bit).sum(), outputs.keys().map(bit).sum());
        Self { part, chunk, name: row.name, failed, outputs, again: items.keys().map(bit).sum() }
    }

    pub(crate) fn real(&self, shape: &Shape) -> RealRow {
        let (part, chunk) = (self.part.into(), self.chunk.into());
        let first: u64 = shape.first(part, chunk).into();
        let indexes = |items: Items| (0..ITEMS_MAX as u64).filter(move |i| items & (1 << i) != 0).map(move |i| first + i);
        let records = ExtraRecords {
            failures: indexes(self.failed).map(|index| (index, failure(item()))).collect(),
            outputs: indexes(self.outputs).map(|index| (index, output())).collect(),
            items: indexes(self.again).map(|index| (index, item())).collect(),
        };
        RealRow { id: chunk_id(part, chunk), name: self.name, records }
    }

    /// True if it has the record of this item of the chunk.
    fn has(&self, item: usize) -> bool {
        (self.failed | self.outputs | self.again) & (1 << item) != 0
    }
}

impl Rows {
    /// True if an outcome row names an extra row that does not exist, or that does not have the record.
    pub(crate) fn misses_an_extra_row(&self) -> bool {
        let places = (0..).zip(&self.outcomes).flat_map(|(part, chunks)| (0..).zip(chunks).map(move |(chunk, row)| (part, chunk, row)));
        let named = places.flat_map(|(part, chunk, row): (u8, u8, _)| {
            row.iter().flat_map(move |row| row.there.iter().enumerate().filter_map(move |(item, name)| Some((part, chunk, item, (*name)?))))
        });
        let is_there = |(part, chunk, item, name)| {
            self.extras.iter().any(|extra| (extra.part, extra.chunk, extra.name) == (part, chunk, name) && extra.has(item))
        };
        !named.into_iter().all(is_there)
    }
}
