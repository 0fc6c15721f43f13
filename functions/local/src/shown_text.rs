//! How a text of a file is shown to people.

/// The most characters that are shown.
const CHARS_MAX: usize = 40;

/// The text in quotes, or its beginning.
///
/// ```
/// use headway_local::shown_text::shown_text;
///
/// assert_eq!(shown_text("a\tb"), r#""a\tb""#);
/// assert_eq!(shown_text(&"x".repeat(41)), format!("\"{}\"…", "x".repeat(40)));
/// ```
#[must_use]
pub fn shown_text(text: &str) -> String {
    let more = if text.chars().count() > CHARS_MAX { "…" } else { "" };
    format!("{:?}{more}", text.chars().take(CHARS_MAX).collect::<String>())
}
