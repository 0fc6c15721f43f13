//! The items of a part, cut into chunks.

use serde_json::value::RawValue;

use crate::app::App;
use crate::job::Job;
use crate::limits::CHUNKS_PER_PART_MAX;
use crate::part::Part;
use crate::split::{Split, fingerprint};

/// The items of a chunk.
pub(super) type ChunkItems = Vec<Box<RawValue>>;

/// The items of a part to be put, cut into chunks.
#[derive(Debug)]
pub(super) struct PartItems {
    /// Its number in the job, from 0.
    pub(super) number: u32,
    /// The index of its first item.
    pub(super) first_index: u64,
    /// Its items.
    pub(super) chunks: Vec<ChunkItems>,
}

impl PartItems {
    /// The part's row as it is put.
    pub(super) fn row(&self, app: &App, job: &Job) -> Part {
        let items = self.chunks.iter().map(Vec::len).sum::<usize>();
        let bytes = self.chunks.iter().flatten().map(|item| item.get().len()).sum::<usize>();
        Part {
            bytes: bytes as u32,
            fingerprint: fingerprint(self.first_index, &self.chunks),
            round: job.round,
            ..Part::new((job.id, self.number), self.first_index, items as u32, self.chunks.len() as u16, app.clock.now())
        }
    }
}

/// The items cut into chunks.
pub(super) fn cut(split: Split, items: impl IntoIterator<Item = Box<RawValue>>) -> Vec<ChunkItems> {
    split.cut(items, |item| item.get().len())
}

/// All chunks of a job as parts: each part has the maximum number of chunks, and the last one has the rest.
pub(super) fn parts_of(chunks: Vec<ChunkItems>) -> Vec<PartItems> {
    let mut parts: Vec<PartItems> = Vec::new();
    let mut first_index = 0;
    for chunk in chunks {
        let items = chunk.len() as u64;
        match parts.last_mut().filter(|part| part.chunks.len() < CHUNKS_PER_PART_MAX) {
            Some(part) => part.chunks.push(chunk),
            None => parts.push(PartItems { number: parts.len() as u32, first_index, chunks: vec![chunk] }),
        }
        first_index += items;
    }
    parts
}
