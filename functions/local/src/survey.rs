//! A first read through a file: how much it holds, and whether all of it can be read, before anything is sent.

use headway::limits::{ITEMS_PER_JOB_MAX, PARTS_PER_JOB_MAX};
use tokio::sync::oneshot;

use crate::cut::{Part, PartCutter};
use crate::error::CommandError;
use crate::input::{InputError, Source};

/// How much a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Its items.
    pub items: u64,
    /// Their bytes as JSON.
    pub bytes: u64,
    /// The chunks they are cut into.
    pub chunks: u64,
    /// Their bytes once packed for sending; 0 unless that was asked for.
    pub packed_bytes: u64,
    /// The parts they are sent in: the index of the first item, and how many items.
    pub parts: Vec<(u64, u64)>,
}

impl Survey {
    /// Reads the source to its end on a thread of its own, so that Ctrl-C is still heard.
    ///
    /// # Errors
    /// If any item cannot be read.
    pub async fn of(source: &Source, items_per_chunk_max: u16) -> Result<Survey, CommandError> {
        Survey::take(source, items_per_chunk_max, false).await
    }

    /// The same, with the parts packed too, which takes longer.
    ///
    /// # Errors
    /// If any item cannot be read.
    pub async fn packed(source: &Source, items_per_chunk_max: u16) -> Result<Survey, CommandError> {
        Survey::take(source, items_per_chunk_max, true).await
    }

    async fn take(source: &Source, items_per_chunk_max: u16, pack: bool) -> Result<Survey, CommandError> {
        let source = source.clone();
        let (tell, told) = oneshot::channel();
        std::thread::Builder::new()
            .name("survey".to_owned())
            .spawn(move || {
                // Nobody waits any more if the command was interrupted.
                let _ = tell.send(read(&source, items_per_chunk_max, pack));
            })
            .map_err(anyhow::Error::from)?;
        Ok(told.await.map_err(anyhow::Error::from)??)
    }

    /// Whether one job can hold it.
    ///
    /// # Errors
    /// If this is more than one job takes.
    pub fn check(&self, items_per_chunk_max: u16) -> Result<(), CommandError> {
        if self.items > ITEMS_PER_JOB_MAX {
            return Err(CommandError::TooMuch(format!(
                "{} items are more than the {ITEMS_PER_JOB_MAX} of one job: split the file",
                self.items
            )));
        }
        let parts = self.parts.len();
        if parts > PARTS_PER_JOB_MAX as usize {
            return Err(CommandError::TooMuch(format!(
                "in chunks of up to {items_per_chunk_max} items this is {parts} parts, more than the {PARTS_PER_JOB_MAX} of one \
                 job: split the file, or give a larger --chunk-size if items are small"
            )));
        }
        Ok(())
    }

    fn count(&mut self, part: Option<Part>, pack: bool) {
        if let Some(part) = part {
            self.chunks += part.chunks as u64;
            self.parts.push((part.first_index, part.items));
            if pack {
                self.packed_bytes += part.pack().body.len() as u64;
            }
        }
    }
}

fn read(source: &Source, items_per_chunk_max: u16, pack: bool) -> Result<Survey, InputError> {
    let mut items = source.open()?;
    let mut cutter = PartCutter::new(items_per_chunk_max);
    let (mut survey, mut item) = (Survey::default(), Vec::new());
    while items.next(&mut item)? {
        survey.items += 1;
        survey.bytes += item.len() as u64;
        survey.count(cutter.push(&item), pack);
    }
    survey.count(cutter.finish(), pack);
    Ok(survey)
}
