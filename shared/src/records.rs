//! Reads the results of items, failures and outputs, in order of index and page by page.
//!
//! A row counts only if its register shows it. A reader that finds a record that is not shown yet shows it first, so
//! that lists and counts agree.

use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;
use futures::StreamExt as _;

use crate::app::App;
use crate::corrections::Values;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::job::Job;
use crate::limits::PAGE_BYTES_MAX;
use crate::outcome::{Failure, Outcome, OutputRecord};
use crate::outcome_rows::OutcomeReader;
use crate::part::{Counts, Part, Register};
use crate::rest::come_to_rest;
use crate::settle::show;

/// How many parts are read for a page. If none has records, the page is empty and continues after them.
const PARTS_PER_PAGE_MAX: u32 = 100;

/// How many outcome rows are read for a page at most.
const ROWS_PER_PAGE_MAX: usize = 200;
/// How many of these are read at a time.
const READS_AT_ONCE: usize = 8;

/// Where a list of records continues: everything before it was returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The part.
    pub part: u32,
    /// The chunk in the part.
    pub chunk: u16,
    /// The smallest index that was not returned yet.
    pub index: u64,
    /// The index of the chunk's first item. Only the list of all items needs it; elsewhere it is 0.
    pub chunk_begins: u64,
}

impl Position {
    /// Where a part begins.
    pub(crate) fn of_part(part: u32) -> Self {
        Self { part, ..Self::default() }
    }
}

/// A page of records in order of index. It may be short or even empty; only `next: None` is the end.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Indexes and records.
    pub records: Vec<(u64, T)>,
    /// Where to continue.
    pub next: Option<Position>,
}

/// The failed items of the current round.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn failures(app: &App, job: &Job, from: Position, limit: usize) -> Result<Page<Failure>, JobError> {
    let bytes = |failure: &Failure| failure.item.get().len() + failure.message.len() + failure.code.len() + 150;
    PageReader { app, job, in_order: false, of_this_round: true, limit, bytes }.page::<OfFailures>(from).await
}

/// The new values for the next retry of the failed items of a page that began at `from`; perhaps of others beyond it. Reads
/// the corrections of the page's chunks.
///
/// # Errors
/// [`JobError::Unavailable`].
pub async fn new_values(app: &App, job: &Job, from: Position, page: &Page<Failure>) -> Result<Values, JobError> {
    let until = page.next.map_or(u32::MAX, |next| next.part.saturating_add(1));
    let mut values = Values::new();
    for part in job.corrected.range(from.part..until.max(from.part)).map(|(part, _)| *part) {
        let first = if part == from.part { from.chunk } else { 0 };
        let last = page.next.filter(|next| next.part == part).map_or(u16::MAX, |next| next.chunk);
        let rows = app.ledger.corrections_in((job.id, part), first..=last.max(first)).await?;
        values.extend(rows.into_values().filter(|row| row.round == job.round).flat_map(|row| row.values));
    }
    Ok(values)
}

/// The outputs of items that succeeded with one. While the job is live, or has ended and is settling, the list stops before the first
/// chunk that is not settled, with a position from which it can be continued. Whether it is still settling is found out here.
///
/// # Errors
///
/// [`JobError::Unavailable`].
pub async fn results(app: &App, job: &Job, from: Position, limit: usize) -> Result<Page<OutputRecord>, JobError> {
    let bytes = |record: &OutputRecord| record.output.as_ref().map_or(0, |output| output.get().len()) + 150;
    let may_come = job.is_live() || (job.is_settling() && !come_to_rest(app, job).await?);
    PageReader { app, job, in_order: may_come, of_this_round: false, limit, bytes }.page::<OfOutputs>(from).await
}

/// One of the two kinds of records.
#[async_trait]
trait Kind: Sync {
    type Record;

    /// The indexes of items with such a record.
    fn indexes(outcome: &Outcome) -> BTreeSet<u64>;

    /// The record of one of these items.
    async fn take(reader: &mut OutcomeReader<'_>, index: u64) -> Result<Option<Self::Record>, JobError>;
}

struct OfFailures;

#[async_trait]
impl Kind for OfFailures {
    type Record = Failure;

    fn indexes(outcome: &Outcome) -> BTreeSet<u64> {
        outcome.failed()
    }

    async fn take(reader: &mut OutcomeReader<'_>, index: u64) -> Result<Option<Failure>, JobError> {
        reader.take_failure(index).await
    }
}

struct OfOutputs;

#[async_trait]
impl Kind for OfOutputs {
    type Record = OutputRecord;

    fn indexes(outcome: &Outcome) -> BTreeSet<u64> {
        outcome.with_output()
    }

    async fn take(reader: &mut OutcomeReader<'_>, index: u64) -> Result<Option<OutputRecord>, JobError> {
        reader.take_output(index).await
    }
}

struct PageReader<'a, B> {
    app: &'a App,
    job: &'a Job,
    /// True to stop before the first chunk that is not settled.
    in_order: bool,
    /// True if a part in an earlier round has none of these records any more.
    of_this_round: bool,
    limit: usize,
    bytes: B,
}

