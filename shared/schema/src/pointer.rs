//! JSON pointers (RFC 6901), as text.

/// `pointer` with one more segment.
pub(crate) fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", escaped(name))
}

/// A member's name as a segment.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A segment as a member's name.
pub(crate) fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// The first characters of a text, with a mark if it is longer.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
