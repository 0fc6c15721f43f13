//! What became of each item of a job: every item in order of index, page by page, also those without a failure or an
//! output.
//!
//! The counts of the list are the job's counts: an item is processed, failed or pending here when the ledger counts it
//! so.

mod item_status;
mod layout;
mod outcome_rows;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::value::RawValue;

pub use self::item_status::ItemStatus;
use self::layout::{Span, Stretch, Walk};
use self::outcome_rows::OutcomeRows;
use crate::app::App;
use crate::corrections::CorrectionUse;
use crate::error::JobError;
use crate::job::Job;
use crate::limits::PAGE_BYTES_MAX;
use crate::outcome::{Failure, Outcome, OutputRecord};
use crate::outcome_rows::OutcomeReader;
use crate::part::Part;
use crate::records::{Page, Position, see_to_it_shown};

/// How many parts are read at a time.
const PARTS_AT_ONCE: u32 = 4;
/// How many parts are read for a page. A list of parts that have not arrived continues after them.
const PARTS_PER_PAGE_MAX: u32 = 100;
/// The items of how many outcome rows a page has at most.
const ROWS_PER_PAGE_MAX: usize = 200;
/// About how many bytes an item adds to a page besides its texts.
const FRAME_BYTES: usize = 200;

/// An item's state.
#[derive(Debug, Clone)]
pub struct ItemState {
    /// What became of it.
    pub status: ItemStatus,
    /// Whether it was corrected.
    pub correction: Option<CorrectionUse>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Its output, if it succeeded with one.
    pub output: Option<OutputRecord>,
}

impl ItemState {
    fn of(status: ItemStatus) -> Self {
        Self { status, correction: None, failure: None, output: None }
    }

    fn bytes(&self) -> usize {
        let failure = self.failure.as_ref().map_or(0, |failure| failure.message.len() + failure.code.len());
        let output = self.output.as_ref().and_then(|record| record.output.as_ref()).map_or(0, |output| output.get().len());
        FRAME_BYTES + failure + output
    }
}

/// Every item of the parts that have arrived, in order of index.
///
/// What a page reads is bounded by what it lists, however large its parts are and however many rounds they have had:
/// - the rows of the parts, at most 100;
/// - in each part, the outcome rows of the chunks with items on the page, and up to four more: the next one, which says
///   where chunks of which nothing is recorded end, and three read ahead. A page lists the items of 200 rows at most;
/// - the extra rows with records of the listed items, and of one more item;
/// - the corrections of the listed chunks that have outcome rows, up to the end of the ledger's page with the last of them.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn item_states(app: &App, job: &Job, from: Position, limit: usize) -> Result<Page<ItemState>, JobError> {
    let end = job.parts_end();
    let until = end.min(from.part.saturating_add(PARTS_PER_PAGE_MAX));
    let mut reader = StateReader { app, job, limit, records: Vec::new(), bytes: 0, rows: 0 };
    let mut number = from.part;
    while number < until {
        let ids: Vec<_> = (number..until.min(number + PARTS_AT_ONCE)).map(|part| (job.id, part)).collect();
        for part in app.ledger.parts(&ids).await?.values() {
            let start = if part.number == from.part { from } else { Position::of_part(part.number) };
            if let Some(next) = reader.add(part, start).await? {
                return Ok(Page { records: reader.records, next: Some(next) });
            }
        }
        number += PARTS_AT_ONCE;
    }
    let next = (until < end).then_some(Position::of_part(until));
    Ok(Page { records: reader.records, next })
}

/// The states of a page, as far as they have been read.
struct StateReader<'a> {
    app: &'a App,
    job: &'a Job,
    limit: usize,
    records: Vec<(u64, ItemState)>,
    bytes: usize,
    rows: usize,
}

