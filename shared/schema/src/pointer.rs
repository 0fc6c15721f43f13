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

/// True if a pointer leads to this place, or into what is there.
pub(crate) fn is_at_or_within(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// True if every `~` of a pointer begins an escape.
pub(crate) fn is_escaped(pointer: &str) -> bool {
    pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

/// True for an element's index in an array: digits, and no zero before another one.
pub(crate) fn is_index(segment: &str) -> bool {
    segment == "0" || (!segment.starts_with('0') && !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The first characters of a text, with a mark if it is longer.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
