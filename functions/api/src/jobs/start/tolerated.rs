//! How many failures a job tolerates, as a body says it.

use std::collections::BTreeMap;

use headway_core::percentage::PercentageError;
use headway_core::{ToleratedFailures, Violation};
use serde_json::value::RawValue;

use crate::json;

/// A percentage is read from the number's text, since binary fractions would round it.
pub(super) fn tolerated(raw: &RawValue) -> Result<ToleratedFailures, Violation> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let has_only = |names: &[&str]| members.keys().all(|name| names.contains(&name.as_str()));
    let given = |name: &str| members.get(name).map(|raw| raw.get()).filter(|text| *text != "null");
    let wrong = |name: &str, must: &str| Violation::new(format!("/toleratedFailures/{name}"), must);
    match (given("count"), given("percentage")) {
        (Some(count), None) if has_only(&["count"]) => {
            let must = format!("must be a whole number from 0 to {TOLERATED_MAX}");
            number(count, 0).map(ToleratedFailures::Count).ok_or_else(|| wrong("count", &must))
        }
        (None, Some(share)) if has_only(&["percentage", "minimumSample"]) => {
            let percentage = share.parse().map_err(|error: PercentageError| wrong("percentage", &error.to_string()))?;
            let refused = || wrong("minimumSample", &format!("must be a whole number from 1 to {TOLERATED_MAX}"));
            let minimum_sample = given("minimumSample").map(|text| number(text, 1).ok_or_else(refused)).transpose()?;
            Ok(ToleratedFailures::Percentage { percentage, minimum_sample })
        }
        _ => {
            let must = "must be {\"count\": n}, or {\"percentage\": 0 to 100} with or without \"minimumSample\": 1 or more";
            Err(Violation::new("/toleratedFailures", must))
        }
    }
}

/// The largest number of items that a tolerance can name. It is more than any job has.
const TOLERATED_MAX: u64 = i64::MAX as u64;

fn number(text: &str, least: u64) -> Option<u64> {
    json::whole_number(&serde_json::from_str(text).ok()?).filter(|number| (least..=TOLERATED_MAX).contains(number))
}
