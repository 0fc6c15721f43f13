//! A processor as callers of the HTTP API see it.

use serde::{Deserialize, Serialize};

use crate::limits::ITEMS_PER_CHUNK_MAX;
use crate::options::Options;

/// A processor as callers of the HTTP API see it. `HEADWAY_PROCESSORS` is a JSON list of these.
///
/// ```
/// use headway_processor::{Options, ProcessorInfo};
///
/// let options = Options { description: "Writes an invoice for each order".to_owned(), ..Options::default() };
/// let info = ProcessorInfo::new("invoices", &options);
/// assert_eq!((info.name.as_str(), info.chunk_size), ("invoices", 250));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessorInfo {
    /// The name that jobs use.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of `params`.
    #[serde(default = "any_params")]
    pub params_schema: serde_json::Value,
    /// The most items in a chunk.
    #[serde(default = "chunk_size_default")]
    pub chunk_size: u16,
    /// The most items that one call of the processor gets.
    #[serde(default = "batch_default", skip_serializing_if = "is_batch_default")]
    pub batch: u16,
    /// The most attempts for an item.
    #[serde(default = "max_attempts_default")]
    pub max_attempts: u32,
    /// The longest that one call may take, in whole seconds, rounded up.
    #[serde(default = "item_timeout_default")]
    pub item_timeout_seconds: u64,
    /// True if the processor asks for this chunk size, false if it is only the maximum.
    #[serde(skip)]
    pub chunk_size_asked: bool,
}

impl ProcessorInfo {
    /// The description of a processor with these options.
    pub fn new(name: &str, options: &Options) -> Self {
        Self {
            name: name.to_owned(),
            description: options.description.clone(),
            params_schema: options.params_schema.clone(),
            chunk_size: options.chunk_size.unwrap_or(chunk_size_default()),
            batch: options.batch.clamp(1, chunk_size_default()),
            max_attempts: options.attempts_max,
            item_timeout_seconds: options.item_timeout.as_millis().div_ceil(1_000) as u64,
            chunk_size_asked: options.chunk_size.is_some(),
        }
    }
}

fn any_params() -> serde_json::Value {
    serde_json::json!({})
}

const fn chunk_size_default() -> u16 {
    ITEMS_PER_CHUNK_MAX as u16
}

fn batch_default() -> u16 {
    Options::default().batch
}

/// A batch of 1 is not written. So documents that were written before batches existed are still equal.
fn is_batch_default(batch: &u16) -> bool {
    *batch == batch_default()
}

fn max_attempts_default() -> u32 {
    Options::default().attempts_max
}

fn item_timeout_default() -> u64 {
    Options::default().item_timeout.as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Bug found: a time limit of 400 ms was shown as 0.
    #[test]
    fn a_part_of_a_second_counts_as_one() {
        let seconds = [1, 400, 1_000, 1_001, 3_600_000].map(|ms| {
            let options = Options { item_timeout: Duration::from_millis(ms), ..Options::default() };
            ProcessorInfo::new("p", &options).item_timeout_seconds
        });
        assert_eq!(seconds, [1, 1, 1, 2, 3_600]);
    }
}
