//! Marks that other programs leave in a file: git, where two versions could not be merged, and PostgreSQL's COPY, at the end. In a
//! table of one column each would be a row.

use super::super::error::InputError;
use super::delimiters::option;
use super::mistake::Mistake;
use super::rows::Row;

const OF_GIT: &str = "a mark of git, where two versions of the file could not be merged: resolve the conflict first";
const OF_COPY: &str = "the mark at the end of what COPY of PostgreSQL writes: remove this line, or write the file with FORMAT csv";

/// What the row is, if it is such a mark. Only the name of a version may contain the delimiter.
fn of_row(row: &Row) -> Option<&'static str> {
    let cell = row.cells().next().filter(|_| !row.has_quotes())?;
    match cell {
        b"=======" if row.width() == 1 => Some(OF_GIT),
        b"\\." if row.width() == 1 => Some(OF_COPY),
        _ => [&b"<<<<<<< "[..], b"||||||| ", b">>>>>>> "].iter().any(|mark| cell.starts_with(mark)).then_some(OF_GIT),
    }
}

/// What is wrong with a header that is such a mark.
pub(super) fn in_header(row: &Row) -> Option<InputError> {
    of_row(row).map(|what| InputError::at(row.place(), format!("{what}, or put the name in quotes if it is one column")))
}

/// What is wrong with a row that has not as many cells as the header, if it is such a mark.
pub(super) fn in_row(row: &Row) -> Option<InputError> {
    of_row(row).map(|what| InputError::at(row.place(), what))
}

/// Looks for such a mark in the rows.
pub(super) struct Conflict {
    pub(super) delimiter: u8,
}

impl Mistake for Conflict {
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        match of_row(row) {
            None => Ok(true),
            Some(what) => {
                Err(InputError::at(row.place(), format!("{what}; or give --delimiter {} if it is a row", option(self.delimiter))))
            }
        }
    }

    fn end(&self) -> Result<(), InputError> {
        Ok(())
    }
}
