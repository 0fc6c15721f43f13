//! Marks that git leaves in a file of which two versions could not be merged. In a table of one column each would be a row.

use super::super::error::InputError;
use super::delimiters::option;
use super::mistake::Mistake;
use super::rows::Row;

const WHAT: &str = "a mark of git, where two versions of the file could not be merged: resolve the conflict first";

/// True for the mark above the first version.
pub(super) fn is_mark(cell: &[u8]) -> bool {
    cell.starts_with(b"<<<<<<< ")
}

/// What is wrong with a header that is such a mark.
pub(super) fn in_header() -> String {
    format!("{WHAT}, or put the name in quotes if it is one column")
}

/// Looks for such a mark in the rows.
pub(super) struct Conflict {
    pub(super) delimiter: u8,
}

impl Mistake for Conflict {
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        if row.has_quotes() || !row.cells().next().is_some_and(is_mark) {
            return Ok(true);
        }
        Err(InputError::at(row.place(), format!("{WHAT}; or give --delimiter {} if it is a row", option(self.delimiter))))
    }

    fn end(&self) -> Result<(), InputError> {
        Ok(())
    }
}
