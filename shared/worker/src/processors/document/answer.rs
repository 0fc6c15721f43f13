//! Reads an answer: each item of the request gets exactly one result, whatever the answer contains. An item without a valid
//! result of its own never gets the result of another item.

use std::collections::BTreeMap;

use headway_core::{ItemError, Output};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::entry;
use super::members::Members;
use crate::processors::output;

/// The largest answer that is read.
pub(crate) const BYTES_MAX: usize = 2_500_000;

/// What an answer must match to be an answer to this request.
#[derive(Debug)]
pub(crate) struct ExpectedAnswer<'a> {
    /// The request's id, which the answer repeats.
    pub(crate) batch: &'a str,
    /// The indexes of its items.
    pub(crate) indexes: &'a [u64],
    /// Who answers, for messages: `endpoint crm`.
    pub(crate) who: &'a str,
}

/// An outcome for each item, in the order of the request.
pub(crate) type Outcomes = Vec<Result<Output, ItemError>>;

impl ExpectedAnswer<'_> {
    /// The outcomes in the body of an answer.
    pub(crate) fn read(&self, body: &[u8]) -> Outcomes {
        let entries = match output::text(body).ok_or(NOT_TEXT).and_then(|text| entries(text, self.batch)) {
            Ok(entries) => entries,
            Err(why) => return self.without("invalid-answer", why),
        };
        let mut found: BTreeMap<u64, Vec<Members<'_>>> = BTreeMap::new();
        let mut strangers = 0_usize;
        for raw in entries {
            let entry = Members::read(raw.get());
            match entry.as_ref().and_then(entry::index).filter(|index| self.indexes.contains(index)).zip(entry) {
                Some((index, entry)) => found.entry(index).or_default().push(entry),
                None => strangers += 1,
            }
        }
        if strangers > 0 {
            tracing::warn!(who = self.who, strangers, "an answer has results for items that were not in the request");
        }
        self.indexes.iter().map(|index| self.outcome(found.get(index).map(Vec::as_slice).unwrap_or_default())).collect()
    }

    /// No result for any item.
    pub(crate) fn without(&self, code: &str, why: &str) -> Outcomes {
        self.indexes.iter().map(|_| Err(self.no_result(code, why))).collect()
    }

    fn outcome(&self, entries: &[Members<'_>]) -> Result<Output, ItemError> {
        match entries {
            [] => Err(self.no_result("no-result", "its answer has no result for this item")),
            [entry] => entry::outcome(entry)
                .unwrap_or_else(|_| Err(self.no_result("invalid-result", "its answer has a result for this item that is not valid"))),
            _ => Err(self.no_result("doubled-result", "its answer has several results for this item")),
        }
    }

    fn no_result(&self, code: &str, why: &str) -> ItemError {
        ItemError::no_result(code, format!("{}: {why}", self.who))
    }
}

const NOT_TEXT: &str = "its answer is not JSON: it is not UTF-8";
const NOT_JSON: &str = "its answer is not JSON";
const NOT_AN_OBJECT: &str = "its answer is JSON, but not an object with `batch` and `results`";
const NO_BATCH: &str = "its answer has no member `batch`, once and a text, that repeats the batch's name";
const OTHER_BATCH: &str = "its answer is one to another batch";
const NO_RESULTS: &str = "its answer has no member `results`, once and an array";

/// The entries of an answer to this batch, or what is wrong with it.
fn entries<'a>(text: &'a str, batch: &str) -> Result<Vec<&'a RawValue>, &'static str> {
    let document = Members::read(text).ok_or_else(|| {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if is_json { NOT_AN_OBJECT } else { NOT_JSON }
    })?;
    let member = |name| document.get(name).ok().flatten().map(RawValue::get);
    let named: String = member("batch").and_then(|text| serde_json::from_str(text).ok()).ok_or(NO_BATCH)?;
    if named != batch {
        return Err(OTHER_BATCH);
    }
    let results: Results<'_> = member("results").and_then(|text| serde_json::from_str(text).ok()).ok_or(NO_RESULTS)?;
    Ok(results.0)
}

#[derive(Deserialize)]
struct Results<'a>(#[serde(borrow)] Vec<&'a RawValue>);

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: an answer with `NaN` in it was called one to another batch.
    #[test]
    fn an_answer_that_cannot_be_read_is_called_what_it_is() {
        for (body, why) in [
            (&b"\xff"[..], NOT_TEXT),
            (b"", NOT_JSON),
            (b"<html>", NOT_JSON),
            (br#"{"batch":"b","x":NaN,"results":[]}"#, NOT_JSON),
            (br#"{"batch":"b","results":[]"#, NOT_JSON),
            (br#"{"batch":"b","results":[]} {}"#, NOT_JSON),
            (br#"[{"index":0,"output":1}]"#, NOT_AN_OBJECT),
            (b"null", NOT_AN_OBJECT),
            (br#""b""#, NOT_AN_OBJECT),
            (br#"{"results":[]}"#, NO_BATCH),
            (br#"{"batch":7,"results":[]}"#, NO_BATCH),
            (br#"{"batch":"b","batch":"b","results":[]}"#, NO_BATCH),
            (br#"{"batch":"c","results":[]}"#, OTHER_BATCH),
            (br#"{"batch":"b"}"#, NO_RESULTS),
            (br#"{"batch":"b","results":{}}"#, NO_RESULTS),
            (br#"{"batch":"b","results":[],"results":[]}"#, NO_RESULTS),
        ] {
            let asked = ExpectedAnswer { batch: "b", indexes: &[0], who: "endpoint crm" };
            let [Err(error)] = &asked.read(body)[..] else { panic!("{body:?} has a result") };
            let shown = error.to_string();
            assert!(shown.contains(&format!("endpoint crm: {why}")), "{:?}: {shown}", String::from_utf8_lossy(body));
        }
    }
}
