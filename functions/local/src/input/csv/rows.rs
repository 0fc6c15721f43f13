//! Rows of cells by RFC 4180, strictly, with the place of whatever is wrong.
//!
//! The `csv` crate reads leniently: it takes an unclosed quote, text after a closing quote and blank lines without a word,
//! and counts LF only. Telling these apart from what it reads is the same state machine again, so it is this one alone;
//! tests hold it to the `csv` crate wherever both accept a text.

use std::io::Read;

use memchr::{memchr, memchr3};

use super::super::error::InputError;
use super::super::item::{UNENDED_BYTES_MAX, too_large};
use super::super::place::Place;
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
        Row { cells: Vec::new(), ends: Vec::new(), began: start, quote: start, has_quotes: false }
    }
}

impl Row {
    /// The cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.cells[begin..*end])
    }

    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// Whether every cell is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether there is nothing on the line.
    pub(super) fn is_blank_line(&self) -> bool {
        self.is_empty() && self.ends.len() == 1 && !self.has_quotes
    }

    /// Whether any cell is written with quotes.
    pub(super) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        self.began
    }

    fn restart(&mut self, place: Place) {
        self.cells.clear();
        self.ends.clear();
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

    /// Replaces `row` by the next row. False at the end.
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
            if row.cells.len() > UNENDED_BYTES_MAX || row.ends.len() > UNENDED_BYTES_MAX {
                return Err(if state == State::Quoted { unclosed(row) } else { too_large(row.began) });
            }
        }
        Ok(true)
    }

    fn start(&mut self, row: &mut Row) -> Result<State, InputError> {
        let place = self.text.place();
        if self.text.fill()?.first() != Some(&b'"') {
            return Ok(State::Plain);
        }
        (row.quote, row.has_quotes) = (place, true);
        self.text.consume(1);
        Ok(State::Quoted)
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
            Some(byte) if byte != self.delimiter && byte != b'\n' && byte != b'\r' => Err(self.after_quote(row, byte)),
            _ => self.end_cell(row),
        }
    }

    /// Goes past what ends a cell: the delimiter, a line end, or the end of the text.
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

    fn after_quote(&self, row: &Row, byte: u8) -> InputError {
        let Place { line, column } = row.quote;
        let other = match byte {
            b'\t' => "; if a tab separates the cells: --delimiter tab".to_owned(),
            b';' | b'|' | b',' => format!("; if {0} separates the cells: --delimiter '{0}'", char::from(byte)),
            _ => String::new(),
        };
        InputError::at(
            self.text.place(),
            format!("text after the quote that closes the cell from line {line}, column {column}: double each quote within a cell{other}"),
        )
    }
}

fn unclosed(row: &Row) -> InputError {
    InputError::at(row.quote, "the quote that is opened here is never closed")
}
