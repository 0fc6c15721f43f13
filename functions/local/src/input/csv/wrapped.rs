//! Rows that were put in quotes as a whole, as some programs do with a table that they read as one column:
//! `"id,""name"""` above `"1,""Ann"""`.

use super::super::error::InputError;
use super::super::place::Place;
use super::delimiters::{DELIMITERS, option, shown};
use super::header::Header;
use super::mistake::Mistake;
use super::rows::Row;

/// So many rows show it. At the end of the file one does.
const ROWS: u64 = 3;

/// A header of one column in quotes that contains a delimiter, and rows that contain it as often.
#[derive(Debug)]
pub(super) struct Wrapped {
    separating: u8,
    delimiter: u8,
    often: usize,
    place: Place,
    rows: u64,
}

impl Wrapped {
    /// `None` if the header is not such a header.
    pub(super) fn below(header: &Header, separating: u8) -> Option<Wrapped> {
        let name = header.names().next().filter(|_| header.width() == 1 && header.has_quotes())?;
        let (delimiter, often) = DELIMITERS.into_iter().map(|other| (other, often(name, other))).find(|(_, often)| *often > 0)?;
        Some(Wrapped { separating, delimiter, often, place: header.place(), rows: 0 })
    }

    fn refusal(&self) -> InputError {
        let what = format!(
            "the table has one column, but the header and each row are one cell in quotes that contains {} equally often: remove the quotes \
             around each row, and write one quote for two within; or give --delimiter {} if it is one column",
            shown(self.delimiter),
            option(self.separating)
        );
        InputError::at(self.place, what)
    }
}

impl Mistake for Wrapped {
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        self.rows += 1;
        let is_wrapped = row.has_quotes() && row.cells().next().is_some_and(|cell| often(cell, self.delimiter) == self.often);
        if is_wrapped && self.rows >= ROWS { Err(self.refusal()) } else { Ok(is_wrapped) }
    }

    /// All rows of the file were wrapped.
    fn end(&self) -> Result<(), InputError> {
        if self.rows > 0 { Err(self.refusal()) } else { Ok(()) }
    }
}

/// How often a delimiter is in a text, but not between quotes.
fn often(text: &[u8], delimiter: u8) -> usize {
    let mut in_quotes = false;
    let separates = |byte: &&u8| {
        in_quotes ^= **byte == b'"';
        **byte == delimiter && !in_quotes
    };
    text.iter().filter(separates).count()
}
