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
        let Some(entries) = output::text(body).and_then(|text| entries(text, self.batch)) else {
            return self.without("invalid-answer", "its answer is not one to this batch");
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

/// The entries of an answer to this batch; `None` if it is none.
fn entries<'a>(text: &'a str, batch: &str) -> Option<Vec<&'a RawValue>> {
    let document = Members::read(text)?;
    let named: String = serde_json::from_str(document.get("batch").ok()??.get()).ok()?;
    let results: Results<'_> = serde_json::from_str(document.get("results").ok()??.get()).ok()?;
    (named == batch).then_some(results.0)
}

#[derive(Deserialize)]
struct Results<'a>(#[serde(borrow)] Vec<&'a RawValue>);
