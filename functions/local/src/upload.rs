//! Sends a source in parts, a few side by side: one thread reads, cuts and packs, the rest is waiting for answers.
//!
//! Memory is bounded by the parts in flight, whatever the source's size. Every part is sent, also one that the job holds
//! already: the server compares it byte for byte.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Answer, Call, Client, ClientError, Patience};
use crate::cut::{Packed, Part, PartCutter};
use crate::error::CommandError;
use crate::input::Opened;
use crate::job::Told;
use crate::pages;
use crate::sent_rows::{RowDigest, SentRows};
use crate::survey::{PartPlace, Survey, checksum};

/// Parts on their way at once.
const IN_FLIGHT_MAX: usize = 4;

/// One source on its way into one job.
#[derive(Clone)]
pub struct Upload {
    /// Whom to send to.
    pub client: Arc<Client>,
    /// Into which job.
    pub job_id: String,
    /// What to send.
    pub opened: Opened,
    /// What was found in it.
    pub survey: Arc<Survey>,
    /// How the job is cut.
    pub items_per_chunk_max: u16,
    /// What was sent before.
    pub sent_rows: Arc<SentRows>,
}

/// A part that the server has, as the ledger shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartThere {
    part: u32,
    first_index: u64,
    total_items: u64,
}

/// Where a file is not what was sent.
enum Difference {
    /// A row is another.
    Row { index: u64, line: u64 },
    /// There are no more rows.
    End { items: u64 },
}

/// A part ready to be sent.
struct Made {
    call: Call,
    part: u32,
    first_index: u64,
    rows: Vec<RowDigest>,
}

impl Upload {
    /// Checks that the parts the job holds have the places of the file's, which says more than the server could of their bytes.
    ///
    /// # Errors
    /// As [`Client::call`], or if the job was begun with another file or cut.
    pub async fn check_places(&self) -> Result<(), CommandError> {
        let list = pages::joined(&self.client, "parts", usize::MAX, |token, size| {
            pages::parts_call(&self.client, &self.job_id, token, size).patience(Patience::LONG)
        });
        for raw in list.await?.elements {
            let there: PartThere = serde_json::from_str(raw.get()).map_err(ClientError::Answer)?;
            let here = self.survey.parts.get(there.part as usize);
            if here.is_none_or(|here| (there.first_index, there.total_items) != (here.first_index, here.items)) {
                return Err(self.misplaced(&there, here));
            }
        }
        Ok(())
    }

