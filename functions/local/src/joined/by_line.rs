//! Joining by line: the file is the one that was submitted.

use std::ops::Range;

use headway_core::counted;

use super::header::RowColumns;
use super::outcome::{Joined, Outcome};
use crate::difference::{Difference, first_difference};
use crate::error::CommandError;
use crate::input::{InputError, Opened, Place, Source};
use crate::part_hash::PartHash;
use crate::records::Pull;
use crate::sent_rows::SentRows;
use crate::server_part::ServerPart;

/// A job that a file is compared with.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its id.
    pub job_id: String,
    /// Its parts, in order.
    pub parts: Vec<ServerPart>,
    /// True if all items were sent.
    pub sealed: bool,
}

/// A file that was submitted to a job.
#[derive(Debug)]
pub struct Compared {
    /// The file, to be read again.
    pub opened: Opened,
    /// Its columns.
    pub columns: RowColumns,
    /// How many rows were skipped because they are empty in every column.
    pub skipped_rows: u64,
    /// Items whose chunks are settled, of parts that are not.
    settled: Vec<Range<u64>>,
    /// The items that the job has.
    sent: Vec<Range<u64>>,
}

/// Reads the file to its end and compares it with what the job was sent.
///
/// # Errors
///
/// The file cannot be read, or is another one; with the place.
pub fn compare(source: &Source, sent: &Sent) -> Result<Compared, CommandError> {
    let opened = source.open()?;
    let mut comparing = Comparing { opened: &opened, sent, next: 0, hash: None, index: 0, settled: Vec::new(), chunks: 0, is_noted: false };
    let (mut items, mut item) = (opened.first().map_err(|error| error.of_file(opened.name()))?, Vec::new());
    let mut columns = RowColumns::of(source.reading.format, &*items);
    while let Some(place) = items.next(&mut item).map_err(|error| error.of_file(opened.name()))? {
        columns.add(&item).map_err(|error| InputError::At { place, what: error.to_string() }.of_file(opened.name()))?;
        comparing.push(&item, place)?;
    }
    comparing.end()?;
    opened.check_unchanged()?;
    let settled = comparing.settled;
    let mut places: Vec<Range<u64>> = Vec::new();
    for part in &sent.parts {
        match places.last_mut().filter(|items| items.end == part.first_index) {
            Some(items) => items.end = part.end(),
            None => places.push(part.first_index..part.end()),
        }
    }
    Ok(Compared { columns, skipped_rows: items.skipped_rows(), settled, sent: places, opened: opened.clone() })
}

/// The comparison, as far as the file has been read.
struct Comparing<'a> {
    opened: &'a Opened,
    sent: &'a Sent,
    /// The part to be compared next, or now.
    next: usize,
    hash: Option<PartHash>,
    index: u64,
    settled: Vec<Range<u64>>,
    /// How many chunks of the part have begun.
    chunks: u64,
    /// True if the chunk being read is settled and its part is not.
    is_noted: bool,
}

