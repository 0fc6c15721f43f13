//! A changed cell, and how cells are shown to people.

/// The most characters of a cell that is shown.
const SHOWN_CHARS_MAX: usize = 40;

/// A cell that does not show what the table showed.
#[derive(Debug)]
pub(super) struct ChangedCell {
    pub(super) column: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// The text in quotes, or its beginning.
pub(super) fn shown(text: &str) -> String {
    let more = if text.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    format!("{:?}{more}", text.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}
