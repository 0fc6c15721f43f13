//! Names what a file is that is no text of the expected encoding, by its first bytes.

use infer::MatcherType;

use super::error::InputError;

/// How much of a file is looked at.
pub(super) const HEAD_BYTES: usize = 8_192;

/// Refuses a file whose first bytes show that it is no text, or text in an encoding that has to be named. `named` says
/// that `--encoding` named one.
pub(super) fn refuse(head: &[u8], named: bool) -> Result<(), InputError> {
    if let Some(kind) = kind(head) {
        return Err(InputError::File(format!("the file is {kind}, not text: export it as CSV or JSON, or unpack it first")));
    }
    if named || !head.contains(&0) {
        return Ok(());
    }
    Err(InputError::File(match wide(head) {
        Some((name, true)) => format!("the file looks like {name} without a mark: name it with --encoding {}", name.to_ascii_lowercase()),
        Some((name, false)) => utf32(name),
        None => "the file holds NUL bytes: it is no text".to_owned(),
    }))
}

/// What is said of a file in UTF-32, which no option can read.
pub(super) fn utf32(name: &str) -> String {
    format!("the file is {name}, which is not read here: turn it into UTF-8 first, as with `iconv -f {name} -t UTF-8`")
}

/// The kind of a binary file. Text that happens to begin like one (`BM`, `MZ`) is told apart by having no control characters.
fn kind(head: &[u8]) -> Option<String> {
    let control = |byte: &u8| matches!(byte, 0..=8 | 14..=31);
    if !head.iter().any(control) && !head.starts_with(b"%PDF-") {
        return None;
    }
    let spreadsheet = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    if head.starts_with(b"PK\x03\x04") && (spreadsheet(b"xl/") || spreadsheet(b"opendocument.spreadsheet")) {
        return Some("a spreadsheet (xlsx or the like)".to_owned());
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some("an old Office file (xls or the like)".to_owned());
    }
    let found = infer::get(head).filter(|found| !matches!(found.matcher_type(), MatcherType::Text | MatcherType::Custom))?;
    Some(match found.extension() {
        "zip" => "a zip archive, as xlsx files are".to_owned(),
        "gz" => "packed with gzip".to_owned(),
        extension => format!("a binary file ({extension})"),
    })
}

/// The encoding of two or four bytes a character that zeros at some places only point to; true if it can be named.
fn wide(head: &[u8]) -> Option<(&'static str, bool)> {
    let zeros = |step: usize, at: usize| head.iter().skip(at).step_by(step).filter(|byte| **byte == 0).count();
    let all = |at: usize| zeros(4, at) == head.iter().skip(at).step_by(4).count();
    if head.len() >= 8 && !all(0) && all(2) && all(3) {
        return Some(("UTF-32LE", false));
    }
    if head.len() >= 8 && all(0) && all(1) && !all(3) {
        return Some(("UTF-32BE", false));
    }
    match (zeros(2, 0), zeros(2, 1)) {
        (even, odd) if odd > 8 * even && 8 * odd >= head.len() / 2 => Some(("UTF-16LE", true)),
        (even, odd) if even > 8 * odd && 8 * even >= head.len() / 2 => Some(("UTF-16BE", true)),
        _ => None,
    }
}
