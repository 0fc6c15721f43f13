//! CSV as in RFC 4180, made harmless for spreadsheets: text that a spreadsheet would run as a formula gets a `'` in front.
//! That is text at the start of a cell, and text after a character at which some spreadsheets begin a new cell, even inside
//! of quotes: a spreadsheet that separates by `;` reads `1,"a;=1"` as two cells, and runs the second one.
//!
//! A reader can undo this: it removes a `'` before text that is a formula by `is_formula`. A value that itself has a
//! `'` there gets another one, if a reader would otherwise remove its own.

use std::borrow::Cow;

use crate::invisible::{is_combining, is_invisible};

/// How cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// A cell that a spreadsheet would run as a formula gets a `'` in front.
    Harmless,
    /// As they are, for programs.
    Raw,
}

/// At these, a spreadsheet may begin a new cell or row.
const MAY_BEGIN_A_CELL: [char; 10] = [';', '|', '\t', '\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// What formulas begin with, and what is the same by Unicode's compatibility (NFKC): in full width, small, above and
/// below the line, as a Hebrew letter, and `==` in one. Also the minus sign.
const SIGNS: [char; 22] = [
    '=', '+', '-', '@', '\u{207a}', '\u{207b}', '\u{207c}', '\u{208a}', '\u{208b}', '\u{208c}', '\u{2212}', '\u{2a75}', '\u{2a76}',
    '\u{fb29}', '\u{fe62}', '\u{fe63}', '\u{fe66}', '\u{fe6b}', '\u{ff0b}', '\u{ff0d}', '\u{ff1d}', '\u{ff20}',
];

/// Appends one row.
pub fn push_row<S: AsRef<str>>(out: &mut Vec<u8>, cells: &[S], written: Cells) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let cell = if written == Cells::Harmless { harmless(cell.as_ref()) } else { Cow::Borrowed(cell.as_ref()) };
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A cell's value: without each `'` that [`push_row`] puts in front of a formula.
pub fn value_of(cell: &str) -> Cow<'_, str> {
    if !cell.contains('\'') {
        return Cow::Borrowed(cell);
    }
    let value = pieces(cell).map(|piece| match piece.judged.strip_prefix('\'') {
        Some(rest) if is_formula(rest, piece.is_first) => &piece.text[1..],
        _ => piece.text,
    });
    Cow::Owned(value.collect())
}

fn harmless(cell: &str) -> Cow<'_, str> {
    if !pieces(cell).any(|piece| is_formula(piece.judged, piece.is_first)) {
        return Cow::Borrowed(cell);
    }
    let harmless = pieces(cell).flat_map(|piece| [if is_formula(piece.judged, piece.is_first) { "'" } else { "" }, piece.text]);
    Cow::Owned(harmless.collect())
}

/// A part of a cell that a spreadsheet may take for a cell.
struct Piece<'a> {
    text: &'a str,
    /// Whether it is a formula is judged by this: by all that a spreadsheet might read as one cell with it.
    judged: &'a str,
    is_first: bool,
}

fn pieces(cell: &str) -> impl Iterator<Item = Piece<'_>> {
    cell.split_inclusive(MAY_BEGIN_A_CELL).enumerate().map(move |(place, text)| {
        let is_first = place == 0;
        let judged = if is_first { cell } else { text.trim_end_matches(MAY_BEGIN_A_CELL) };
        Piece { text, judged, is_first }
    })
}

/// True if some spreadsheet might run the cell. Spreadsheets skip white space, marks and quotes at its start. If it then begins
/// with a character that formulas begin with, also in full width, it is a formula. So is a cell that begins with a line break,
/// which would put the rest into a cell of its own. A number is not a formula if it is the whole cell. A later piece of a cell
/// may continue in the next cell: a spreadsheet with `;` between cells and `,` in numbers reads the cells `1;-1` and `5+A1` as
/// `1` and `-1,5+A1`.
fn is_formula(cell: &str, is_first: bool) -> bool {
    let rest = cell.trim_start_matches(is_passed_over);
    let breaks = cell[..cell.len() - rest.len()].contains(['\t', '\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let starts = rest.starts_with(SIGNS);
    breaks || (starts && !(is_first && is_number(cell)))
}

/// What spreadsheets may skip: white space, quotes, and what is invisible or only shown together with another character.
fn is_passed_over(c: char) -> bool {
    let is_quote = matches!(c, '\'' | '"' | '`' | '\u{2018}'..='\u{201f}' | '\u{ff02}' | '\u{ff07}');
    c.is_whitespace() || is_quote || is_invisible(c) || is_combining(c)
}

