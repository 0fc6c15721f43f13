//! Where words go: data to stdout, the rest to stderr, and never a control character of somebody else's.

use std::io::{self, IsTerminal, Write};

/// stdout could not be written; a reader that left early is no failure.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout")]
pub struct OutError(#[source] pub io::Error);

impl OutError {
    /// Whether the reader left before the end.
    #[must_use]
    pub fn reader_left(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// The two streams, and how much is said on them.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// `--json`: stdout is JSON, and stderr holds problems only.
    pub json: bool,
    /// `--quiet`: nothing but data and errors.
    pub quiet: bool,
}

impl Out {
    /// Writes one line of data.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn line(&self, text: &str) -> Result<(), OutError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()).map_err(OutError)
    }

    /// Writes data as it came.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn bytes(&self, data: &[u8]) -> Result<(), OutError> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(data).and_then(|()| stdout.flush()).map_err(OutError)
    }

    /// Writes a JSON body as one line.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn json_line(&self, body: &[u8]) -> Result<(), OutError> {
        // A raw line break can only stand between a body's tokens, never within a string.
        let line: Vec<u8> = body.trim_ascii().iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect();
        self.bytes(&[line.as_slice(), b"\n"].concat())
    }

    /// Says something to the person, unless only a program listens.
    pub fn note(&self, text: &str) {
        if !self.json && !self.quiet {
            // A closed stderr is nobody's loss.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// How many columns stdout has, if it is a terminal.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        io::stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1))
    }
}

/// Text of somebody else's with its control characters made visible, so that an item cannot steer a terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '\n',
            '\t' => ' ',
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_made_harmless() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\td"), "a\u{fffd}[2Jb\u{fffd}c d");
    }
}
