//! A text from elsewhere as one line that people can read.

/// How many characters are shown.
pub(super) const CHARS_MAX: usize = 300;

/// One line of printable text, cut to its maximum length.
pub(super) fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Control characters, and those that reverse or hide the text around them.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
