//! UTF-8 within a text that is read as windows-1252: `ü` is `Ã¼` there. If the whole file is UTF-8, that is seen by itself; here are files
//! that are it in some of their rows, as if two files were joined.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::place::{Place, Tracker};

/// So many characters that are hardly ever a text's are no chance.
const ENOUGH: usize = 3;

/// What was seen of such characters.
#[derive(Debug)]
pub(super) struct Garbled {
    /// The two characters before.
    before: [char; 2],
    seen: usize,
    first: Option<Place>,
}

impl Garbled {
    /// In encodings of other scripts such characters are letters.
    pub(super) fn in_encoding(encoding: &'static Encoding) -> Option<Garbled> {
        (encoding == WINDOWS_1252).then_some(Garbled { before: [' '; 2], seen: 0, first: None })
    }

    /// Looks at text that begins at a place.
    pub(super) fn see(&mut self, text: &[u8], begins: Tracker) {
        let Ok(text) = std::str::from_utf8(text) else { return };
        for (at, last) in text.char_indices() {
            if let Some(characters_before) = begins_before(self.before, last) {
                self.seen += 1;
                self.first.get_or_insert_with(|| {
                    let mut tracker = begins;
                    tracker.pass(&text.as_bytes()[..at]);
                    let Place { line, column } = tracker.place();
                    Place { line, column: column - characters_before }
                });
            }
            self.before = [self.before[1], last];
        }
    }

    /// Where the first is, if there are enough.
    pub(super) fn first(&self) -> Option<Place> {
        self.first.filter(|_| self.seen >= ENOUGH)
    }
}

/// So many characters before the last one it begins, if it is a character of UTF-8 that no text has as it is.
fn begins_before(before: [char; 2], last: char) -> Option<u64> {
    match (before, last) {
        ([_, 'â'], '€') | ([_, 'ð'], 'Ÿ') => Some(1),
        ([_, 'Â' | 'Ã' | 'Ä' | 'Å' | 'Ð' | 'Ñ'], sign) if is_sign(sign) => Some(1),
        (['à'..='í', sign], last) if is_sign(sign) && is_sign(last) => Some(2),
        _ => None,
    }
}

/// True for a sign that does not follow a letter, unlike `»`, `®`, `°`, `·` and the number of a footnote.
fn is_sign(sign: char) -> bool {
    matches!(sign, '¡'..='ª' | '¬' | '\u{ad}' | '¯' | '±' | '´'..='¶' | '¸' | 'º' | '¼'..='¿')
}
