//! CSV as items: each row becomes an object with the header's names in the header's order. All values stay text.

mod conflict;
mod delimiters;
mod drawn;
mod header;
mod mistake;
mod other_delimiter;
mod repeated;
mod rows;
mod wrapped;

use std::io::Read;

use self::conflict::Conflict;
use self::drawn::Drawn;
use self::header::Header;
use self::mistake::{Mistake, Mistakes};
use self::other_delimiter::OtherDelimiter;
use self::repeated::Repeated;
use self::rows::{Row, Rows};
use self::wrapped::Wrapped;
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
    /// What rows may show, if no delimiter was named.
    mistakes: Mistakes,
    skipped: u64,
    max: RecordMax,
}

impl<R: Read> CsvItems<R> {
    pub(super) fn new(mut text: Text<R>, delimiter: Delimiter, max: RecordMax) -> Result<Self, InputError> {
        check_is_csv(&mut text)?;
        let mut rows = Rows::new(text, delimiter.byte());
        let (header, skipped) = Header::read(&mut rows, delimiter)?;
        let mistakes = if delimiter.is_named() { Mistakes::new() } else { mistakes_below(&header, delimiter.byte()) };
        Ok(CsvItems { rows, header, row: Row::default(), mistakes, skipped, max })
    }

    /// A mark of git is not told to be a row with too few cells.
    fn check_width(&self) -> Result<(), InputError> {
        self.header.check_width(&self.row).map_err(|ragged| conflict::in_row(&self.row).unwrap_or(ragged))
    }

    /// The next row that is not empty in every column.
    fn row(&mut self) -> Result<bool, InputError> {
        while self.rows.next(&mut self.row)? {
            if !self.row.is_empty() {
                self.check_width()?;
                mistake::look(&mut self.mistakes, &self.row)?;
                return Ok(true);
            }
            if !self.row.is_blank_line() {
                self.check_width()?;
            }
            self.skipped += 1;
        }
        self.mistakes.iter().try_for_each(|mistake| mistake.end())?;
        Ok(false)
    }
}

fn mistakes_below(header: &Header, delimiter: u8) -> Mistakes {
    let mut mistakes: Mistakes = vec![
        Box::new(Conflict { delimiter }),
        Box::new(OtherDelimiter::below(header, delimiter)),
        Box::new(Drawn::below(header.width(), delimiter)),
    ];
    mistakes.extend(Repeated::below(header, delimiter).map(|repeated| -> Box<dyn Mistake> { Box::new(repeated) }));
    mistakes.extend(Wrapped::below(header, delimiter).map(|wrapped| -> Box<dyn Mistake> { Box::new(wrapped) }));
    mistakes
}

/// Refuses text that looks like another format, before its quotes and commas are read as CSV.
fn check_is_csv<R: Read>(text: &mut Text<R>) -> Result<(), InputError> {
    let place = text.place();
    match other_format(text.ahead()?) {
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
        self.header.names().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }
}
