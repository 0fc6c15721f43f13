//! Sends a source in parts, a few side by side: one thread reads, cuts and packs, the rest is waiting for answers.
//!
//! Memory is bounded by the parts in flight, whatever the source's size.

use std::collections::BTreeMap;
use std::sync::Arc;

use headway::limits::PARTS_PER_JOB_MAX;
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Call, Client, ClientError, Patience};
use crate::cut::{Packed, Part, PartCutter};
use crate::error::CommandError;
use crate::input::Source;
use crate::job::Told;
use crate::pages;
use crate::survey::Survey;

/// Parts on their way at once.
const IN_FLIGHT_MAX: usize = 4;

/// One source on its way into one job.
pub struct Upload {
    /// Whom to send to.
    pub client: Arc<Client>,
    /// Into which job.
    pub job_id: String,
    /// What to send.
    pub source: Source,
    /// How the job is cut.
    pub items_per_chunk_max: u16,
}

/// A part that the server has, as the ledger shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartThere {
    /// Its number.
    pub part: u32,
    /// The index of its first item.
    pub first_index: u64,
    /// Its items.
    pub total_items: u64,
}

/// What a job holds once all of a source has been sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Parts in all.
    pub parts: u32,
    /// Items in all.
    pub items: u64,
    /// Parts that were there before, and were not sent again.
    pub skipped: u32,
}

/// What the reading thread hands over.
enum Made {
    Part { call: Box<Call>, items: u64 },
    There { items: u64 },
}

impl Upload {
    /// The parts that the server has, which are parts of what was surveyed.
    ///
    /// # Errors
    /// As [`Client::call`], or if the job was begun with another file or cut.
    pub async fn parts_there_of(&self, survey: &Survey) -> Result<BTreeMap<u32, PartThere>, CommandError> {
        let list = pages::joined(&self.client, "parts", usize::MAX, |token, size| {
            pages::parts_call(&self.client, &self.job_id, token, size).patience(Patience::LONG)
        });
        let mut there = BTreeMap::new();
        for raw in list.await?.elements {
            let part: PartThere = serde_json::from_str(raw.get()).map_err(ClientError::Answer)?;
            there.insert(part.part, part);
        }
        same_file(&there, &survey.parts)?;
        Ok(there)
    }

    /// Sends all parts but those that are `there`; tells how many items are there after each.
    ///
    /// # Errors
    /// If the source cannot be read, does not fit what is there, or a part is refused.
    pub async fn send(&self, there: BTreeMap<u32, PartThere>, mut progress: impl FnMut(u64)) -> Result<Sent, CommandError> {
        let mut made = self.read(there)?;
        let mut flying: JoinSet<Result<u64, ClientError>> = JoinSet::new();
        let (mut sent, mut arrived, mut reading) = (Sent::default(), 0, true);
        while reading || !flying.is_empty() {
            tokio::select! {
                part = made.recv(), if reading && flying.len() < IN_FLIGHT_MAX => match part.transpose()? {
                    None => reading = false,
                    Some(Made::There { items }) => {
                        sent = Sent { parts: sent.parts + 1, items: sent.items + items, skipped: sent.skipped + 1 };
                        arrived += items;
                    }
                    Some(Made::Part { call, items }) => {
                        sent = Sent { parts: sent.parts + 1, items: sent.items + items, ..sent };
                        let client = Arc::clone(&self.client);
                        flying.spawn(async move { client.call(&call).await.map(|_| items) });
                    }
                },
                Some(answered) = flying.join_next() => arrived += answered.map_err(anyhow::Error::from)??,
            }
            progress(arrived);
        }
        Ok(sent)
    }

    /// Says that there are no more parts.
    ///
    /// # Errors
    /// As [`Client::call`]; `part-missing` if the server lacks one.
    pub async fn seal(&self, parts: u32) -> Result<Told, ClientError> {
        let body = format!("{{\"parts\":{parts}}}");
        let call = self.client.post(&["jobs", &self.job_id, "seal"]).json(body.into());
        self.client.job(&call.patience(Patience::LONG)).await
    }

