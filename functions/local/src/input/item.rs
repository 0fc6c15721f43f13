//! Refuses an item that the service would refuse in the middle of the file: its size, its JSON.

use headway_api::json::{self, JsonError};
use headway_core::limits::ITEM_BYTES_MAX;

use super::error::InputError;
use super::escapes;
use super::place::{Place, Tracker};
use super::record_max::RecordMax;

/// U+FEFF, which may be only at the beginning of a file.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn mark_within(place: Place) -> InputError {
    InputError::at(place, "a byte-order mark within the file: were two files joined? Remove the mark")
}

/// Checks the size of a record.
pub(super) fn check_size(record: &[u8], began: Place, max: RecordMax) -> Result<(), InputError> {
    if record.len() <= max.bytes { Ok(()) } else { Err(too_large(began)) }
}

/// Checks that a record is one JSON value, by the rules of the service.
pub(super) fn check_json(item: &[u8], began: Place, max: RecordMax) -> Result<(), InputError> {
    if item.starts_with(MARK) {
        return Err(mark_within(began));
    }
    check_size(item, began, max)?;
    let text = json::text(item).map_err(|error| InputError::at(began, error.to_string()))?;
    json::check(text, max.depth).map_err(|error| match error {
        JsonError::NotJson(error) => not_json(text, began, &error, max),
        other => InputError::at(began, other.to_string()),
    })
}

/// The first error inside a value that is too long or ends too early; `None` if only its end is missing.
pub(super) fn fault_within(begun: &[u8], began: Place, max: RecordMax) -> Option<InputError> {
    let text = json::text(begun).ok()?;
    match json::check(text, max.depth) {
        Err(JsonError::NotJson(error)) if !error.is_eof() => Some(not_json(text, began, &error, max)),
        _ => None,
    }
}

pub(super) fn too_large(began: Place) -> InputError {
    InputError::at(began, format!("the item that begins here is larger than {ITEM_BYTES_MAX} bytes, the maximum for an item"))
}

fn not_json(text: &str, began: Place, error: &serde_json::Error, max: RecordMax) -> InputError {
    let mut words = words(error);
    // A line break within a text is reported one byte too late, as the beginning of the next line.
    let late = usize::from(words.starts_with("control character") && error.column() == 0);
    let mut offset = begin(text, offset(text, error).saturating_sub(late), &words, max);
    let is_escape = ["escape", "surrogate", "code point"].into_iter().any(|word| words.contains(word));
    if let Some((at, what)) = escapes::first_wrong(text).filter(|_| is_escape) {
        (offset, words) = (at, what);
    }
    let mut tracker = Tracker::at(began);
    tracker.pass(&text.as_bytes()[..offset]);
    let rest = text[offset..].trim_start_matches('-');
    let foreign = unknown_to_json(rest.as_bytes());
    let in_text = is_escape || words.starts_with("control character");
    let hint = if !foreign.is_empty() && !in_text {
        foreign
    } else if rest.starts_with("NaN") || rest.starts_with("Infinity") {
        "; JSON has no such number: use null"
    } else if rest.starts_with('\'') {
        "; JSON puts texts and names in double quotes"
    } else if words.starts_with("trailing comma") {
        "; remove the comma"
    } else {
        ""
    };
    InputError::at(tracker.place(), format!("not JSON that a job accepts ({words}{hint})"))
}

/// What to do about a character that JSON does not have between its tokens, for the end of a message.
pub(super) fn unknown_to_json(rest: &[u8]) -> &'static str {
    let text = rest.get(..4.min(rest.len())).unwrap_or_default();
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    match text.chars().next() {
        Some('#') => "; JSON has no comments: remove it",
        Some('/') if text.starts_with("//") || text.starts_with("/*") => "; JSON has no comments: remove it",
        Some('\u{1e}') => "; JSON does not know the record separator (U+001E) of RFC 7464: remove each, as with `tr -d '\\036'`",
        Some('\u{c}') => "; JSON does not know the form feed (0x0C): remove it",
        Some('\u{a0}') => "; JSON does not know the no-break space (U+00A0): remove it, or write a blank",
        Some(c)
            if !matches!(c, ' ' | '\t' | '\n' | '\r')
                && (c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')) =>
        {
            "; JSON does not know this invisible character: remove it, or write a blank"
        }
        Some('\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}') => "; JSON has only the quotes \" \": replace it",
        _ => "",
    }
}

/// Where the cause of an error begins, if the reader reports only where it ends. Everything before it is JSON.
fn begin(text: &str, offset: usize, words: &str, max: RecordMax) -> usize {
    if words.starts_with("nested deeper") {
        return scan(text).find(|found| found.depth > max.depth).map_or(offset, |found| found.at);
    }
    if words.starts_with("the member") {
        return scan(text).take_while(|found| found.at < offset).filter(|found| found.is_text).last().map_or(offset, |found| found.at);
    }
    if words.starts_with("number out of range") {
        let number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        return offset - text.as_bytes()[..offset].iter().rev().take_while(|byte| number(byte)).count();
    }
    offset
}

/// The beginning of a text, an array or an object in JSON.
struct Opening {
    at: usize,
    /// The depth of the innermost open array or object there.
    depth: usize,
    is_text: bool,
}

fn scan(text: &str) -> impl Iterator<Item = Opening> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            return None;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                return None;
            }
            _ => return None,
        }
        Some(Opening { at, depth, is_text: in_text })
    })
}

/// Where in the text serde_json found the error. serde_json counts bytes, and only LF as the end of a line.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let began: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let mut offset = (began + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// serde_json's message without its line and column, which count only within the item.
fn words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let end = words.rfind(" at line ").unwrap_or(words.len());
    words[..end].to_owned()
}
