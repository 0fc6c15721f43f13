//! Guesses what a refused text is, and says what to do about it.

use super::error::InputError;

/// The format that a text seems to have if it is not CSV, by its beginning.
pub(super) fn other_format(head: &[u8]) -> Option<&'static str> {
    let head = head.trim_ascii_start();
    let next = |after: &[u8]| after.trim_ascii_start().first().copied();
    match head.split_first()? {
        (b'{', after) if matches!(next(after), Some(b'"' | b'\'' | b'}')) => Some("the file looks like JSON, not CSV: use --format ndjson"),
        (b'[', after) if matches!(next(after), Some(b'{' | b'[' | b'"')) || is_numbers(head) => {
            Some("the file looks like JSON, not CSV: use --format json")
        }
        _ if is_markup(head) => Some(MARKUP),
        _ => None,
    }
}

/// The error for HTML and XML.
pub(super) const MARKUP: &str = "the file looks like HTML or XML, which headway cannot read: is it an error page that was saved?";

/// True if a text begins like HTML or XML.
pub(super) fn is_markup(head: &[u8]) -> bool {
    let tag = head.starts_with(b"<") && head.get(1).is_some_and(u8::is_ascii_alphabetic);
    [&b"<!"[..], b"<?xml", b"<html", b"<head", b"<body"].into_iter().any(|name| begins_in_any_case(head, name))
        || tag && memchr::memmem::find(head, b"</").is_some()
}

/// True if a text begins so, in capitals or small letters.
pub(super) fn begins_in_any_case(text: &[u8], begin: &[u8]) -> bool {
    text.get(..begin.len()).is_some_and(|text| text.eq_ignore_ascii_case(begin))
}

/// True if a text is one array of numbers or an empty array. Names in brackets, as some databases write them, are not
/// an array.
fn is_numbers(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
    inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_digit() || b" \t\r\n,.+-eE".contains(byte)))
}

/// Adds advice to the error about a line of NDJSON. `items_before` is the number of items before it.
pub(super) fn ndjson(error: InputError, line: &[u8], items_before: u64) -> InputError {
    match error {
        InputError::At { place, what } => match remedy(&what, line, items_before) {
            Some(remedy) => InputError::At { place, what: format!("{what}; {remedy}") },
            None => InputError::At { place, what },
        },
        error => error,
    }
}

fn remedy(what: &str, line: &[u8], items_before: u64) -> Option<&'static str> {
    let first = items_before == 0;
    let trailing = what.contains("trailing characters");
    if first && is_markup(line) {
        return Some(MARKUP);
    }
    if first && line.starts_with(b"[") {
        return Some("if the file is one JSON array, use --format json");
    }
    if trailing && line.contains(&b'\r') {
        return Some("lines of NDJSON end with LF or CRLF, not with CR alone");
    }
    if first && is_header(line) {
        return Some("is the file CSV? Then use --format csv");
    }
    if trailing {
        return Some(match after_value(line) {
            After::Comma => {
                "NDJSON has no commas between values: remove them, or put `[` before the first value and `]` after the last one and use --format json"
            }
            After::Value => "put each value on a line of its own, as `jq -c .` writes them",
            After::Other if what.contains("remove it") => return None,
            After::Other => "nothing but blanks may follow a value: remove it",
        });
    }
    if what.contains("EOF") && line.last().is_some_and(|byte| b"{[,:".contains(byte)) {
        return Some("in NDJSON each value is on one line: for values over several lines put them into one array and use --format json");
    }
    None
}

/// What follows the first value of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Comma,
    Value,
    Other,
}

/// What follows the first value of a text, if there is something.
pub(super) fn after_value(text: &[u8]) -> After {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>();
    let is_read = values.next().is_some_and(|value| value.is_ok());
    match text.get(values.byte_offset()..).unwrap_or_default().trim_ascii_start().first() {
        Some(b',') if is_read => After::Comma,
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') if is_read => After::Value,
        _ => After::Other,
    }
}

/// What to do about text that begins with an object and is read as one array.
pub(super) fn not_an_array(text: &[u8]) -> &'static str {
    match after_value(text) {
        After::Value if is_value_a_line(text) => "for one value on each line use --format ndjson",
        After::Value => "for values one after the other put each on a line of its own, as `jq -c .` writes them, and use --format ndjson",
        After::Comma => "put `[` before the first value and `]` after the last one",
        After::Other => "give the array without the object around it, or put the object into `[ ]`",
    }
}

/// True if a text has a complete value on its first line and continues below.
fn is_value_a_line(text: &[u8]) -> bool {
    let mut lines = text.splitn(2, |byte| *byte == b'\n');
    let (first, rest) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok() && !rest.trim_ascii().is_empty()
}

/// True if a line that is not JSON could be the header of CSV.
pub(super) fn is_header(line: &[u8]) -> bool {
    let named = line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii() || *byte == b'"' || *byte == b'_');
    named && line.iter().any(|byte| matches!(byte, b',' | b';' | b'\t'))
}
