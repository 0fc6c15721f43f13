//! The result of an item.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::failure::Failure;
use super::readable::is_readable;
use crate::limits::OUTPUT_BYTES_MAX;

/// The output of an item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The item's id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The output, byte for byte; `None` if it was too large to keep. The JSON `null` is an output.
    #[serde(default, deserialize_with = "raw_if_there", skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
}

/// True if an output with this JSON text is kept: it is not larger than the limit, and others can read it.
pub fn can_be_kept(json: &str) -> bool {
    json.len() <= OUTPUT_BYTES_MAX && is_readable(json)
}

impl OutputRecord {
    /// An output larger than the limit, or one that others cannot read, is left out, and says so.
    pub(super) fn within_limit(self) -> Self {
        let is_kept = self.output.as_ref().is_none_or(|value| can_be_kept(value.get()));
        if is_kept { self } else { Self { output: None, ..self } }
    }
}

/// Reads a value that is there, so that the JSON `null` is a value and not an absence. A member that is not there needs
/// `#[serde(default)]`.
///
/// # Errors
///
/// It is not JSON.
pub fn raw_if_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: an output that is `null` was read back as one that had been too large to keep.
    #[test]
    fn every_output_is_read_back_as_it_was_written() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        for text in ["null", "false", "0", "\"\"", "[]", "{}", "[null]", "{\"a\":null}", "1.0e2"] {
            let written = serde_json::to_string(&OutputRecord { id: None, output: Some(raw(text)) }).unwrap();
            let read: OutputRecord = serde_json::from_str(&written).unwrap();
            assert_eq!(read.output.as_deref().map(RawValue::get), Some(text), "{written}");
        }
        let omitted = serde_json::to_string(&OutputRecord { id: Some("a".to_owned()), output: None }).unwrap();
        let read: OutputRecord = serde_json::from_str(&omitted).unwrap();
        assert_eq!((omitted.as_str(), read.output.is_none()), (r#"{"id":"a"}"#, true));
    }
}