    /// Sends all parts; tells how many items have arrived after each.
    ///
    /// # Errors
    /// If the source cannot be read or changed, or a part is refused. If the job holds other rows, the first part that
    /// differs is named.
    pub async fn send(&self, mut progress: impl FnMut(u64)) -> Result<(), CommandError> {
        let mut made = self.read()?;
        let mut flying = JoinSet::new();
        let (mut arrived, mut reading, mut differs) = (0, true, None);
        while reading || !flying.is_empty() {
            tokio::select! {
                part = made.recv(), if reading && flying.len() < IN_FLIGHT_MAX => match part.transpose()? {
                    None => reading = false,
                    Some(Made { call, part, first_index, rows }) => {
                        let client = Arc::clone(&self.client);
                        flying.spawn(async move { (part, client.call(&call).await.and_then(|answer| taken(&answer)).map(|()| (first_index, rows))) });
                    }
                },
                Some(answered) = flying.join_next() => match answered.map_err(anyhow::Error::from)? {
                    (_, Ok((first_index, rows))) => {
                        self.sent_rows.confirm(first_index, &rows);
                        arrived += rows.len() as u64;
                    }
                    // Those before it are still on their way: the first that differs is the one to name.
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

    /// Says that there are no more parts.
    ///
    /// # Errors
    /// As [`Client::call`]; `part-missing` if the server lacks one.
    pub async fn seal(&self) -> Result<Told, ClientError> {
        let body = format!("{{\"parts\":{}}}", self.survey.parts.len());
        let call = self.client.post(&["jobs", &self.job_id, "seal"]).json(body.into());
        let told = self.client.job(&call.patience(Patience::LONG)).await?;
        self.sent_rows.complete();
        Ok(told)
    }

    /// Says why a part of the job is not where it would be cut from this file: another row, the file's end, or another cut.
    fn misplaced(&self, there: &PartThere, here: Option<&PartPlace>) -> CommandError {
        let (number, first, last) = (there.part, there.first_index, there.first_index + there.total_items.max(1) - 1);
        match (self.first_difference(first, there.total_items), here) {
            (Ok(Some(Difference::Row { index, line })), _) => self.other_row(index, line),
            (Ok(Some(Difference::End { items })), _) => CommandError::Differs(format!(
                "{}: the job holds part {number}, items {first} to {last}, but the file ends after {items} items: give the same file as at \
                 first",
                self.opened.name()
            )),
            (_, Some(here)) => CommandError::Differs(format!(
                "part {number} of the job holds {} items from {first}, of this file it would be {} from {}: give the same file and the \
                 same --format and --chunk-size as at first",
                there.total_items, here.items, here.first_index
            )),
            (_, None) => CommandError::Differs(format!(
                "the job holds part {number}, but the file is cut into fewer: give the same file and the same --format and --chunk-size as \
                 at first"
            )),
        }
    }

    fn other_row(&self, index: u64, line: u64) -> CommandError {
        CommandError::Differs(format!(
            "{}: the row on line {line} (item {index}) is not as it was sent to this job: give the same file and options as at first, \
             or start a new job",
            self.opened.name()
        ))
    }

    /// Names the first row of a part that differs from what was sent, if that was noted; else the rows it is among.
    fn differs(&self, part: u32) -> CommandError {
        let place = self.survey.parts.get(part as usize).copied().unwrap_or_default();
        if let Ok(Some(Difference::Row { index, line })) = self.first_difference(place.first_index, place.items) {
            return self.other_row(index, line);
        }
        let line = |index| self.opened.place_of(index).ok().flatten().map_or_else(|| "?".to_owned(), |place| place.line.to_string());
        let (first, last) = (place.first_index, place.first_index + place.items.max(1) - 1);
        CommandError::Differs(format!(
            "{}: a row from line {} to line {} (items {first} to {last}) is not as it was sent to this job: give the same file and \
             options as at first, or start a new job",
            self.opened.name(),
            line(first),
            line(last),
        ))
    }

    /// The first of these items that is not as it was sent, as far as that was noted.
    fn first_difference(&self, first_index: u64, count: u64) -> Result<Option<Difference>, CommandError> {
        let known = self.sent_rows.known(first_index, usize::try_from(count).unwrap_or_default());
        let (mut items, mut item) = (self.opened.again()?, Vec::new());
        for index in 0..first_index + count {
            let Some(begins) = items.next(&mut item)? else { return Ok(Some(Difference::End { items: index })) };
            let was = index.checked_sub(first_index).and_then(|row| known.get(usize::try_from(row).ok()?).copied().flatten());
            if was.is_some_and(|was| was != RowDigest::of(&item)) {
                return Ok(Some(Difference::Row { index, line: begins.line }));
            }
        }
        Ok(None)
    }

    fn read(&self) -> Result<mpsc::Receiver<Result<Made, CommandError>>, CommandError> {
        let (sender, receiver) = mpsc::channel(1);
        let upload = self.clone();
        // Not one of the runtime's threads: a read may never return.
        let reading = std::thread::Builder::new().name("read".to_owned()).spawn(move || {
            if let Err(error) = upload.all(&sender) {
                // Nobody listens any more if the command was interrupted or a part was refused.
                let _ = sender.blocking_send(Err(error));
            }
        });
        reading.map_err(anyhow::Error::from)?;
        Ok(receiver)
    }

    fn all(&self, sender: &mpsc::Sender<Result<Made, CommandError>>) -> Result<(), CommandError> {
        let mut items = self.opened.again()?;
        let mut cutter = PartCutter::new(self.items_per_chunk_max);
        let (mut item, mut parts) = (Vec::new(), 0);
        while items.next(&mut item)?.is_some() {
            if let Some(part) = cutter.push(&item) {
                parts += 1;
                if sender.blocking_send(Ok(self.made(part)?)).is_err() {
                    return Ok(());
                }
            }
        }
        if let Some(part) = cutter.finish() {
            parts += 1;
            let _ = sender.blocking_send(Ok(self.made(part)?));
        }
        if parts == self.survey.parts.len() { Ok(()) } else { Err(self.changed()) }
    }

    /// A part, if it is what was found there at first.
    fn made(&self, part: Part) -> Result<Made, CommandError> {
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
        Ok(Made { call: call.part(body, gzip).patience(Patience::LONG), part: number, first_index, rows })
    }

    fn changed(&self) -> CommandError {
        CommandError::Differs(format!("{} was changed while it was being sent: nothing is sent of what changed", self.opened.name()))
    }
}

/// Refuses an answer that no Headway server gives to a part: it may never have arrived.
fn taken(answer: &Answer) -> Result<(), ClientError> {
    answer.json::<serde::de::IgnoredAny>().map(|_| ()).map_err(ClientError::Answer)
}
