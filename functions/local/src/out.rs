//! Output: data to stdout, everything else to stderr. On a terminal, no text from elsewhere can contain control
//! characters.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use headway_api::invisible::is_invisible;

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
    /// Writes a line of data.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub fn line(&self, text: &str) -> Result<(), OutError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()).map_err(OutError)
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

    /// Prints a message for a person, with control characters made visible, unless `--quiet` or `--json` is given.
    pub fn note(&self, text: &str) {
        if !self.json && !self.quiet {
            // If stderr is closed, nobody reads it.
            let _ = writeln!(io::stderr(), "{}", visible(text));
        }
    }

    /// How many columns stdout has, if it is a terminal.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        io::stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1))
    }
}

/// Text from elsewhere, for use within a line: control characters are made visible, and a tab becomes a space.
#[must_use]
pub fn printable(text: &str) -> String {
    visible(text).replace('\t', " ")
}

/// Text with every character that could control a terminal, or that cannot be seen, written like `\u001b`. Inside a JSON string this does not
/// change its value.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let ends_line = c == '\n' || c == '\r' && characters.peek() == Some(&'\n');
        let is_shown = ends_line || c == '\t' || !is_invisible(c) || joins(before, c);
        before = c;
        if is_shown {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            shown.push_str(&format!("\\u{unit:04x}"));
        }
    }
    shown
}

/// True if the character belongs to the visible one before it, as parts of emoji and of words in some scripts do:
/// U+200C, U+200D and the selectors U+FE0E and U+FE0F. In other texts they only hide something.
fn joins(before: char, c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}') && !before.is_ascii() && (!is_invisible(before) || before == '\u{fe0f}')
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
            ("row one\rROW TWO\r\nnext\n", "row one\\u000dROW TWO\r\nnext\n"),
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
        assert_eq!(printable("a\tb\u{1b}"), "a b\\u001b");
    }

    #[test]
    fn in_json_it_is_the_same_text() {
        let text = "a\u{9b}b\u{202e}\u{e0041}\u{7f}";
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(serde_json::from_str::<String>(&visible(&json)).unwrap(), text);
    }
}
