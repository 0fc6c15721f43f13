//! One record of a job.

use headway_core::outcome::raw_if_there;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A failure, a result or an item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The item's index.
    pub index: u64,
    /// Its id.
    pub id: Option<String>,
    /// Why the item failed.
    #[serde(default)]
    pub message: Option<String>,
    /// True if the failed item has a new value already.
    #[serde(default)]
    pub corrected: bool,
    #[serde(default, deserialize_with = "raw_if_there")]
    item: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "raw_if_there")]
    output: Option<Box<RawValue>>,
    /// Only the list of all items has it, and only from newer servers.
    #[serde(default)]
    has_output: Option<bool>,
    #[serde(default)]
    output_omitted: bool,
    /// Only the list of all items has it.
    #[serde(default)]
    status: Option<String>,
}

/// What values are, for a cell that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Numbers, true and false, arrays and objects.
    Json,
    /// Some are texts and some are not.
    Mixed,
}

impl Kind {
    /// What this value is; `None` for null.
    #[must_use]
    pub fn of(value: &RawValue) -> Option<Kind> {
        match value.get().as_bytes().first() {
            Some(b'"') => Some(Kind::Text),
            Some(b'n') | None => None,
            Some(_) => Some(Kind::Json),
        }
    }
}

impl Record {
    /// The failed item or the output.
    #[must_use]
    pub fn value(&self) -> Option<&RawValue> {
        self.item.as_deref().or_else(|| self.output.as_deref().filter(|output| output.get() != "null" || self.null_is_an_output()))
    }

    /// A result always has an output, unless it was omitted. The list of all items says whether an item has one; from an older
    /// server `null` mostly means that it has none.
    fn null_is_an_output(&self) -> bool {
        self.has_output.unwrap_or(!self.output_omitted && self.status.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: a failed item that is `null` could not be corrected, and an output that is `null` counted as none.
    #[test]
    fn null_is_a_value() {
        for (members, value) in [
            (r#""item":null,"message":"m""#, Some("null")),
            (r#""item":{"a":null}"#, Some(r#"{"a":null}"#)),
            (r#""output":null,"outputOmitted":false"#, Some("null")),
            (r#""output":null,"outputOmitted":true"#, None),
            (r#""output":0,"outputOmitted":false"#, Some("0")),
            (r#""status":"Processed","output":null,"outputOmitted":false"#, None),
            (r#""status":"Processed","output":null,"hasOutput":false,"outputOmitted":false"#, None),
            (r#""status":"Processed","output":null,"hasOutput":false,"outputOmitted":true"#, None),
            (r#""status":"Processed","output":null,"hasOutput":true,"outputOmitted":false"#, Some("null")),
            (r#""status":"Processed","output":false,"outputOmitted":false"#, Some("false")),
            (r#""message":"neither""#, None),
        ] {
            let record: Record = serde_json::from_str(&format!(r#"{{"index":0,"id":null,{members}}}"#)).unwrap();
            assert_eq!(record.value().map(RawValue::get), value, "{members}");
        }
    }
}
