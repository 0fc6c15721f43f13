//! Refuses an item here that the service would refuse in the middle of a file: its size, its JSON.

use headway::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};
use headway_api::json::{self, JsonError};

use super::error::InputError;
use super::place::{Place, Tracker};

/// The most bytes read for one item before giving up on its end: more than any item may have, with room for
/// whitespace around it, so that a quote that is never closed does not load the rest of a file.
pub(super) const UNENDED_BYTES_MAX: usize = 1_000_000;

/// Checks the size of an item.
pub(super) fn check_size(item: &[u8], began: Place) -> Result<(), InputError> {
    if item.len() <= ITEM_BYTES_MAX { Ok(()) } else { Err(too_large(began)) }
}

/// Checks that an item is one JSON value, as the service takes it.
pub(super) fn check_json(item: &[u8], began: Place) -> Result<(), InputError> {
    check_size(item, began)?;
    let text = json::text(item).map_err(|error| InputError::at(began, error.to_string()))?;
    json::check(text, ITEM_DEPTH_MAX).map_err(|error| match error {
        JsonError::NotJson(error) => not_json(text, began, &error),
        other => InputError::at(began, other.to_string()),
    })
}

pub(super) fn too_large(began: Place) -> InputError {
    InputError::at(began, format!("the item that begins here is larger than {ITEM_BYTES_MAX} bytes, the most a job takes"))
}

fn not_json(text: &str, began: Place, error: &serde_json::Error) -> InputError {
    let offset = offset(text, error);
    let mut tracker = Tracker::at(began);
    tracker.pass(&text.as_bytes()[..offset]);
    let rest = text[offset..].trim_start_matches('-');
    let hint = if rest.starts_with("NaN") || rest.starts_with("Infinity") { "; JSON has no such number: use null" } else { "" };
    InputError::at(tracker.place(), format!("not JSON that a job takes ({}{hint})", words(error)))
}

/// Where in the text serde_json found the error. It counts bytes, and only LF as the end of a line.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let began: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let mut offset = (began + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// serde_json's words without its own line and column, which count within the item only.
fn words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let end = words.rfind(" at line ").unwrap_or(words.len());
    words[..end].to_owned()
}
