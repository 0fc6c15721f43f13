//! Finds the chunks of failed items by the items' indexes. A part's row does not say where its chunks begin, but their
//! outcome rows do, and they are in order: so they are searched by halves.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::value::RawValue;

use crate::app::App;
use crate::corrections::Values;
use crate::error::JobError;
use crate::ids::ChunkId;
use crate::outcome::Outcome;
use crate::part::{Part, Register};

/// How many rows are read or written at a time.
pub(super) const ROWS_AT_ONCE: usize = 16;
/// A chunk with failed items that are to be corrected.
pub(super) struct FailedChunk {
    pub(super) id: ChunkId,
    /// The new values of its failed items.
    pub(super) values: Values,
}

impl FailedChunk {
    /// The values that are for failed items of this outcome.
    fn of(outcome: &Outcome, values: &[(u64, &RawValue)]) -> Self {
        let all = outcome.failed();
        let failed = values.iter().filter(|(index, _)| all.contains(index));
        Self { id: outcome.id, values: failed.map(|(index, value)| (*index, (*value).to_owned())).collect() }
    }
}

/// The chunks of a part in which some of these items failed. The items are in order, and all in the part.
pub(super) async fn failed_chunks(app: &App, part: &Part, values: &[(u64, &RawValue)]) -> Result<Vec<FailedChunk>, JobError> {
    let failed = |(chunk, register): (&u16, &Register)| (register.counts().failed > 0).then_some(*chunk);
    let chunks: Vec<u16> = part.registers.iter().filter_map(failed).collect();
    let (mut found, mut spans) = (Vec::new(), vec![(&chunks[..], values)]);
    loop {
        spans.retain(|(chunks, values)| !chunks.is_empty() && !values.is_empty());
        if spans.is_empty() {
            return Ok(found);
        }
        let middle = |chunks: &[u16]| ChunkId { job: part.job, part: part.number, chunk: chunks[chunks.len() / 2] };
        let reads: Vec<_> = spans.iter().map(|(chunks, _)| app.ledger.outcome(middle(chunks))).collect();
        let outcomes: Vec<Option<Outcome>> = stream::iter(reads).buffered(ROWS_AT_ONCE).try_collect().await?;
        let mut halves = Vec::new();
        for ((chunks, values), outcome) in spans.into_iter().zip(outcomes) {
            // A row that its register shows is only missing if the job is being deleted.
            let Some(outcome) = outcome else { continue };
            let first = outcome.first_index;
            let (before, rest) = values.split_at(values.partition_point(|(index, _)| *index < first));
            let (within, after) = rest.split_at(rest.partition_point(|(index, _)| *index < first + u64::from(outcome.items)));
            let chunk = FailedChunk::of(&outcome, within);
            found.extend(Some(chunk).filter(|chunk| !chunk.values.is_empty()));
            halves.extend([(&chunks[..chunks.len() / 2], before), (&chunks[chunks.len() / 2 + 1..], after)]);
        }
        spans = halves;
    }
}
