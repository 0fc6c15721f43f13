//! Where other bytes begin within a text in UTF-16: a file in another encoding was appended, or a program lost or added bytes. Read as
//! UTF-16 they are mostly characters too, but hardly ever line ends: all rows from there on would be one cell.

use encoding_rs::{Encoding, UTF_16LE};

/// So many characters in sequence that are two of ASCII each are no text.
const RUN: usize = 32;
/// They are so many different ones, and not a line of `═`, or hiragana, whose first byte is the same.
const DIFFERENT_MIN: usize = 8;
/// How many characters before a new one must be known.
pub(super) const BEFORE: usize = RUN - 1;

/// Where such bytes begin. The first [`BEFORE`] characters may have been seen before; at the end of the file, nothing follows.
pub(super) fn begins(text: &[u8], encoding: &'static Encoding, at_end: bool) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    let units: Vec<(usize, u32)> = text.char_indices().map(|(at, c)| (at, u32::from(c))).collect();
    let mut run = 0;
    for n in 0..units.len() {
        let (at, unit) = units[n];
        if let Some(two) = n.checked_sub(2)
            && (is_mark(&units[two..=n], encoding) || is_alone(&units, two))
        {
            return Some(units[two].0);
        }
        if is_never(unit) || at_end && n + 1 == units.len() && is_last_line_end(&units, n) {
            return Some(at);
        }
        let continues = is_ascii_twice(unit) && !(has_control_first(unit) && n > 0 && has_control_first(units[n - 1].1));
        run = if continues { run + 1 } else { 0 };
        if run >= RUN && is_varied(&units[n + 1 - RUN..=n]) {
            return Some(units[n + 1 - RUN].0);
        }
    }
    None
}

/// True for a mark of the other order of bytes, and for what LF behind another character is in such bytes if no script has it: the gaps
/// in Gurmukhi.
fn is_never(unit: u32) -> bool {
    matches!(
        unit,
        0xfffe | 0x0a00 | 0x0a04 | 0x0a0b..=0x0a0e | 0x0a11 | 0x0a12 | 0x0a29 | 0x0a31 | 0x0a34 | 0x0a37 | 0x0a3a | 0x0a3b | 0x0a3d
            | 0x0a43..=0x0a46 | 0x0a49 | 0x0a4a | 0x0a4e..=0x0a50 | 0x0a52..=0x0a58 | 0x0a5d | 0x0a5f..=0x0a65 | 0x0a77..=0x0a7f
    )
}

/// True for a single letter of Gurmukhi or Malayalam between others that are two characters of ASCII: it is a line end and a character.
fn is_alone(units: &[(usize, u32)], at: usize) -> bool {
    let is_other = |at: usize| units.get(at).is_some_and(|(_, unit)| is_of_ascii(*unit));
    has_line_end_first(units[at].1) && at >= 2 && [at - 2, at - 1, at + 1, at + 2].into_iter().all(is_other)
}

/// The same at the end of the file.
fn is_last_line_end(units: &[(usize, u32)], at: usize) -> bool {
    has_line_end_first(units[at].1) && at >= 2 && is_of_ascii(units[at - 2].1) && is_of_ascii(units[at - 1].1)
}

/// True for the three bytes of UTF-8's mark, and a character of ASCII.
fn is_mark(units: &[(usize, u32)], encoding: &'static Encoding) -> bool {
    let [(_, first), (_, second), (_, third)] = units else { return false };
    let bytes = |unit: u32| if encoding == UTF_16LE { (unit & 0xff, unit >> 8) } else { (unit >> 8, unit & 0xff) };
    let (mark, (last, next)) = (bytes(*first), bytes(*second));
    mark == (0xef, 0xbb) && last == 0xbf && is_text(next) && is_ascii_twice(*third)
}

fn is_ascii_twice(unit: u32) -> bool {
    is_text(unit >> 8) && is_text(unit & 0xff)
}

/// The same for a character beyond the punctuation and signs of U+2000 to U+2BFF.
fn is_of_ascii(unit: u32) -> bool {
    (0x2c00..0x7f00).contains(&unit) && is_text(unit & 0xff)
}

/// True for a byte of ASCII that a text has.
fn is_text(byte: u32) -> bool {
    matches!(byte, 0x09 | 0x0a | 0x0d | 0x20..=0x7e)
}

/// True for letters of Devanagari, Gurmukhi and Malayalam; in such bytes there is one at most of these, but for empty lines.
fn has_control_first(unit: u32) -> bool {
    matches!(unit >> 8, 0x09 | 0x0a | 0x0d)
}

fn has_line_end_first(unit: u32) -> bool {
    matches!(unit >> 8, 0x0a | 0x0d) && is_text(unit & 0xff)
}

fn is_varied(units: &[(usize, u32)]) -> bool {
    let different = |byte: fn(u32) -> u32| units.iter().fold(0u128, |seen, (_, unit)| seen | 1 << byte(*unit)).count_ones() as usize;
    different(|unit| unit >> 8) >= DIFFERENT_MIN && different(|unit| unit & 0xff) >= DIFFERENT_MIN
}
