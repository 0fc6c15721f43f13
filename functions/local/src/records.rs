//! The records of a job (failures, results or all items), read once page by page and kept in a temporary file: their columns are
//! known only when all of them have been read.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;

use headway_api::columns::{Columns, Members, members};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::bar::Bar;
use crate::client::{Client, ClientError, Patience};
use crate::error::CommandError;
use crate::pages::{self, PagesRead};

mod record;

pub use self::record::{Kind, Record};

const PAGE_SIZE: &str = "1000";
/// The most columns of a table. What has none goes into the column `_item`.
const COLUMNS_MAX: usize = 1_000;
/// The kinds of at most this many members are remembered: far more than there are columns.
const KINDS_MAX: usize = 10 * COLUMNS_MAX;
const NAMES_BYTES_MAX: usize = 40_000;
/// Most records are shorter than this.
const RECORD_BYTES_USUAL: usize = 1_024;

/// All records of a job, in order.
#[derive(Debug)]
pub struct Records {
    spool: File,
    /// The columns of their values.
    pub columns: Columns,
    /// What the values in each column are.
    kinds: HashMap<String, Kind>,
    /// False if the job was still running or settling, so that more may come.
    pub complete: bool,
}

/// A reader of records.
#[derive(Debug)]
pub struct Pull<'a> {
    reader: BufReader<&'a File>,
    line: Vec<u8>,
    place: u64,
}

/// Records while they are being read.
struct Reading {
    spool: BufWriter<File>,
    columns: Columns,
    kinds: HashMap<String, Kind>,
    /// How many records these are.
    read: u64,
}

impl Reading {
    fn new() -> Result<Reading, CommandError> {
        let spool = BufWriter::new(tempfile::tempfile().map_err(no_room)?);
        Ok(Reading { spool, columns: Columns::at_most(COLUMNS_MAX, NAMES_BYTES_MAX), kinds: HashMap::new(), read: 0 })
    }

    fn add(&mut self, ndjson: &[u8]) -> Result<(), CommandError> {
        for line in lines(ndjson) {
            let record: Record = serde_json::from_slice(line).map_err(ClientError::Answer)?;
            self.read += 1;
            if let Some(value) = record.value() {
                self.columns.add(value);
                note_kinds(&mut self.kinds, value);
            }
        }
        self.spool.write_all(ndjson).map_err(no_room)
    }

    fn end(self, complete: bool) -> Result<Records, CommandError> {
        let spool = self.spool.into_inner().map_err(|error| no_room(error.into_error()))?;
        Ok(Records { spool, columns: self.columns, kinds: self.kinds, complete })
    }
}

impl Records {
    #[cfg(test)]
    pub(crate) fn of_lines(ndjson: &str) -> Result<Records, CommandError> {
        let mut reading = Reading::new()?;
        reading.add(ndjson.as_bytes())?;
        reading.end(true)
    }

    /// Reads the job's `failures`, `results` or `items`. `bar` shows how many have been read.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], or if there is no room for a temporary file.
    pub async fn read(client: &Client, id: &str, list: &str, bar: &mut Bar) -> Result<Records, CommandError> {
        let records = Records::read_pages(client, id, list, bar).await;
        bar.clear();
        records
    }

    async fn read_pages(client: &Client, id: &str, list: &str, bar: &mut Bar) -> Result<Records, CommandError> {
        let (mut reading, mut read) = (Reading::new()?, PagesRead::default());
        let mut call = client.request(Method::GET, &["jobs", id, list], &[("format", "ndjson"), ("pageSize", PAGE_SIZE)]);
        loop {
            let answer = client.call(&call).await?;
            let next = pages::next_query(&answer)?;
            reading.add(&answer.body)?;
            bar.say(&format!("{} {list} read", reading.read));
            let Some(query) = next else { return reading.end(true) };
            if answer.body.trim_ascii().is_empty() && may_grow(client, id).await? {
                return reading.end(false);
            }
            read.next(&query, answer.body.trim_ascii().is_empty())?;
            call = call.with_query(&query).patience(Patience::LONG);
        }
    }

    /// Calls `see` with each record, in order.
    ///
    /// # Errors
    ///
    /// Those of `see`, or if the temporary file cannot be read.
    pub fn each(&self, mut see: impl FnMut(Record) -> Result<(), CommandError>) -> Result<(), CommandError> {
        let mut records = self.pull()?;
        while let Some(record) = records.record()? {
            see(record)?;
        }
        Ok(())
    }

    /// The records one by one, from the first on. Only one reader at a time may be used.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be read.
    pub fn pull(&self) -> Result<Pull<'_>, CommandError> {
        let mut reader = BufReader::new(&self.spool);
        reader.rewind().map_err(anyhow::Error::from)?;
        Ok(Pull { reader, line: Vec::new(), place: 0 })
    }

    /// The record at a place that [`Pull::place`] returned.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be read.
    pub fn at<T: DeserializeOwned>(&self, place: u64) -> Result<T, CommandError> {
        let (mut line, mut piece) = (Vec::new(), [0; RECORD_BYTES_USUAL]);
        loop {
            let read = self.spool.read_at(&mut piece, place + line.len() as u64).map_err(anyhow::Error::from)?;
            let end = piece[..read].iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(&piece[..end.unwrap_or(read)]);
            if end.is_some() || read == 0 {
                return Ok(serde_json::from_slice(&line).map_err(ClientError::Answer)?);
            }
        }
    }

    /// What the values of this column are; `None` if none is known.
    #[must_use]
    pub fn kind(&self, column: &str) -> Option<Kind> {
        self.kinds.get(column).copied()
    }
}

impl Pull<'_> {
    /// The next record.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be read.
    pub fn record<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CommandError> {
        loop {
            self.line.clear();
            let read = self.reader.read_until(b'\n', &mut self.line).map_err(anyhow::Error::from)?;
            if read == 0 {
                return Ok(None);
            }
            self.place += read as u64;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(serde_json::from_slice(&self.line).map_err(ClientError::Answer)?));
            }
        }
    }

    /// The place of the next record.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.place
    }
}

fn no_room(source: io::Error) -> CommandError {
    CommandError::NoRoom { directory: std::env::temp_dir().display().to_string(), source }
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

fn note_kinds(kinds: &mut HashMap<String, Kind>, value: &RawValue) {
    let Some(Members(members)) = members(value) else { return };
    for (name, member) in members {
        let Some(kind) = Kind::of(member) else { continue };
        if kinds.len() >= KINDS_MAX && !kinds.contains_key(&name) {
            continue;
        }
        let known = kinds.entry(name).or_insert(kind);
        if *known != kind {
            *known = Kind::Mixed;
        }
    }
}

/// True until the job has ended and its numbers are final: its lists may grow.
pub async fn may_grow(client: &Client, id: &str) -> Result<bool, ClientError> {
    let told = client.job(&client.get(&["jobs", id]).patience(Patience::LONG)).await?;
    Ok(!told.view.is_settled())
}