    fn read(&self, there: BTreeMap<u32, PartThere>) -> Result<mpsc::Receiver<Result<Made, CommandError>>, CommandError> {
        let (sender, receiver) = mpsc::channel(1);
        let reading = Reading { client: Arc::clone(&self.client), job_id: self.job_id.clone(), there, sender };
        let (source, items_per_chunk_max) = (self.source.clone(), self.items_per_chunk_max);
        // Not one of the runtime's threads: a read of stdin may never return.
        std::thread::Builder::new()
            .name("read".to_owned())
            .spawn(move || reading.run(&source, items_per_chunk_max))
            .map_err(anyhow::Error::from)?;
        Ok(receiver)
    }
}

/// The reading thread.
struct Reading {
    client: Arc<Client>,
    job_id: String,
    there: BTreeMap<u32, PartThere>,
    sender: mpsc::Sender<Result<Made, CommandError>>,
}

impl Reading {
    fn run(mut self, source: &Source, items_per_chunk_max: u16) {
        if let Err(error) = self.all(source, items_per_chunk_max) {
            // Nobody listens any more if the command was interrupted or a part was refused.
            let _ = self.sender.blocking_send(Err(error));
        }
    }

    fn all(&mut self, source: &Source, items_per_chunk_max: u16) -> Result<(), CommandError> {
        let mut items = source.open()?;
        let mut cutter = PartCutter::new(items_per_chunk_max);
        let mut item = Vec::new();
        while items.next(&mut item)? {
            if let Some(part) = cutter.push(&item)
                && !self.hand_over(part)?
            {
                return Ok(());
            }
        }
        if let Some(part) = cutter.finish() {
            self.hand_over(part)?;
        }
        Ok(())
    }

    /// False if nobody listens any more.
    fn hand_over(&mut self, part: Part) -> Result<bool, CommandError> {
        if part.number >= PARTS_PER_JOB_MAX {
            return Err(CommandError::TooMuch(format!(
                "the input is more than the {PARTS_PER_JOB_MAX} parts of one job: split it, or give a larger --chunk-size"
            )));
        }
        let items = part.items;
        let made = match self.there.remove(&part.number) {
            Some(there) => same_place(&there, (part.first_index, part.items)).map(|()| Made::There { items })?,
            None => Made::Part { call: Box::new(self.put(part)), items },
        };
        Ok(self.sender.blocking_send(Ok(made)).is_ok())
    }

    fn put(&self, part: Part) -> Call {
        let (number, first_index) = (part.number.to_string(), part.first_index.to_string());
        let Packed { body, gzip } = part.pack();
        let path = ["jobs", &self.job_id, "parts", &number];
        self.client.request(Method::PUT, &path, &[("firstIndex", &first_index)]).part(body, gzip).patience(Patience::LONG)
    }
}

/// Checks that a file, cut into these parts, is what the parts that are there came from, as far as places tell. The
/// bytes the server compares itself.
fn same_file(there: &BTreeMap<u32, PartThere>, parts: &[(u64, u64)]) -> Result<(), CommandError> {
    there.values().try_for_each(|known| match parts.get(known.part as usize) {
        Some(place) => same_place(known, *place),
        None => Err(CommandError::Differs(format!(
            "the job holds part {}, but the file ends before it: give the same file as at first",
            known.part
        ))),
    })
}

fn same_place(there: &PartThere, (first_index, items): (u64, u64)) -> Result<(), CommandError> {
    if (there.first_index, there.total_items) == (first_index, items) {
        return Ok(());
    }
    Err(CommandError::Differs(format!(
        "part {} of the job holds {} items from {}, of this file it would be {items} from {first_index}: give the same file and \
         the same --format and --chunk-size as at first",
        there.part, there.total_items, there.first_index
    )))
}
