//! Sends a source in parts, a few at a time. One thread reads, cuts and compresses; async tasks send the parts.
//!
//! Memory is limited by the parts in flight, whatever the source's size. Every part is sent, even if the job has it
//! already: the server compares it byte for byte.

use std::collections::BTreeSet;
use std::sync::Arc;

use headway_core::counted;
use reqwest::Method;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Answer, Call, Client, ClientError, Patience};
use crate::cut::{Packed, Part, PartCutter};
use crate::difference::{Difference, first_difference};
use crate::error::CommandError;
use crate::input::{InputError, Opened};
use crate::job::FetchedJob;
use crate::sent_rows::{RowDigest, SentRows};
use crate::server_part::ServerPart;
use crate::survey::{PartPlace, Survey, checksum};

/// How many parts are sent at the same time.
const IN_FLIGHT_MAX: usize = 4;

/// The sending of one source to one job.
#[derive(Clone)]
pub struct Upload {
    /// The client of the server.
    pub client: Arc<Client>,
    /// The job's id.
    pub job_id: String,
    /// The opened source.
    pub opened: Opened,
    /// What the first reading found.
    pub survey: Arc<Survey>,
    /// The maximum number of items in a chunk of this job.
    pub items_per_chunk_max: u16,
    /// Where a part ends in any case, as in the first reading.
    pub cuts: BTreeSet<u64>,
    /// The record of the rows sent before.
    pub sent_rows: Arc<SentRows>,
}

/// A part that is ready to be sent.
struct ReadyPart {
    call: Call,
    part: u32,
    first_index: u64,
    rows: Vec<RowDigest>,
}

impl Upload {
    /// The parts that the job has, if they have the same places as the file's. This error says more than the server could
    /// say about the bytes.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], or if the job was started with another file or chunk size.
    pub async fn check_places(&self) -> Result<Vec<ServerPart>, CommandError> {
        let parts = ServerPart::of_job(&self.client, &self.job_id).await?;
        for there in &parts {
            let here = self.survey.parts.get(there.part as usize);
            if here.is_none_or(|here| (there.first_index, there.total_items) != (here.first_index, here.items)) {
                return Err(self.misplaced(there, here));
            }
        }
        Ok(parts)
    }

    /// The numbers of all parts.
    #[must_use]
    pub fn all(&self) -> BTreeSet<u32> {
        (0..).take(self.survey.parts.len()).collect()
    }

    /// Sends the parts with these numbers. After each, `progress` is told how many of their items have arrived.
    ///
    /// # Errors
    ///
    /// If the source cannot be read or has changed, or a part is refused. If the job has other rows, the first part
    /// that differs is named.
    pub async fn send(&self, wanted: BTreeSet<u32>, mut progress: impl FnMut(u64)) -> Result<(), CommandError> {
        let mut made = self.read(wanted)?;
        let mut flying = JoinSet::new();
        let (mut arrived, mut reading, mut differs) = (0, true, None);
        while reading || !flying.is_empty() {
            tokio::select! {
                part = made.recv(), if reading && flying.len() < IN_FLIGHT_MAX => match part.transpose()? {
                    None => reading = false,
                    Some(ReadyPart { call, part, first_index, rows }) => {
                        let client = Arc::clone(&self.client);
                        flying.spawn(async move { (part, client.call(&call).await.and_then(|answer| require_accepted(&answer)).map(|()| (first_index, rows))) });
                    }
                },
                Some(answered) = flying.join_next() => match answered.map_err(anyhow::Error::from)? {
                    (_, Ok((first_index, rows))) => {
                        self.sent_rows.confirm(first_index, &rows);
                        arrived += rows.len() as u64;
                    }
                    // Earlier parts are still being sent, and the first that differs has to be named.
                    (part, Err(error)) if error.is_problem("part-differs") => {
                        reading = false;
                        differs = Some(differs.map_or(part, |other: u32| other.min(part)));
                    }
                    (_, Err(error)) => return Err(error.into()),
                },
            }
            progress(arrived);
        }
        differs.map_or(Ok(()), |part| Err(self.differs(part)))
    }

    /// Seals the job.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; `part-missing` if the server lacks a part.
    pub async fn seal(&self) -> Result<FetchedJob, ClientError> {
        let body = format!("{{\"parts\":{}}}", self.survey.parts.len());
        let call = self.client.post(&["jobs", &self.job_id, "seal"]).json(body.into());
        let told = self.client.job(&call.patience(Patience::LONG)).await?;
        self.sent_rows.complete();
        Ok(told)
    }

    /// Says why a part of the job differs from the one cut from this file: a different row, the end of the file, or a different cut.
    fn misplaced(&self, there: &ServerPart, here: Option<&PartPlace>) -> CommandError {
        let (number, first, last) = (there.part, there.first_index, there.first_index + there.total_items.max(1) - 1);
        match (first_difference(&self.opened, &self.sent_rows, first, there.total_items), here) {
            (Ok(Some(Difference::Row { index, line })), _) => self.other_row(index, line),
            (Ok(Some(Difference::End { items })), _) => CommandError::Differs(format!(
                "{}: the job has part {number}, items {first} to {last}, but the file ends after {}: give the same file as at \
                 first",
                self.opened.name(),
                counted(items, "item")
            )),
            (_, Some(here)) => CommandError::Differs(format!(
                "part {number} of the job has {} from {first}, but from this file it would have {} from {}: give the same file and the \
                 same --format and --chunk-size as at first",
                counted(there.total_items, "item"),
                here.items,
                here.first_index
            )),
            (_, None) => CommandError::Differs(format!(
                "the job has part {number}, but the file is cut into fewer parts: give the same file and the same --format and --chunk-size as \
                 at first"
            )),
        }
    }

