//! CSV as RFC 4180 has it, harmless in a spreadsheet: a cell that one would run as a formula begins with a quote mark.

use std::borrow::Cow;

/// Appends one row.
pub(crate) fn push_row(out: &mut Vec<u8>, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let cell = harmless(cell);
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

fn harmless(cell: &str) -> Cow<'_, str> {
    let is_formula = match cell.as_bytes().first() {
        Some(b'=' | b'+' | b'@' | b'\t' | b'\r') => true,
        Some(b'-') => !is_number(cell),
        _ => false,
    };
    if is_formula { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// A number as JSON writes it: other readers take `-inf` for one too.
fn is_number(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit()) && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a spreadsheet would run, and what would break the row.
    #[test]
    fn cells_are_quoted_and_harmless() {
        let row = |cells: &[&str]| {
            let mut out = Vec::new();
            push_row(&mut out, cells);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(row(&["1", "", "a b", "\u{2028}"]), "1,,a b,\u{2028}\r\n");
        assert_eq!(row(&["a,b", "a\"b", "a\r\nb"]), "\"a,b\",\"a\"\"b\",\"a\r\nb\"\r\n");
        let formulas = ["=1+1", "+1", "@SUM(A1)", "\tx", "-1+1", "-", "-inf", "- 1", "-1 "];
        for cell in formulas {
            assert!(row(&[cell]).starts_with('\''), "{cell:?}");
        }
        assert_eq!(row(&["\r=1"]), "\"'\r=1\"\r\n");
        for cell in ["-1", "-1.5e3", "a=1", "", "0", "{\"a\":1}"] {
            assert!(!row(&[cell]).contains('\''), "{cell:?}");
        }
    }
}
