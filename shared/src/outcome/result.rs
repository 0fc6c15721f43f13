//! The result of an item.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::failure::Failure;
use crate::limits::OUTPUT_BYTES_MAX;

/// The output of an item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The item's id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The output, byte for byte; `None` if it was too large to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
}

impl OutputRecord {
    /// An output larger than the limit is left out, and says so.
    pub(super) fn within_limit(self) -> Self {
        let is_kept = self.output.as_ref().is_none_or(|value| value.get().len() <= OUTPUT_BYTES_MAX);
        if is_kept { self } else { Self { output: None, ..self } }
    }
}

/// The final result of an item.
#[derive(Debug, Clone)]
pub enum ItemResult {
    /// It succeeded, with or without an output.
    Processed(Option<OutputRecord>),
    /// It failed for good.
    Failed(Failure),
}

impl ItemResult {
    /// About how many bytes have to be kept of it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Processed(None) => 0,
            Self::Processed(Some(record)) => record.output.as_ref().map_or(0, |output| output.get().len()),
            Self::Failed(failure) => failure.item.get().len() + failure.message.len(),
        }
    }
}
