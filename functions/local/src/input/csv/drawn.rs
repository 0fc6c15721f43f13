//! Tables that a program drew with characters for people to read: a frame around the names, a line below them, and the
//! number of rows at the end.

use super::super::error::InputError;
use super::super::place::Place;
use super::delimiters::option;
use super::mistake::Mistake;
use super::rows::Row;

/// Signs that lines are drawn with, three or more in sequence.
const LINE_SIGNS: [&str; 4] = ["---", "===", "***", "+++"];

/// True for the line above a table that is drawn, or a name within a frame.
pub(super) fn is_in_frame(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    name.starts_with("+-") || name.contains(is_box_sign) || LINE_SIGNS.iter().any(|line| name.contains(line))
}

fn is_box_sign(sign: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&sign)
}

/// True for a row that has nothing but lines: `----`, `==  ==`, `--+--`.
fn is_line(row: &Row) -> bool {
    let cells: Vec<_> = row.cells().map(String::from_utf8_lossy).collect();
    let is_drawn = cells.iter().any(|cell| cell.contains("--") || cell.contains("==") || cell.contains(is_box_sign));
    is_drawn && cells.iter().all(|cell| cell.chars().all(|sign| "-=+| ".contains(sign) || is_box_sign(sign)))
}

/// What rows below the header show of such a table.
pub(super) struct Drawn {
    delimiter: u8,
    /// True if the table has one column.
    is_narrow: bool,
    rows: u64,
    /// Where the last row is, if a program wrote it there, and what it is.
    last: Option<(Place, &'static str)>,
}

const COUNT: &str = "the number of rows, as a program writes it below a table: remove it, or export the table as CSV";
const FAULT: &str = "an error of the database, where it stopped writing rows: export the table again";

impl Drawn {
    /// Begins below a header of this many columns.
    pub(super) fn below(columns: usize, delimiter: u8) -> Drawn {
        Drawn { delimiter, is_narrow: columns == 1, rows: 0, last: None }
    }
}

impl Mistake for Drawn {
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        if self.rows == 0 && !row.has_quotes() && is_line(row) {
            let what = format!(
                "a line that a program drew below the names of the columns: remove it, or export the table as CSV; or give --delimiter {} \
                 if it is a row",
                option(self.delimiter)
            );
            return Err(InputError::at(row.place(), what));
        }
        let what = |cell: &[u8]| match std::str::from_utf8(cell).ok()? {
            cell if counts_rows(cell.trim(), self.rows) => Some(COUNT),
            cell if is_fault(cell) => Some(FAULT),
            _ => None,
        };
        self.last = row.cells().next().filter(|_| !row.has_quotes()).and_then(what).map(|what| (row.place(), what));
        self.rows += 1;
        Ok(self.is_narrow)
    }

    fn end(&self) -> Result<(), InputError> {
        let Some((place, what)) = self.last.filter(|_| self.is_narrow) else { return Ok(()) };
        Err(InputError::at(place, format!("{what}; or give --delimiter {} if it is a row", option(self.delimiter))))
    }
}

/// True for `(2 rows)`, `(2 Zeilen)` below two rows, `2 rows selected.`, `2 record(s) selected.`, `2 Zeilen ausgewählt.` below two rows, and
/// `Rows: 2`.
fn counts_rows(cell: &str, rows: u64) -> bool {
    let lower = cell.to_ascii_lowercase();
    if let Some(number) = lower.strip_prefix("rows: ").or_else(|| lower.strip_prefix("row count: ")) {
        return number.parse() == Ok(rows);
    }
    let (text, is_in_brackets) = match cell.strip_prefix('(').and_then(|cell| cell.strip_suffix(')')) {
        Some(text) => (text, true),
        None => (cell, false),
    };
    let Some((number, words)) = text.split_once(' ') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let of_rows = ["rows", "row(s)", "row", "record(s)", "records"].iter().find_map(|name| words.strip_prefix(name));
    let says_rows = if is_in_brackets {
        of_rows.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) || number.parse() == Ok(rows)
    } else {
        let is_sentence = words.split(' ').count() == 2 && words.ends_with('.') && number.parse() == Ok(rows);
        is_sentence || of_rows.is_some_and(|rest| [" selected", " in set", " affected"].iter().any(|word| rest.starts_with(word)))
    };
    is_number && says_rows
}

/// True for `ORA-01013: user requested cancel`, and `ERROR 2013 (HY000) at line 1: Lost connection`.
fn is_fault(cell: &str) -> bool {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0);
    let after = |begin: &str, next: &str| {
        cell.strip_prefix(begin).is_some_and(|rest| digits(rest).is_some_and(|end| rest[end..].starts_with(next)))
    };
    after("ORA-", ": ") || after("ERROR ", " (")
}