    fn other_row(&self, index: u64, line: u64) -> CommandError {
        CommandError::Differs(format!(
            "{}: the row on line {line} (item {index}) differs from what was sent to this job: give the same file and options as at first, \
             or start a new job",
            self.opened.name()
        ))
    }

    /// Names the first row that differs from what was sent, if that was recorded; otherwise the rows of the part.
    fn differs(&self, part: u32) -> CommandError {
        let place = self.survey.parts.get(part as usize).copied().unwrap_or_default();
        if let Ok(Some(Difference::Row { index, line })) = first_difference(&self.opened, &self.sent_rows, place.first_index, place.items) {
            return self.other_row(index, line);
        }
        let line = |index| self.opened.place_of(index).ok().flatten().map_or_else(|| "?".to_owned(), |place| place.line.to_string());
        let (first, last) = (place.first_index, place.first_index + place.items.max(1) - 1);
        CommandError::Differs(format!(
            "{}: a row from line {} to line {} (items {first} to {last}) differs from what was sent to this job: give the same file and \
             options as at first, or start a new job",
            self.opened.name(),
            line(first),
            line(last),
        ))
    }

    fn read(&self, wanted: BTreeSet<u32>) -> Result<mpsc::Receiver<Result<ReadyPart, CommandError>>, CommandError> {
        let (sender, receiver) = mpsc::channel(1);
        let upload = self.clone();
        // Not one of the runtime's threads, since a read may never return.
        let reading = std::thread::Builder::new().name("read".to_owned()).spawn(move || {
            if let Err(error) = upload.make(&wanted, &sender) {
                // Fails if the command was interrupted or a part was refused: nobody waits any more then.
                let _ = sender.blocking_send(Err(error));
            }
        });
        reading.map_err(anyhow::Error::from)?;
        Ok(receiver)
    }

    /// Makes the parts with these numbers. Nothing after them is read, unless they are the last ones: then the source must end
    /// where it ended in the first reading.
    fn make(&self, wanted: &BTreeSet<u32>, sender: &mpsc::Sender<Result<ReadyPart, CommandError>>) -> Result<(), CommandError> {
        let (mut parts, all) = (0, self.survey.parts.len());
        let end = wanted.last().map_or(0, |last| *last as usize + 1);
        if end == 0 && all > 0 {
            return Ok(());
        }
        let (mut items, mut item) = (self.opened.again().map_err(|error| self.not_as_before(error))?, Vec::new());
        let mut cutter = PartCutter::new(self.items_per_chunk_max, self.cuts.clone());
        let mut hand_on = |part: Part| -> Result<bool, CommandError> {
            parts += 1;
            let goes_on = !wanted.contains(&part.number) || sender.blocking_send(Ok(self.made(part)?)).is_ok();
            Ok(goes_on && (parts < end || end == all))
        };
        while items.next(&mut item).map_err(|error| self.not_as_before(error))?.is_some() {
            if let Some(part) = cutter.push(&item)
                && !hand_on(part)?
            {
                return Ok(());
            }
        }
        if let Some(part) = cutter.finish() {
            hand_on(part)?;
        }
        if parts == all { Ok(()) } else { Err(self.changed()) }
    }

    /// A part, if it still has the checksum of the first reading.
    fn made(&self, part: Part) -> Result<ReadyPart, CommandError> {
        if self.survey.parts.get(part.number as usize).is_none_or(|place| place.checksum != checksum(&part)) {
            return Err(self.changed());
        }
        let (number, first_index) = (part.number, part.first_index);
        let lines = part.ndjson.strip_suffix(b"\n").unwrap_or_default();
        let rows: Vec<RowDigest> = lines.split(|byte| *byte == b'\n').map(RowDigest::of).collect();
        self.sent_rows.begin(first_index, &rows);
        let Packed { body, gzip } = part.pack();
        let (number_text, first_text) = (number.to_string(), first_index.to_string());
        let path = ["jobs", &self.job_id, "parts", &number_text];
        let call = self.client.request(Method::PUT, &path, &[("firstIndex", &first_text)]);
        Ok(ReadyPart { call: call.part(body, gzip).patience(Patience::LONG), part: number, first_index, rows })
    }

    /// The first reading found nothing wrong with the text, so what is wrong with it now was not in the file then.
    fn not_as_before(&self, error: InputError) -> CommandError {
        match error {
            InputError::At { .. } | InputError::In { .. } | InputError::File(_) => self.changed(),
            other => other.into(),
        }
    }

    fn changed(&self) -> CommandError {
        CommandError::Differs(format!("{} was changed while it was being sent: none of the changed items were sent", self.opened.name()))
    }
}

/// Refuses an answer that does not come from a Headway server: the part may never have arrived.
fn require_accepted(answer: &Answer) -> Result<(), ClientError> {
    answer.json::<serde::de::IgnoredAny>().map(|_| ()).map_err(ClientError::Answer)
}
