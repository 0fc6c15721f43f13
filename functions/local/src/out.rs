//! Output: data to stdout, everything else to stderr. What people read is written in whole lines: texts from elsewhere cannot
//! steer the terminal and cannot begin a line of their own.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use console::StyledObject;
use headway_api::invisible::{belongs_to, is_invisible};

/// stdout could not be written. A reader that went away early counts as success.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout")]
pub struct OutError(#[source] pub io::Error);

impl OutError {
    /// True if the reader went away before the end.
    #[must_use]
    pub fn reader_left(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// The two streams, and what may be written to them.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// `--json`: stdout is JSON, and stderr holds problems only.
    pub json: bool,
    /// With `--quiet`, only data and errors are written.
    pub quiet: bool,
}

impl Out {
    /// Writes a line of data, as [`printable`].
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn line(&self, text: &str) -> Result<(), OutError> {
        written(&printable(text))
    }

    /// Writes a line of data that begins with a mark in colour. The mark must be a text of the command itself.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn marked_line(&self, mark: &StyledObject<&str>, text: &str) -> Result<(), OutError> {
        written(&format!("{mark}{}", printable(text)))
    }

    /// Writes several lines of data. Texts from elsewhere must have been made [`printable`] before.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn lines(&self, text: &str) -> Result<(), OutError> {
        written(&printable_lines(text))
    }

    /// Writes data from the server unchanged; on a terminal, with control characters made visible.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn bytes(&self, data: &[u8]) -> Result<(), OutError> {
        let data = if io::stdout().is_terminal() { Cow::Owned(visible(&String::from_utf8_lossy(data)).into_bytes()) } else { data.into() };
        let mut stdout = io::stdout().lock();
        stdout.write_all(&data).and_then(|()| stdout.flush()).map_err(OutError)
    }

    /// Writes a JSON body as one line.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn json_line(&self, body: &[u8]) -> Result<(), OutError> {
        // A raw line break can only be between JSON tokens, never inside a string.
        let line: Vec<u8> = body.trim_ascii().iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect();
        self.bytes(&[line.as_slice(), b"\n"].concat())
    }

    /// The same, but a reader that has gone away is no error.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written for another reason.
    pub fn json_line_if_read(&self, body: &[u8]) -> Result<(), OutError> {
        self.json_line(body).or_else(|error| if error.reader_left() { Ok(()) } else { Err(error) })
    }

    /// Prints a message of one line for a person, as [`printable`], unless `--quiet` or `--json` is given.
    pub fn note(&self, text: &str) {
        self.said(&printable(text));
    }

    /// The same, with a word in colour before it. The word must be one of the command itself.
    pub fn marked_note(&self, mark: &StyledObject<&str>, text: &str) {
        self.said(&format!("{mark}{}", printable(text)));
    }

    /// Prints a message of several lines. Texts from elsewhere must have been made [`printable`] before.
    pub fn notes(&self, text: &str) {
        text.split('\n').for_each(|line| self.note(line));
    }

    fn said(&self, line: &str) {
        if !self.json && !self.quiet {
            // If stderr is closed, nobody reads it.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// How many columns stdout has, if it is a terminal.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        io::stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1))
    }
}

fn written(line: &str) -> Result<(), OutError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()).map_err(OutError)
}

/// Text from elsewhere, for use within a line: what [`visible`] writes like `\u001b` and line breaks are made visible, and a
/// tab becomes a space.
#[must_use]
pub fn printable(text: &str) -> String {
    shown(text, |_, _| false).replace('\t', " ")
}

/// Several lines of the command's own, each as [`printable`].
#[must_use]
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Text of several lines with every character that could control a terminal, or that cannot be seen, written like `\u001b`.
/// Inside a JSON string this does not change its value.
#[must_use]
pub fn visible(text: &str) -> String {
    shown(text, |c, next| c == '\n' || c == '\r' && next == Some('\n'))
}

fn shown(text: &str, ends_line: impl Fn(char, Option<char>) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let ends_line = ends_line(c, characters.peek().copied());
        match c {
            c if ends_line || c == '\t' || !is_invisible(c) || belongs_to(before, c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}"))),
        }
        before = c;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_made_visible() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{9b}31m \u{9d}x\u{9c}", "\\u009b31m \\u009dx\\u009c"),
            ("\u{7f}\u{8}\0", "\\u007f\\u0008\\u0000"),
            ("user\u{202e}txt.exe\u{2066}\u{200f}\u{61c}", "user\\u202etxt.exe\\u2066\\u200f\\u061c"),
            ("a\u{2028}b\u{feff}c\u{200b}", "a\\u2028b\\ufeffc\\u200b"),
            ("\u{e0041}", "\\udb40\\udc41"),
            ("row one\rROW TWO\r\nnext\n", "row one\\rROW TWO\r\nnext\n"),
            ("a\u{ad}b\u{34f}c\u{115f}d\u{180e}e\u{3164}", "a\\u00adb\\u034fc\\u115fd\\u180ee\\u3164"),
            ("\u{2800}\u{e000}\u{fffc}\u{e0100}", "\\u2800\\ue000\\ufffc\\udb40\\udd00"),
            ("a\u{200d}b\u{fe0f}c 👩\u{200d}\u{200d}", "a\\u200db\\ufe0fc 👩\u{200d}\\u200d"),
            (
                "é e\u{301} 漢 👩\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 می\u{200c}خواهم a\tb",
                "é e\u{301} 漢 👩\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 می\u{200c}خواهم a\tb",
            ),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    /// The page and the element show the same, with codes in brackets.
    #[test]
    fn what_the_page_shows_as_a_code_is_one_here() {
        let table: Vec<(String, String)> = serde_json::from_str(include_str!("../../api/src/visible_texts.json")).unwrap();
        let units = |code: &str| char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap().encode_utf16(&mut [0; 2]).to_vec();
        for (text, shown) in table {
            let mut expected = String::new();
            for (place, piece) in shown.split("[U+").enumerate() {
                let (code, rest) = if place == 0 { ("", piece) } else { piece.split_once(']').unwrap() };
                let escaped = if code.is_empty() { Vec::new() } else { units(code) };
                expected.extend(escaped.iter().map(|unit| format!("\\u{unit:04x}")));
                expected.push_str(rest);
            }
            assert_eq!(visible(&text), expected);
        }
    }

    /// Bug found: an item whose message had a line break wrote a line of its own, such as one that says that a job has
    /// completed.
    #[test]
    fn within_a_line_there_is_no_line_break() {
        for (text, shown) in [
            ("a\tb\u{1b}", "a b\\u001b"),
            ("bad\r\nCompleted: 9 processed, 0 failed", "bad\\r\\nCompleted: 9 processed, 0 failed"),
            ("\na\r", "\\na\\r"),
            ("a\u{85}b\u{b}c\u{c}d\u{2028}e", "a\\u0085b\\u000bc\\u000cd\\u2028e"),
            ("\\n", "\\n"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown, "a text that is printable stays as it is");
        }
    }

    #[test]
    fn in_json_it_is_the_same_text() {
        let text = "a\u{9b}b\u{202e}\u{e0041}\u{7f}";
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(serde_json::from_str::<String>(&visible(&json)).unwrap(), text);
    }
}
