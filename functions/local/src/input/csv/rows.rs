//! Rows of cells by RFC 4180, strictly, with the place of each error.
//!
//! The `csv` crate is lenient: it accepts an unclosed quote, text after a closing quote, and blank lines without an
//! error, and counts only LF as a line end. To detect these would need the same state machine again, so this is the
//! only one. Tests compare it with the `csv` crate wherever both accept a text.

use std::io::Read;

use memchr::{memchr, memchr3};

use super::super::error::InputError;
use super::super::item::{MARK, mark_within, too_large};
use super::super::place::Place;
use super::super::record_max::UNENDED_BYTES_MAX;
use super::super::text::Text;

/// The rows of a text.
pub(super) struct Rows<R> {
    text: Text<R>,
    delimiter: u8,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// The cells, unquoted, one after the other.
    cells: Vec<u8>,
    /// Where each cell ends in `cells`.
    ends: Vec<usize>,
    began: Place,
    /// Where the quote of the cell being read was opened.
    quote: Place,
    has_quotes: bool,
    /// Where each cell begins, if that is asked for.
    places: Option<Vec<Place>>,
}

/// Where in a cell the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its first character.
    Start,
    /// In a cell without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that closes the cell, or is the first of two.
    Closed,
    /// The row has ended.
    RowEnd,
}

impl Default for Row {
    fn default() -> Row {
        let start = Place { line: 1, column: 1 };
        Row { cells: Vec::new(), ends: Vec::new(), began: start, quote: start, has_quotes: false, places: None }
    }
}

impl Row {
    /// A row that remembers the place of each cell.
    pub(super) fn with_places() -> Row {
        Row { places: Some(Vec::new()), ..Row::default() }
    }

    /// Where a cell begins; if places are not remembered, where the row begins.
    pub(super) fn place_of(&self, cell: usize) -> Place {
        self.places.as_ref().and_then(|places| places.get(cell)).copied().unwrap_or(self.began)
    }

    /// The cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.cells[begin..*end])
    }

    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// True if every cell is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// True if the line is empty.
    pub(super) fn is_blank_line(&self) -> bool {
        self.is_empty() && self.ends.len() == 1 && !self.has_quotes
    }

    /// True if any cell has quotes.
    pub(super) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Where the row begins.
    pub(super) fn place(&self) -> Place {
        self.began
    }

    fn restart(&mut self, place: Place) {
        self.cells.clear();
        self.ends.clear();
        self.places.iter_mut().for_each(Vec::clear);
        (self.began, self.has_quotes) = (place, false);
    }

    fn end_cell(&mut self) {
        self.ends.push(self.cells.len());
    }
}

