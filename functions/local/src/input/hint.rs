//! What a refused text most likely is, and so what to do about it.

use super::error::InputError;

/// What a text in another format than CSV looks like, by its beginning.
pub(super) fn other_format(head: &[u8]) -> Option<&'static str> {
    let head = head.trim_ascii_start();
    let next = |after: &[u8]| after.trim_ascii_start().first().copied();
    match head.split_first()? {
        (b'{', after) if matches!(next(after), Some(b'"' | b'\'' | b'}')) => {
            Some("the file looks like JSON, not CSV: give --format ndjson")
        }
        (b'[', after) if matches!(next(after), Some(b'{' | b'[' | b'"')) || is_numbers(head) => {
            Some("the file looks like JSON, not CSV: give --format json")
        }
        _ if is_markup(head) => Some(MARKUP),
        _ => None,
    }
}

/// What is said of HTML and XML.
pub(super) const MARKUP: &str = "the file looks like HTML or XML, which is not read here: is it an error page that was saved?";

/// Whether a text begins as HTML or XML does.
pub(super) fn is_markup(head: &[u8]) -> bool {
    let named = |name: &[u8]| head.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    let tag = head.starts_with(b"<") && head.get(1).is_some_and(u8::is_ascii_alphabetic);
    [&b"<!"[..], b"<?xml", b"<html", b"<head", b"<body"].into_iter().any(named) || tag && memchr::memmem::find(head, b"</").is_some()
}

/// Whether a text is one array of numbers, or an empty one. Names in brackets, as some databases write them, are no array.
fn is_numbers(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
    inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_digit() || b" \t\r\n,.+-eE".contains(byte)))
}

/// The error about a line of NDJSON with what to do. `items_before` is how many items came before.
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
        return Some("if the file is one JSON array: --format json");
    }
    if trailing && line.contains(&b'\r') {
        return Some("lines of NDJSON end with LF or CRLF, not with CR alone");
    }
    if first && is_header(line) {
        return Some("is the file CSV? --format csv");
    }
    if trailing && line.ends_with(b",") {
        return Some("no comma separates the values of NDJSON: one value a line, or --format json");
    }
    if trailing {
        return Some("one value a line, or --format json");
    }
    if what.contains("EOF") && line.last().is_some_and(|byte| b"{[,:".contains(byte)) {
        return Some("in NDJSON each value is on one line: put the values into one array, --format json");
    }
    None
}

/// Whether a text begins with a whole value on its first line, and goes on below.
pub(super) fn is_value_a_line(text: &[u8]) -> bool {
    let mut lines = text.splitn(2, |byte| *byte == b'\n');
    let (first, rest) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok() && !rest.trim_ascii().is_empty()
}

/// Whether a line that is no JSON could be the header of CSV.
pub(super) fn is_header(line: &[u8]) -> bool {
    let named = line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii() || *byte == b'"' || *byte == b'_');
    named && line.iter().any(|byte| matches!(byte, b',' | b';' | b'\t'))
}