impl StateReader<'_> {
    /// Adds the items of a part from `start` on. Returns where to continue if the page is full.
    async fn add(&mut self, part: &Part, start: Position) -> Result<Option<Position>, JobError> {
        let begins = if start.chunk == 0 { part.first_index } else { start.chunk_begins };
        let mut walk = Walk::new(part, self.job.split.items_per_chunk_max, start.chunk, begins);
        let mut rows = OutcomeRows::of(self.app, part, start.chunk);
        let (first, mut last_row, mut full) = (self.records.len(), None, None);
        while full.is_none() {
            let row = if walk.needs_row() { rows.place_of_next().await? } else { None };
            let Some(stretch) = walk.next(row) else { break };
            let row = if stretch.has_row() { rows.take() } else { None };
            last_row = row.as_ref().map(|row| row.id.chunk).or(last_row);
            full = self.add_stretch(part, &stretch, row, start.index).await?.map(|index| stretch.position(part, index));
        }
        if let Some(last) = last_row.filter(|_| self.records.len() > first) {
            self.add_corrections(part, first, start.chunk..=last).await?;
        }
        Ok(full)
    }

    /// Adds the items of these chunks from `start` on, one of which may have an outcome row. Returns the first that does
    /// not fit.
    async fn add_stretch(&mut self, part: &Part, stretch: &Stretch, row: Option<Outcome>, start: u64) -> Result<Option<u64>, JobError> {
        let Some(row) = row else {
            for Span { items, holds } in &stretch.spans {
                for index in items.start.max(start)..items.end {
                    if !self.push(index, ItemState::of(holds.status())) {
                        return Ok(Some(index));
                    }
                }
            }
            return Ok(None);
        };
        if self.rows == ROWS_PER_PAGE_MAX {
            return Ok(Some(stretch.begins.max(start)));
        }
        self.rows += 1;
        see_to_it_shown(self.app, part, &row).await?;
        let (items, mut reader) = (row.indexes(), OutcomeReader::new(self.app, row));
        for index in items.start.max(start)..items.end {
            let state = self.state(part, &mut reader, index).await?;
            if !self.push(index, state) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Says of the items from the record `first` on whether they were corrected. Only items that failed are corrected, so
    /// their chunks have outcome rows.
    async fn add_corrections(&mut self, part: &Part, first: usize, chunks: RangeInclusive<u16>) -> Result<(), JobError> {
        if self.job.round == 1 && !self.job.corrected.contains_key(&part.number) {
            return Ok(());
        }
        let rows = self.app.ledger.corrections_in((part.job, part.number), chunks).await?;
        let uses: BTreeMap<u64, CorrectionUse> = rows.values().flat_map(|row| row.uses(self.job.round)).collect();
        for (index, state) in self.records.iter_mut().skip(first) {
            state.correction = uses.get(index).copied();
        }
        Ok(())
    }

    /// Adds an item. False if the page has no room for it.
    fn push(&mut self, index: u64, state: ItemState) -> bool {
        let bytes = self.bytes + state.bytes();
        let fits = self.records.len() < self.limit && (bytes <= PAGE_BYTES_MAX || self.records.is_empty());
        if fits {
            self.bytes = bytes;
            self.records.push((index, state));
        }
        fits
    }

    async fn state(&self, part: &Part, reader: &mut OutcomeReader<'_>, index: u64) -> Result<ItemState, JobError> {
        if reader.outcome().has_processed(index) {
            return Ok(ItemState { output: reader.take_output(index).await?, ..ItemState::of(ItemStatus::Processed) });
        }
        // Items that failed in an earlier round are pending again, also those whose failure is still in an extra row.
        let has_failed = part.round >= self.job.round && reader.outcome().has(index);
        let failure = if has_failed { reader.take_failure(index).await? } else { None };
        // The item itself is not listed.
        let failure = failure.map(|failure| Failure { item: RawValue::NULL.to_owned(), ..failure });
        let status = if failure.is_some() { ItemStatus::Failed } else { ItemStatus::Pending };
        Ok(ItemState { failure, ..ItemState::of(status) })
    }
}

#[cfg(test)]
mod tests;