impl<R: Read> Rows<R> {
    pub(super) fn new(text: Text<R>, delimiter: u8) -> Self {
        Rows { text, delimiter }
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Replaces `row` with the next row. False at the end.
    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool, InputError> {
        row.restart(self.text.place());
        if self.text.fill()?.is_empty() {
            return Ok(false);
        }
        let mut state = State::Start;
        while state != State::RowEnd {
            state = match state {
                State::Start => self.start(row)?,
                State::Plain => self.plain(row)?,
                State::Quoted => self.quoted(row)?,
                State::Closed | State::RowEnd => self.closed(row)?,
            };
            check_bounds(row, state)?;
        }
        Ok(true)
    }

    fn start(&mut self, row: &mut Row) -> Result<State, InputError> {
        let place = self.text.place();
        if let Some(places) = &mut row.places {
            places.push(place);
        }
        self.check_mark()?;
        if self.text.fill()?.first() != Some(&b'"') {
            return Ok(State::Plain);
        }
        (row.quote, row.has_quotes) = (place, true);
        self.text.consume(1);
        self.check_mark()?;
        Ok(State::Quoted)
    }

    /// Refuses a byte-order mark at the beginning of a cell.
    fn check_mark(&mut self) -> Result<(), InputError> {
        let has_mark = self.text.fill()?.starts_with(MARK);
        if has_mark { Err(mark_within(self.text.place())) } else { Ok(()) }
    }

    fn plain(&mut self, row: &mut Row) -> Result<State, InputError> {
        let piece = self.text.fill()?;
        let end = memchr3(self.delimiter, b'\n', b'\r', piece).unwrap_or(piece.len());
        if let Some(quote) = memchr(b'"', &piece[..end]) {
            self.text.consume(quote);
            return Err(InputError::at(
                self.text.place(),
                "a quote in a cell that does not begin with one: put the whole cell in quotes, and double each quote within",
            ));
        }
        row.cells.extend_from_slice(&piece[..end]);
        let (ended, at_end) = (end < piece.len(), piece.is_empty());
        self.text.consume(end);
        if ended || at_end { self.end_cell(row) } else { Ok(State::Plain) }
    }

    fn quoted(&mut self, row: &mut Row) -> Result<State, InputError> {
        let piece = self.text.fill()?;
        if piece.is_empty() {
            return Err(unclosed(row));
        }
        let quote = memchr(b'"', piece);
        row.cells.extend_from_slice(&piece[..quote.unwrap_or(piece.len())]);
        let used = quote.map_or(piece.len(), |quote| quote + 1);
        self.text.consume(used);
        Ok(if quote.is_some() { State::Closed } else { State::Quoted })
    }

    fn closed(&mut self, row: &mut Row) -> Result<State, InputError> {
        match self.text.fill()?.first().copied() {
            Some(b'"') => {
                row.cells.push(b'"');
                self.text.consume(1);
                Ok(State::Quoted)
            }
            Some(byte) if byte != self.delimiter && byte != b'\n' && byte != b'\r' => Err(self.after_quote(row, byte)?),
            _ => self.end_cell(row),
        }
    }

    /// Moves past the end of a cell: the delimiter, a line end, or the end of the text.
    fn end_cell(&mut self, row: &mut Row) -> Result<State, InputError> {
        row.end_cell();
        match self.text.fill()?.first().copied() {
            None => return Ok(State::RowEnd),
            Some(byte) if byte == self.delimiter => {
                self.text.consume(1);
                return Ok(State::Start);
            }
            Some(b'\r') => {
                self.text.consume(1);
                if self.text.fill()?.first() == Some(&b'\n') {
                    self.text.consume(1);
                }
            }
            Some(_) => self.text.consume(1),
        }
        Ok(State::RowEnd)
    }

    fn after_quote(&mut self, row: &Row, byte: u8) -> Result<InputError, InputError> {
        let Place { line, column } = row.quote;
        let place = self.text.place();
        if byte == b' ' && self.only_spaces_follow()? {
            let what = format!("a space after the quote that closes the cell from line {line}, column {column}: remove the space");
            return Ok(InputError::at(place, what));
        }
        let other = match byte {
            b'\t' => "; if a tab separates the cells: --delimiter tab".to_owned(),
            b';' | b'|' | b',' => format!("; if {0} separates the cells: --delimiter '{0}'", char::from(byte)),
            _ => String::new(),
        };
        Ok(InputError::at(
            place,
            format!("text after the quote that closes the cell from line {line}, column {column}: double each quote within a cell{other}"),
        ))
    }

    /// Moves past spaces, and returns whether the cell ends there.
    fn only_spaces_follow(&mut self) -> Result<bool, InputError> {
        loop {
            match self.text.fill()?.first().copied() {
                Some(b' ') => self.text.consume(1),
                next => return Ok(next.is_none_or(|byte| byte == self.delimiter || matches!(byte, b'\n' | b'\r'))),
            }
        }
    }
}

/// Gives up on a cell or row that is too long.
fn check_bounds(row: &Row, state: State) -> Result<(), InputError> {
    let quoted = matches!(state, State::Quoted | State::Closed);
    let cell = row.cells.len() - row.ends.last().copied().unwrap_or_default();
    if quoted && cell > UNENDED_BYTES_MAX {
        let what = "the cell that begins here goes on for more than 1,000,000 bytes: is its closing quote missing?";
        return Err(InputError::at(row.quote, what));
    }
    // A quoted cell that is still being read gets the error above before the row is too long.
    let bytes_max = if quoted { 2 * UNENDED_BYTES_MAX } else { UNENDED_BYTES_MAX };
    let too_long = row.cells.len() > bytes_max || row.ends.len() > UNENDED_BYTES_MAX;
    if too_long { Err(too_large(row.began)) } else { Ok(()) }
}

fn unclosed(row: &Row) -> InputError {
    InputError::at(row.quote, "the quote that is opened here is never closed")
}