impl<B> PageReader<'_, B> {
    async fn page<K: Kind>(&self, from: Position) -> Result<Page<K::Record>, JobError>
    where
        B: Fn(&K::Record) -> usize,
    {
        let end = self.job.parts_end();
        let until = end.min(from.part.saturating_add(PARTS_PER_PAGE_MAX));
        let ids: Vec<_> = (from.part..until).map(|part| (self.job.id, part)).collect();
        let parts = self.app.ledger.parts(&ids).await?;
        let (mut records, mut bytes, mut rows) = (Vec::new(), 0, 0);
        for id in ids {
            let start = if id.1 == from.part { from } else { Position::of_part(id.1) };
            let Some(part) = parts.get(&id) else {
                if self.in_order {
                    return Ok(Page { records, next: Some(start) });
                }
                continue;
            };
            if self.of_this_round && part.round < self.job.round {
                continue;
            }
            let stop = self.stop_chunk(part, start.chunk);
            let reads = self.chunks_with_records(part, start.chunk..stop).map(|id| self.app.ledger.outcome(id));
            let mut outcomes = futures::stream::iter(reads).buffered(READS_AT_ONCE);
            while let Some(outcome) = outcomes.next().await {
                let Some(outcome) = outcome? else { continue };
                see_to_it_shown(self.app, part, &outcome).await?;
                let at = outcome.id.chunk;
                rows += 1;
                let indexes = K::indexes(&outcome);
                let mut reader = OutcomeReader::new(self.app, outcome);
                for index in indexes.range(start.index..).copied() {
                    let next = Some(Position { chunk: at, index, ..Position::of_part(id.1) });
                    if records.len() == self.limit {
                        return Ok(Page { records, next });
                    }
                    // A failure that is not there any more was cleared by a retry since its outcome row was read.
                    let Some(record) = K::take(&mut reader, index).await? else { continue };
                    bytes += (self.bytes)(&record);
                    if bytes > PAGE_BYTES_MAX && !records.is_empty() {
                        return Ok(Page { records, next });
                    }
                    records.push((index, record));
                }
                if rows == ROWS_PER_PAGE_MAX {
                    return Ok(Page { records, next: Some(Position { chunk: at + 1, ..Position::of_part(id.1) }) });
                }
            }
            if stop < part.chunks {
                return Ok(Page { records, next: Some(Position { chunk: stop, ..Position::of_part(id.1) }) });
            }
        }
        let open = self.in_order && !self.job.sealed;
        let next = (until < end || open).then_some(Position::of_part(until));
        Ok(Page { records, next })
    }

    /// The chunk before which to stop, if the list must be in order: the first that is not settled.
    fn stop_chunk(&self, part: &Part, from: u16) -> u16 {
        let unsettled = |chunk: &u16| !part.registers.get(chunk).is_some_and(|register| register.is_full());
        (from..part.chunks).find(|chunk| self.in_order && unsettled(chunk)).unwrap_or(part.chunks)
    }

    /// The chunks whose registers say that they have such records.
    fn chunks_with_records(&self, part: &Part, chunks: Range<u16>) -> impl Iterator<Item = ChunkId> {
        let of_this_kind = |counts: Counts| if self.of_this_round { counts.failed > 0 } else { counts.processed > 0 };
        let has = |(_, register): &(&u16, &Register)| matches!(register, Register::Outcome { .. }) && of_this_kind(register.counts());
        let chunks: Vec<u16> =
            part.registers.range(chunks.start.min(chunks.end)..chunks.end).filter(has).map(|(chunk, _)| *chunk).collect();
        let (job, part) = (part.job, part.number);
        chunks.into_iter().map(move |chunk| ChunkId { job, part, chunk })
    }
}

