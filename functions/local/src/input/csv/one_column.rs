//! A table of one column that looks as if another delimiter separated its cells, below a title.

use super::super::error::InputError;
use super::super::place::Place;
use super::header::{DELIMITERS, TITLE_LINES_MAX, option, shown};
use super::rows::Row;

/// So many rows in sequence look like columns. At the end of the file fewer do.
const ROWS: u64 = 3;
/// So many at the end of the file.
const LAST_ROWS: u64 = 2;

/// Rows in sequence that contain a delimiter equally often.
#[derive(Debug, Default)]
pub(super) struct OneColumn {
    /// Rows seen.
    rows: u64,
    /// The delimiter of the current sequence, how often each row has it, its first row, and its length.
    sequence: Option<(u8, usize, Place, u64)>,
}

impl OneColumn {
    /// Looks at the next row. An error if the sequence that it belongs to is long enough.
    pub(super) fn look(&mut self, row: &Row) -> Result<(), InputError> {
        self.rows += 1;
        let found = DELIMITERS.into_iter().map(|other| (other, often(row, other))).find(|(_, often)| *often > 0 && !row.has_quotes());
        self.sequence = match (found, self.sequence) {
            (Some((other, often)), Some((same, as_often, first, length))) if (other, often) == (same, as_often) => {
                Some((other, often, first, length + 1))
            }
            (Some((other, often)), _) if self.rows <= TITLE_LINES_MAX => Some((other, often, row.place(), 1)),
            _ => None,
        };
        self.refuse(ROWS)
    }

    /// An error if the rows before the end of the file are such a sequence.
    pub(super) fn end(&self) -> Result<(), InputError> {
        self.refuse(LAST_ROWS)
    }

    fn refuse(&self, from: u64) -> Result<(), InputError> {
        match self.sequence {
            Some((other, _, first, length)) if length >= from => {
                let what = format!(
                    "the table has one column, but each row from here contains {} equally often: give --delimiter {}, and remove what is \
                     above the names of the columns; or give --delimiter ',' if it is one column",
                    shown(other),
                    option(other)
                );
                Err(InputError::at(first, what))
            }
            _ => Ok(()),
        }
    }
}

fn often(row: &Row, delimiter: u8) -> usize {
    row.cells().map(|cell| memchr::memchr_iter(delimiter, cell).count()).sum()
}
