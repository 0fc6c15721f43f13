//! What became of each item of a job: every item in order of index, page by page, also those without a failure or an
//! output.
//!
//! The counts of the list are the job's counts: an item is processed, failed or pending here when the ledger counts it
//! so.

mod item_status;
mod layout;

use std::collections::BTreeMap;

use futures::StreamExt as _;
use serde_json::value::RawValue;

pub use self::item_status::ItemStatus;
use self::layout::{Holds, Span};
use crate::app::App;
use crate::corrections::CorrectionUse;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::job::Job;
use crate::limits::PAGE_BYTES_MAX;
use crate::outcome::{Failure, OutputRecord};
use crate::outcome_rows::OutcomeReader;
use crate::part::Part;
use crate::records::{Page, Position, see_to_it_shown};

/// How many parts are read at a time.
const PARTS_AT_ONCE: u32 = 4;
/// How many parts are read for a page. A list of parts that have not arrived continues after them.
const PARTS_PER_PAGE_MAX: u32 = 100;
/// How many outcome rows are read at a time, and for a page at most.
const READS_AT_ONCE: usize = 4;
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
    fn of(status: ItemStatus, correction: Option<CorrectionUse>) -> Self {
        Self { status, correction, failure: None, output: None }
    }

    fn bytes(&self) -> usize {
        let failure = self.failure.as_ref().map_or(0, |failure| failure.message.len() + failure.code.len());
        let output = self.output.as_ref().and_then(|record| record.output.as_ref()).map_or(0, |output| output.get().len());
        FRAME_BYTES + failure + output
    }
}

/// Every item of the parts that have arrived, in order of index.
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
            let start = if part.number == from.part { from.index } else { 0 };
            if let Some(index) = reader.add(part, start).await? {
                let next = Some(Position { part: part.number, chunk: 0, index });
                return Ok(Page { records: reader.records, next });
            }
        }
        number += PARTS_AT_ONCE;
    }
    let next = (until < end).then_some(Position { part: until, chunk: 0, index: 0 });
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
    async fn add(&mut self, part: &Part, start: u64) -> Result<Option<u64>, JobError> {
        let spans = self.spans(part).await?.into_iter().filter(|span| span.items.end > start);
        let spans: Vec<Span> = spans.map(|span| Span { items: span.items.start.max(start)..span.items.end, ..span }).collect();
        let corrections = self.corrections(part).await?;
        let (app, mut reads) = (self.app, Vec::new());
        for id in spans.iter().filter_map(|span| span.holds.outcome_of(part)) {
            reads.push(app.ledger.outcome(id));
        }
        let mut outcomes = futures::stream::iter(reads).buffered(READS_AT_ONCE);
        for Span { items, holds } in spans {
            let Holds::Outcome(_) = holds else {
                for index in items {
                    if !self.push(index, ItemState::of(holds.status(), corrections.get(&index).copied())) {
                        return Ok(Some(index));
                    }
                }
                continue;
            };
            if self.rows == ROWS_PER_PAGE_MAX {
                return Ok(Some(items.start));
            }
            self.rows += 1;
            // A row that its register shows is only missing if the job is being deleted.
            let Some(outcome) = outcomes.next().await.transpose()?.flatten() else { continue };
            see_to_it_shown(app, part, &outcome).await?;
            let mut reader = OutcomeReader::new(app, outcome);
            for index in items {
                let mut state = self.state(part, &mut reader, index).await?;
                state.correction = corrections.get(&index).copied();
                if !self.push(index, state) {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
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

    /// Where the items of a part are. The rows of some chunks say where these begin, if the registers do not.
    async fn spans(&self, part: &Part) -> Result<Vec<Span>, JobError> {
        let mut reads = Vec::new();
        for chunk in layout::anchors(part) {
            reads.push(self.app.ledger.outcome(ChunkId { job: part.job, part: part.number, chunk }));
        }
        let mut rows = futures::stream::iter(reads).buffered(READS_AT_ONCE);
        let mut anchors = BTreeMap::new();
        while let Some(outcome) = rows.next().await {
            let Some(outcome) = outcome? else { continue };
            anchors.insert(outcome.id.chunk, outcome.first_index..outcome.first_index + u64::from(outcome.items));
        }
        Ok(layout::spans(part, self.job.split.items_per_chunk_max, &anchors))
    }

    async fn corrections(&self, part: &Part) -> Result<BTreeMap<u64, CorrectionUse>, JobError> {
        if self.job.round == 1 && !self.job.corrected.contains_key(&part.number) {
            return Ok(BTreeMap::new());
        }
        let rows = self.app.ledger.all_corrections((part.job, part.number)).await?;
        Ok(rows.values().flat_map(|row| row.uses(self.job.round)).collect())
    }

    async fn state(&self, part: &Part, reader: &mut OutcomeReader<'_>, index: u64) -> Result<ItemState, JobError> {
        if reader.outcome().has_processed(index) {
            return Ok(ItemState { output: reader.take_output(index).await?, ..ItemState::of(ItemStatus::Processed, None) });
        }
        // Items that failed in an earlier round are pending again, also those whose failure is still in an extra row.
        let has_failed = part.round >= self.job.round && reader.outcome().has(index);
        let failure = if has_failed { reader.take_failure(index).await? } else { None };
        // The item itself is not listed.
        let failure = failure.map(|failure| Failure { item: RawValue::NULL.to_owned(), ..failure });
        let status = if failure.is_some() { ItemStatus::Failed } else { ItemStatus::Pending };
        Ok(ItemState { failure, ..ItemState::of(status, None) })
    }
}
