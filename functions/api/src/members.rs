//! The members of a JSON object in a body.

use std::collections::BTreeMap;

use headway_core::Violation;
use headway_core::limits::{METADATA_KEY_CHARS_MAX, cut_to_chars};

use crate::problem::ERRORS_MAX;

/// A violation for each member that is not one of these.
pub(crate) fn unknown_members<V>(members: &BTreeMap<String, V>, known: &[&str]) -> Vec<Violation> {
    let unknown = members.keys().filter(|name| !known.contains(&name.as_str())).take(ERRORS_MAX);
    unknown.map(|name| Violation::new(format!("/{}", escaped(name)), "is not a known member")).collect()
}

/// A member's name in a JSON Pointer. Long names are cut, so that the answer stays small.
pub(crate) fn escaped(name: &str) -> String {
    let shown = cut_to_chars(name, METADATA_KEY_CHARS_MAX + 1);
    shown.replace('~', "~0").replace('/', "~1")
}