/// Shows the outcome row if its register is not up to date.
pub(crate) async fn see_to_it_shown(app: &App, part: &Part, outcome: &Outcome) -> Result<(), JobError> {
    let behind = part.registers.get(&outcome.id.chunk).is_some_and(|register| register.code() < outcome.register().code());
    if behind {
        show(app, outcome).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::ledger::memory::MemoryLedger;
    use crate::outcome::{FailureKind, ItemResult};
    use crate::queue::memory::MemoryQueue;
    use crate::{JobId, JobStatus, Ledger as _, SystemClock, UserId};

    /// What a record adds to a page's size besides its text.
    const OVERHEAD: usize = 150;

    fn text(bytes: usize) -> Box<RawValue> {
        RawValue::from_string(format!("{:?}", "x".repeat(bytes - 2))).unwrap()
    }

    /// A job of chunks of two items; the second item of each has this result.
    async fn job_of(second: Vec<ItemResult>) -> (App, Job) {
        let ledger = Arc::new(MemoryLedger::default());
        let (id, chunks) = (JobId(Uuid::new_v4()), second.len() as u16);
        let mut part = Part::new((id, 0), 0, u32::from(chunks) * 2, chunks, DateTime::UNIX_EPOCH);
        for (chunk, second) in (0..).zip(second) {
            let first = u64::from(chunk) * 2;
            let mut outcome = Outcome::new(ChunkId { job: id, part: 0, chunk }, first, 2);
            outcome.merge([(first, ItemResult::Processed(None)), (first + 1, second)], 1);
            outcome.version = 1;
            part.registers.insert(chunk, outcome.register());
            assert!(ledger.put_outcome(&outcome).await.unwrap());
        }
        assert_eq!(ledger.put_part(&part).await.unwrap(), None);
        let job = Job::new(id, UserId::new("ann").unwrap(), u64::from(part.items), DateTime::UNIX_EPOCH);
        let job = Job { sealed: true, parts: 1, top_part: Some(0), ..job };
        (App::new(ledger, Arc::new(MemoryQueue::default()), Arc::new(SystemClock)), job)
    }

    fn output(bytes: usize) -> ItemResult {
        ItemResult::Processed(Some(OutputRecord { id: None, output: Some(text(bytes - OVERHEAD)) }))
    }

    fn failure(bytes: usize) -> ItemResult {
        let (code, message) = ("c".repeat(60), "m".repeat(900));
        let item = text(bytes - code.len() - message.len() - OVERHEAD);
        ItemResult::Failed(Failure::new(FailureKind::Permanent, &code, &message, 1, None, item))
    }

    /// How many records each page of the results has. Together they are all records.
    async fn pages(app: &App, job: &Job, limit: usize) -> Vec<usize> {
        let (mut sizes, mut indexes, mut from) = (Vec::new(), Vec::new(), Position::default());
        loop {
            let page = results(app, job, from, limit).await.unwrap();
            sizes.push(page.records.len());
            indexes.extend(page.records.iter().map(|(index, _)| *index));
            let Some(next) = page.next else { break };
            assert!(sizes.len() <= 1_000, "the list makes no progress");
            from = next;
        }
        assert_eq!(indexes, (0..job.total_items).filter(|index| index % 2 == 1).collect::<Vec<_>>());
        sizes
    }

    /// Bug found: a page read all rows there are, or left out or repeated records at its edge.
    #[tokio::test]
    async fn a_page_is_bounded_by_records_and_by_the_rows_it_reads() {
        let (app, job) = job_of((0..450).map(|_| output(200)).collect()).await;
        assert_eq!(pages(&app, &job, 1_000).await, [200, 200, 50]);
        assert_eq!(pages(&app, &job, 120).await, [120, 120, 120, 90]);
    }

    /// Bug found: a page was larger than a function may answer.
    #[tokio::test]
    async fn a_page_is_bounded_by_its_bytes() {
        let share = PAGE_BYTES_MAX / 160;
        let (app, job) = job_of((0..321).map(|chunk| output(share + usize::from(chunk == 200))).collect()).await;
        assert_eq!(pages(&app, &job, 1_000).await, [160, 159, 2]);
        let (app, job) = job_of((0..161).map(|_| failure(share)).collect()).await;
        let page = failures(&app, &job, Position::default(), 1_000).await.unwrap();
        assert_eq!((page.records.len(), page.next.map(|next| next.chunk)), (160, Some(160)));
    }

    /// Bug found: a list ended although more records could come, or never ended.
    #[tokio::test]
    async fn a_list_continues_until_there_are_no_more_parts() {
        let (app, sealed) = job_of(vec![output(200)]).await;
        let end = async |job: &Job| results(&app, job, Position::default(), 9).await.unwrap().next;
        assert_eq!(end(&sealed).await, None);
        let open = Job { sealed: false, ..sealed.clone() };
        assert_eq!(end(&open).await, Some(Position::of_part(1)), "another part may come");
        let ended = Job { status: JobStatus::Cancelled, ..open };
        assert_eq!(end(&ended).await, Some(Position::of_part(1)), "it is still settling");
        assert_eq!(end(&Job { reconciled: true, ..ended }).await, None);
        let many = Job { parts: 150, top_part: Some(149), ..sealed };
        let page = failures(&app, &many, Position::default(), 9).await.unwrap();
        assert_eq!(page.next, Some(Position::of_part(PARTS_PER_PAGE_MAX)));
        assert_eq!(failures(&app, &many, page.next.unwrap(), 9).await.unwrap().next, None);
    }

    /// Bug found: a failure was in the list but not in the counts.
    #[tokio::test]
    async fn listed_records_are_in_the_counts_too() {
        let (app, job) = job_of(vec![failure(2_000)]).await;
        let mut outcome = app.ledger.outcome(ChunkId { job: job.id, part: 0, chunk: 0 }).await.unwrap().unwrap();
        let (shown, chunk) = (outcome.register(), outcome.id.chunk);
        outcome.version += 1;
        assert!(app.ledger.put_outcome(&outcome).await.unwrap());
        let register = async || app.ledger.part((job.id, 0)).await.unwrap().unwrap().registers[&chunk];
        assert_eq!(register().await, shown, "its writer died before it showed it");
        assert_eq!(failures(&app, &job, Position::default(), 9).await.unwrap().records.len(), 1);
        assert_eq!(register().await, outcome.register());
    }
}