/// A negative number as JSON writes it. Some readers also accept `-inf` as a number, and white space before it.
fn is_number(text: &str) -> bool {
    text.starts_with('-') && text.ends_with(|c: char| c.is_ascii_digit()) && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page writes and reads such cells too, and its tests use the same table.
    #[test]
    fn values_become_cells_and_cells_values() {
        let table: Vec<[String; 2]> = serde_json::from_str(include_str!("spreadsheet_cells.json")).unwrap();
        for [value, cell] in table {
            assert_eq!(harmless(&value), cell, "{value:?}");
            assert_eq!(value_of(&cell), value, "{cell:?}");
        }
    }

    /// Cells that a spreadsheet would run, and cells that would break the row.
    #[test]
    fn cells_are_quoted_and_harmless() {
        let row = |cells: &[&str]| {
            let mut out = Vec::new();
            push_row(&mut out, cells, Cells::Harmless);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(row(&["1", "", "a b", "x\u{2028}"]), "1,,a b,x\u{2028}\r\n");
        assert_eq!(row(&["a,b", "a\"b", "a\r\nb"]), "\"a,b\",\"a\"\"b\",\"a\r\nb\"\r\n");
        let signs = ["1+1", "SUM(A1)", "", "inf", " 1", "1 "].map(|rest| SIGNS.map(|sign| format!("{sign}{rest}"))).concat();
        let spaces_and_quotes = ["", " ", "\u{a0}", "\u{3000}", "\"", "'", "\u{201c}", " \u{feff}\" '"].map(str::to_owned);
        let invisible = "\0\u{1b}\u{ad}\u{34f}\u{600}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180e}\u{200b}\u{202e}\u{206a}\u{2800}\u{3164}\
            \u{e000}\u{fe0f}\u{feff}\u{ffa0}\u{fff9}\u{fffc}\u{110bd}\u{1d173}\u{e0041}\u{e0100}\u{301}\u{20e3}";
        let before: Vec<String> = spaces_and_quotes.into_iter().chain(invisible.chars().map(String::from)).collect();
        for (sign, before) in signs.iter().flat_map(|sign| before.iter().map(move |before| (sign, before))) {
            let cell = format!("{before}{sign}");
            assert!(row(&[&cell]).trim_start_matches('"').starts_with('\''), "{cell:?}");
        }
        for cell in ["\tx", "\rx", "\nx", " \nx", "\u{2028}=1", "\u{85}x", "\n"] {
            assert!(row(&[cell]).trim_start_matches('"').starts_with('\''), "{cell:?}");
        }
        let mut raw = Vec::new();
        push_row(&mut raw, &["=1", "a,b"], Cells::Raw);
        assert_eq!(raw, b"=1,\"a,b\"\r\n");
        assert_eq!(row(&["\r=1"]), "\"'\r'=1\"\r\n");
        for cell in ["-1", "-1.5e3", "a=1", "", "0", "'", "it's", " a", "1\n2", "a; b", "a;b=1", "{\"a\":1}", "[-1]"] {
            assert_eq!(harmless(cell), cell);
        }
    }

    /// `is_formula` gives the same result for a cell with and without a leading `'`, so every value can be restored
    /// exactly.
    #[test]
    fn the_quote_in_front_of_a_cell_can_be_removed_again() {
        let parts = ["", "'", "''", "\"", " ", "\t", "\n", ";", ";'", "=", "-", "-1", "+1", "a", "\u{feff}", "\u{ff1d}"];
        for first in parts {
            for second in parts {
                for third in parts {
                    let value = format!("{first}{second}{third}");
                    let cell = harmless(&value);
                    assert_eq!(value_of(&cell), value, "{value:?} as {cell:?}");
                    assert_eq!(harmless(&value_of(&cell)), cell);
                }
            }
        }
    }
}
