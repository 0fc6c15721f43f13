//! What became of a row of the file.

use std::fmt;

use headway_core::outcome::raw_if_there;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An item as `GET …/items` lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Its index.
    pub index: u64,
    /// Its id, if it is known.
    pub id: Option<String>,
    /// `Processed`, `Failed`, `Pending` or `Unknown`.
    pub status: String,
    /// `Used` or `Waiting`, if it was corrected.
    pub correction: Option<String>,
    /// Why it failed.
    pub kind: Option<String>,
    /// The processor's short code.
    pub code: Option<String>,
    /// A description for people.
    pub message: Option<String>,
    /// How often it was tried.
    pub attempts: Option<u32>,
    #[serde(default, deserialize_with = "raw_if_there")]
    output: Option<Box<RawValue>>,
    /// Older servers do not say it.
    #[serde(default)]
    has_output: Option<bool>,
    /// True if its output was too large to keep.
    pub output_omitted: bool,
}

impl Outcome {
    /// Its output, which may be `null`. From an older server `null` counts as none.
    #[must_use]
    pub fn output(&self) -> Option<&RawValue> {
        let is_there = |output: &&RawValue| self.has_output.unwrap_or(output.get() != "null");
        self.output.as_deref().filter(is_there)
    }
}

/// A row with its outcome.
#[derive(Debug)]
pub enum Joined {
    /// The outcome of its item.
    Item(Outcome),
    /// Its item was not sent: the job ended before.
    NotSent,
    /// No item of the job is known to have its id.
    NotFound,
}

impl Joined {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> &str {
        match self {
            Joined::Item(outcome) => &outcome.status,
            Joined::NotSent => "NotSent",
            Joined::NotFound => "NotFound",
        }
    }

    /// The outcome of its item.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Joined::Item(outcome) => Some(outcome),
            Joined::NotSent | Joined::NotFound => None,
        }
    }
}

/// How many rows have which status, for people.
#[derive(Debug, Default)]
pub struct Counts(Vec<(String, u64)>);

impl Counts {
    /// Counts a row.
    pub fn add(&mut self, status: &str) {
        match self.0.iter_mut().find(|(known, _)| known == status) {
            Some((_, count)) => *count += 1,
            None => self.0.push((status.to_owned(), 1)),
        }
    }

    /// How many rows have this status.
    #[must_use]
    pub fn of(&self, status: &str) -> u64 {
        self.0.iter().find(|(known, _)| known == status).map_or(0, |(_, count)| *count)
    }

    /// How many rows there are.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let words: Vec<_> = sorted.iter().map(|(status, count)| format!("{count} {status}")).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_null_is_told_from_none() {
        for (members, output) in [
            (r#""output":null,"hasOutput":true"#, Some("null")),
            (r#""output":null,"hasOutput":false"#, None),
            (r#""output":[null],"hasOutput":true"#, Some("[null]")),
            (r#""output":null"#, None),
            (r#""output":0"#, Some("0")),
        ] {
            let item = format!(r#"{{"index":0,"id":null,"status":"Processed",{members},"outputOmitted":false}}"#);
            let outcome: Outcome = serde_json::from_str(&item).unwrap();
            assert_eq!(outcome.output().map(RawValue::get), output, "{members}");
        }
    }
}
