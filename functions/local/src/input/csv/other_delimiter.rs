//! A table that looks as if another delimiter separated its cells: what is above the names of the columns was read as
//! the header.
//!
//! In a table of one column, each other delimiter counts. In a wider one, it must be in each row more often than the
//! delimiter that was read, and look as if that belonged to numbers or to a title: `Umsatz, netto` above `Meier;1,50;x`.

use super::super::error::InputError;
use super::super::place::Place;
use super::delimiters::{DELIMITERS, RARE_DELIMITERS, option, shown};
use super::header::{Header, TITLE_LINES_MAX};
use super::mistake::Mistake;
use super::rows::Row;

/// So many rows in sequence look like columns. At the end of the file fewer do.
const ROWS: u64 = 3;
/// So many at the end of the file.
const LAST_ROWS: u64 = 2;

/// Rows in sequence that contain a delimiter equally often.
#[derive(Debug)]
pub(super) struct OtherDelimiter {
    delimiter: u8,
    columns: usize,
    /// True if a column's name begins with a blank, as after a comma in a sentence.
    blank_in_header: bool,
    /// Delimiters that are rare, with how often the header has them.
    rare: Vec<(u8, usize)>,
    /// Rows seen.
    rows: u64,
    /// The delimiter of the current sequence, how often each row has it, its first row, and its length.
    sequence: Option<(u8, usize, Place, u64)>,
}

impl OtherDelimiter {
    /// Begins below a header.
    pub(super) fn below(header: &Header, delimiter: u8) -> OtherDelimiter {
        let often = |other: u8| header.names().map(|name| memchr::memchr_iter(other, name).count()).sum::<usize>();
        let rare = if header.width() == 1 && !header.has_quotes() { &RARE_DELIMITERS[..] } else { &[] };
        OtherDelimiter {
            delimiter,
            columns: header.width(),
            blank_in_header: header.names().skip(1).any(|name| name.starts_with(b" ")),
            rare: rare
                .iter()
                .filter(|other| header.names().all(|name| is_of_names(name, **other)))
                .map(|other| (*other, often(*other)))
                .collect(),
            rows: 0,
            sequence: None,
        }
    }

    /// True if a delimiter may separate the cells of this row, in which it is so often.
    fn separates(&self, row: &Row, other: u8, often: usize) -> bool {
        if often < self.columns {
            return false;
        }
        let cells: Vec<&[u8]> = row.cells().collect();
        let in_numbers = |pair: &[&[u8]]| pair[0].last().is_some_and(u8::is_ascii_digit) && pair[1].first().is_some_and(u8::is_ascii_digit);
        let is_spread = cells.iter().filter(|cell| cell.contains(&other)).count() > 1;
        let has_blank = cells.iter().skip(1).any(|cell| cell.starts_with(b" "));
        // One cell may be a list, as in `1,a;b;c`.
        self.columns == 1 || is_spread && cells.windows(2).all(in_numbers) || self.blank_in_header && !has_blank
    }

    /// Refuses a first row with a rare delimiter as often as the header.
    fn check_rare(&self, row: &Row) -> Result<(), InputError> {
        let same = self.rare.iter().find(|(other, times)| self.rows == 1 && !row.has_quotes() && often(row, *other) == *times);
        let Some((other, _)) = same else { return Ok(()) };
        let what = format!(
            "the table has one column, but the header and this row contain {} equally often: give --delimiter {}; or give --delimiter {} if \
             it is one column",
            shown(*other),
            option(*other),
            option(self.delimiter)
        );
        Err(InputError::at(row.place(), what))
    }

    fn refuse(&self, from: u64) -> Result<(), InputError> {
        let Some((other, _, first, _)) = self.sequence.filter(|(.., length)| *length >= from) else { return Ok(()) };
        let (mine, other_option, other) = (option(self.delimiter), option(other), shown(other));
        let remedy =
            format!("give --delimiter {other_option}, and remove what is above the names of the columns; or give --delimiter {mine}");
        let what = match self.columns {
            1 => format!("the table has one column, but each row from here contains {other} equally often: {remedy} if it is one column"),
            _ => format!(
                "each row from here contains {other} equally often, and more often than {}: {remedy} if it is right as it is",
                shown(self.delimiter)
            ),
        };
        Err(InputError::at(first, what))
    }
}

impl Mistake for OtherDelimiter {
    /// True while rows may still show it: a sequence begins near the beginning of the file, or never.
    fn look(&mut self, row: &Row) -> Result<bool, InputError> {
        self.rows += 1;
        self.check_rare(row)?;
        let others = DELIMITERS.into_iter().filter(|other| *other != self.delimiter).map(|other| (other, often(row, other)));
        let found = others.into_iter().find(|(other, often)| !row.has_quotes() && self.separates(row, *other, *often));
        self.sequence = match (found, self.sequence) {
            (Some((other, often)), Some((same, as_often, first, length))) if (other, often) == (same, as_often) => {
                Some((other, often, first, length + 1))
            }
            (Some((other, often)), _) if self.rows <= TITLE_LINES_MAX => Some((other, often, row.place(), 1)),
            _ => None,
        };
        self.refuse(ROWS)?;
        Ok(self.sequence.is_some() || self.rows < TITLE_LINES_MAX)
    }

    fn end(&self) -> Result<(), InputError> {
        self.refuse(LAST_ROWS)
    }
}

/// True if the text can be two or more names with this delimiter between them: `id:name`, and not `Name:`.
fn is_of_names(text: &[u8], delimiter: u8) -> bool {
    let is_name = |name: &[u8]| !name.is_empty() && name.trim_ascii() == name;
    text.contains(&delimiter) && text.split(|byte| *byte == delimiter).all(is_name)
}

fn often(row: &Row, delimiter: u8) -> usize {
    row.cells().map(|cell| memchr::memchr_iter(delimiter, cell).count()).sum()
}
