//! The place of something in a text, as an editor shows it: lines end with LF, CRLF or CR, and columns count
//! characters.

use std::fmt;

use memchr::memchr2_iter;

/// A line and a column; both begin with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

/// The place of the next byte in a text that is read piece by piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tracker {
    lines_before: u64,
    columns_before: u64,
    after_cr: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Tracker {
    pub(super) fn at(place: Place) -> Tracker {
        Tracker { lines_before: place.line - 1, columns_before: place.column - 1, after_cr: false }
    }

    pub(super) fn place(&self) -> Place {
        Place { line: self.lines_before + 1, column: self.columns_before + 1 }
    }

    /// Moves past `text`, which is UTF-8.
    pub(super) fn pass(&mut self, text: &[u8]) {
        let mut segment_began = 0;
        for end in memchr2_iter(b'\n', b'\r', text) {
            let lf_of_crlf = text[end] == b'\n' && end == segment_began && self.after_cr;
            self.lines_before += u64::from(!lf_of_crlf);
            self.columns_before = 0;
            self.after_cr = text[end] == b'\r';
            segment_began = end + 1;
        }
        let rest = &text[segment_began..];
        if !rest.is_empty() {
            self.after_cr = false;
            self.columns_before += characters(rest);
        }
    }
}

/// The number of bytes that begin a character in UTF-8.
fn characters(text: &[u8]) -> u64 {
    text.iter().filter(|byte| !matches!(byte, 0x80..0xc0)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Does what an editor does: splits the text at line ends and counts.
    fn reference(text: &str) -> Place {
        let unified = text.replace("\r\n", "\n").replace('\r', "\n");
        let last = unified.rsplit('\n').next().unwrap_or_default();
        Place { line: unified.matches('\n').count() as u64 + 1, column: last.chars().count() as u64 + 1 }
    }

    proptest! {
        #[test]
        fn places_are_an_editors_however_the_text_comes(text in "[aé漢\n\r]{0,30}", step in 1usize..5) {
            let mut tracker = Tracker::default();
            let pieces: Vec<char> = text.chars().collect();
            for piece in pieces.chunks(step) {
                tracker.pass(piece.iter().collect::<String>().as_bytes());
            }
            prop_assert_eq!(tracker.place(), reference(&text));
        }
    }
}
