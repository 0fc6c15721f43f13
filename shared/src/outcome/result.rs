//! The result of an item.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::failure::Failure;
use super::readable::is_readable;
use crate::limits::OUTPUT_BYTES_MAX;
use crate::shortest::value_within;

/// The output of an item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The item's id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The output as it is [kept]; `None` if it is not. The JSON `null` is an output.
    #[serde(default, deserialize_with = "raw_if_there", skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
}

/// The output as it is kept: byte for byte, or in its shortest form if it is larger than the limit. `None` if that is too large
/// too, or others cannot read it.
pub fn kept(output: Box<RawValue>) -> Option<Box<RawValue>> {
    value_within(OUTPUT_BYTES_MAX, output).filter(|output| is_readable(output.get()))
}

impl OutputRecord {
    /// An output that cannot be [kept] is left out, and says so.
    pub(super) fn within_limit(self) -> Self {
        Self { output: self.output.and_then(kept), ..self }
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
    use crate::limits::OUTPUT_DEPTH_MAX;

    /// Bug found: only an answer of an endpoint or a function was shortened. A processor in Rust that passed on what another service
    /// had written with spaces and escapes lost it, whatever its size without them.
    #[test]
    fn an_output_that_is_too_large_is_kept_in_its_shortest_form() {
        let spaces = " ".repeat(OUTPUT_BYTES_MAX);
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (written, expected) in [
            (format!("[{spaces}1 , 1.10]"), Some("[1,1.10]".to_owned())),
            (format!("\"{}\"", "\\u0041".repeat(100_000)), Some(format!("\"{}\"", "A".repeat(100_000)))),
            ("[ 1 ]".to_owned(), Some("[ 1 ]".to_owned())),
            (format!("[{spaces}\"{}\"]", "x".repeat(OUTPUT_BYTES_MAX - 3)), None),
            (format!("[{spaces}1e999]"), None),
            (format!("[{spaces}\"\\ud83d\"]"), None),
            (format!("{}{spaces}", nested(OUTPUT_DEPTH_MAX)), Some(nested(OUTPUT_DEPTH_MAX))),
            (format!("[{spaces}{}]", nested(OUTPUT_DEPTH_MAX)), None),
        ] {
            let output = kept(RawValue::from_string(written).unwrap());
            assert_eq!(output.as_deref().map(RawValue::get), expected.as_deref());
        }
    }

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
