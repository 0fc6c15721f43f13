//! Checks a submission and makes nothing.

use super::start::{Checked, checked, owned_if_there};
use super::submission::Submission;
use crate::app::App;
use crate::error::JobError;
use crate::limits::CHUNKS_PER_PART_MAX;
use crate::prices::{BYTES_PER_ITEM_DEFAULT, Load, MS_PER_ITEM_DEFAULT, output_bytes};
use headway_processor::ProcessorInfo;

/// What a submission would become.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// How many chunks.
    pub chunks: u64,
    /// What it would cost, in US dollars.
    pub usd: f64,
    /// How long its items would take one after the other, in seconds.
    pub seconds: f64,
}

/// Checks a submission as [`start_job`](super::start_job) does, with its key, except for what its owner has used already. If
/// its items follow as parts, the plan is for the number of items that is expected.
///
/// # Errors
///
/// Those of [`start_job`](super::start_job), except [`JobError::Quota`].
pub async fn validate(app: &App, info: &ProcessorInfo, mut submission: Submission) -> Result<Planned, JobError> {
    let Checked { split, parts } = checked(info, &mut submission)?;
    if let Some(key) = &submission.key
        && let Some(known) = app.ledger.submission(&submission.user_id, &key.key_hash).await?
        && known.fingerprint != key.fingerprint
        && owned_if_there(app, &known).await?.is_some()
    {
        return Err(JobError::KeyReused);
    }
    let chunks: Vec<usize> = parts.iter().flatten().flat_map(|part| &part.chunks).map(Vec::len).collect();
    let bytes = parts.iter().flatten().flat_map(|part| &part.chunks).flatten().map(|item| item.get().len() as u64).sum();
    let (items, bytes, chunks) = match parts {
        Some(_) => (chunks.iter().sum::<usize>() as u64, bytes, chunks.len() as u64),
        None => {
            let expected = submission.expected_items.unwrap_or(0);
            (expected, expected * BYTES_PER_ITEM_DEFAULT, expected.div_ceil(split.items_per_chunk_max.into()))
        }
    };
    let output_bytes = output_bytes(&submission.processor, bytes);
    let parts = chunks.div_ceil(CHUNKS_PER_PART_MAX as u64);
    let load = Load { items, bytes, packed_bytes: bytes, chunks, parts, ms_per_item: MS_PER_ITEM_DEFAULT, output_bytes };
    Ok(Planned { chunks, usd: load.usd(), seconds: items as f64 * MS_PER_ITEM_DEFAULT / 1_000.0 })
}
