//! Whether the message of a failed item names a column: as a pointer, or as a word.

use headway_core::limits::ERROR_MESSAGE_CHARS_MAX;

/// True if the message names the column. A message that begins with a JSON pointer names columns by pointers only.
#[must_use]
pub fn is_blamed(column: &str, message: &str) -> bool {
    if column.is_empty() {
        return false;
    }
    if message.starts_with('/') {
        let pointer = format!("/{}", column.replace('~', "~0").replace('/', "~1"));
        let is_end = |c: Option<char>| c.is_none_or(|c| matches!(c, ':' | '/' | ';') || c.is_whitespace());
        return is_found(&pointer, message, |before, after| before.is_none_or(char::is_whitespace) && is_end(after));
    }
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    is_found(&column.to_lowercase(), &message.to_lowercase(), |before, after| !is_word(before) && !is_word(after))
}

/// True if the message names the column, or may do so in what it does not say: it ends with `and more`, or was cut.
#[must_use]
pub fn may_be_blamed(column: &str, message: &str) -> bool {
    is_blamed(column, message) || message.ends_with("; and more") || message.chars().count() >= ERROR_MESSAGE_CHARS_MAX
}

/// True if the text is somewhere with such characters before and after it.
fn is_found(text: &str, message: &str, fits: impl Fn(Option<char>, Option<char>) -> bool) -> bool {
    let around = |at: usize| (message[..at].chars().next_back(), message[at + text.len()..].chars().next());
    message.match_indices(text).any(|(at, _)| {
        let (before, after) = around(at);
        fits(before, after)
    })
}
