//! CSV as items: each row becomes an object with the header's names in the header's order. All values stay text.

mod header;
mod one_column;
mod rows;

use std::io::Read;

use self::header::Header;
use self::one_column::OneColumn;
use self::rows::{Row, Rows};
use super::error::InputError;
use super::format::Delimiter;
use super::hint::other_format;
use super::item::check_size;
use super::items::Items;
use super::place::Place;
use super::record_max::RecordMax;
use super::text::Text;

/// The rows of a table.
pub(super) struct CsvItems<R> {
    rows: Rows<R>,
    header: Header,
    row: Row,
    /// While it may be a mistake that there is one column.
    one_column: Option<OneColumn>,
    skipped: u64,
    max: RecordMax,
}

impl<R: Read> CsvItems<R> {
    pub(super) fn new(mut text: Text<R>, delimiter: Delimiter, max: RecordMax) -> Result<Self, InputError> {
        check_is_csv(&mut text)?;
        let mut rows = Rows::new(text, delimiter.byte());
        let (header, skipped) = Header::read(&mut rows, delimiter)?;
        let one_column = (header.is_one_column() && !delimiter.is_named()).then(OneColumn::default);
        Ok(CsvItems { rows, header, row: Row::default(), one_column, skipped, max })
    }

    /// The next row that is not empty in every column.
    fn row(&mut self) -> Result<bool, InputError> {
        while self.rows.next(&mut self.row)? {
            if !self.row.is_empty() {
                self.header.check_width(&self.row)?;
                self.one_column.as_mut().map_or(Ok(()), |seen| seen.look(&self.row))?;
                return Ok(true);
            }
            if !self.row.is_blank_line() {
                self.header.check_width(&self.row)?;
            }
            self.skipped += 1;
        }
        self.one_column.as_ref().map_or(Ok(()), OneColumn::end)?;
        Ok(false)
    }
}

/// Refuses text that looks like another format, before its quotes and commas are read as CSV.
fn check_is_csv<R: Read>(text: &mut Text<R>) -> Result<(), InputError> {
    let place = text.place();
    match other_format(text.fill()?) {
        Some(what) => Err(InputError::at(place, what)),
        None => Ok(()),
    }
}

impl<R: Read> Items for CsvItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Place>, InputError> {
        if !self.row()? {
            return Ok(None);
        }
        self.header.write(&self.row, item)?;
        check_size(item, self.row.place(), self.max)?;
        Ok(Some(self.row.place()))
    }

    fn skipped_rows(&self) -> u64 {
        self.skipped
    }

    fn columns(&self) -> Vec<String> {
        self.header.names()
    }
}