impl Comparing<'_> {
    fn push(&mut self, item: &[u8], place: Place) -> Result<(), CommandError> {
        let index = self.index;
        self.index += 1;
        let Some(part) = self.sent.parts.get(self.next).filter(|part| part.first_index <= index) else {
            return self.not_sent(place);
        };
        let hash = self.hash.get_or_insert_with(|| PartHash::new(part.first_index, part.chunk_size));
        if hash.push(item) {
            self.is_noted = part.is_settled(self.chunks) && !part.is_all_settled();
            self.settled.extend(self.is_noted.then_some(index..index));
            self.chunks += 1;
        }
        if let Some(last) = self.settled.last_mut().filter(|_| self.is_noted) {
            last.end = index + 1;
        }
        if self.index == part.end() {
            self.end_part(part)?;
        }
        Ok(())
    }

    fn end_part(&mut self, part: &ServerPart) -> Result<(), CommandError> {
        let fingerprint = self.hash.take().map(PartHash::fingerprint);
        if fingerprint.as_ref() != Some(&part.fingerprint) {
            return Err(self.differs(part));
        }
        (self.next, self.chunks) = (self.next + 1, 0);
        Ok(())
    }

    /// A row that no part has: it was not sent, or it was never in the file.
    fn not_sent(&self, place: Place) -> Result<(), CommandError> {
        if !self.sent.sealed {
            return Ok(());
        }
        Err(CommandError::Differs(format!(
            "{}: the row on line {} is one too many: the job has {}. {GIVE}",
            self.opened.name(),
            place.line,
            counted(self.sent.items(), "item")
        )))
    }

    /// After the last row.
    fn end(&self) -> Result<(), CommandError> {
        if self.index >= self.sent.end() {
            return Ok(());
        }
        let (name, here, there) = (self.opened.name(), counted(self.index, "item"), self.sent.items());
        Err(CommandError::Differs(format!("{name}: the file ends after {here}, but the job has {there}. {GIVE}")))
    }

    /// Names the first row that differs, if the rows that were sent are recorded here; otherwise the part's rows.
    fn differs(&self, part: &ServerPart) -> CommandError {
        let (name, recorded) = (self.opened.name(), SentRows::recorded(&self.sent.job_id));
        let found = recorded.and_then(|rows| first_difference(self.opened, &rows, part.first_index, part.total_items).ok().flatten());
        if let Some(Difference::Row { index, line }) = found {
            return CommandError::Differs(format!("{name}: the row on line {line} (item {index}) differs from what was submitted. {GIVE}"));
        }
        let line = |index| self.opened.place_of(index).ok().flatten().map_or_else(|| "?".to_owned(), |place| place.line.to_string());
        let (first, last) = (part.first_index, part.end().max(1) - 1);
        CommandError::Differs(format!(
            "{name}: a row from line {} to line {} (items {first} to {last}) differs from what was submitted. {GIVE}",
            line(first),
            line(last),
        ))
    }
}

const GIVE: &str = "Give the file that was submitted, with the same --delimiter and --encoding. If the job has ids, another file with the \
                    same ids can be joined with --id-field";

impl Sent {
    fn end(&self) -> u64 {
        self.parts.iter().map(ServerPart::end).max().unwrap_or_default()
    }

    fn items(&self) -> u64 {
        self.parts.iter().map(|part| part.total_items).sum()
    }
}

/// The outcomes of the rows, in the file's order.
#[derive(Debug)]
pub struct ByLine<'a> {
    compared: &'a Compared,
    outcomes: Pull<'a>,
    index: u64,
}

impl<'a> ByLine<'a> {
    /// With the job's items in order of index.
    #[must_use]
    pub fn new(compared: &'a Compared, outcomes: Pull<'a>) -> ByLine<'a> {
        ByLine { compared, outcomes, index: 0 }
    }

    /// The outcome of the next row.
    ///
    /// # Errors
    ///
    /// The list of items lacks it, or cannot be read.
    pub fn outcome(&mut self) -> Result<Joined, CommandError> {
        let index = self.index;
        self.index += 1;
        if !self.compared.sent.iter().any(|items| items.contains(&index)) {
            return Ok(Joined::NotSent);
        }
        let outcome: Option<Outcome> = self.outcomes.record()?;
        let Some(mut outcome) = outcome.filter(|outcome| outcome.index == index) else {
            return Err(anyhow::anyhow!("the server's list of items lacks item {index}: is the job being deleted?").into());
        };
        if outcome.status == "Unknown" {
            // Of the chunk it is known, and where the chunk is, the file shows.
            let ranges = &self.compared.settled;
            let settled = ranges.get(ranges.partition_point(|items| items.end <= index)).is_some_and(|items| items.contains(&index));
            outcome.status = if settled { "Processed" } else { "Pending" }.to_owned();
        }
        Ok(Joined::Item(outcome))
    }
}
