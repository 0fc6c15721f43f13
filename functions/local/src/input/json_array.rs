//! One JSON array of any size, element by element, kept byte for byte.
//!
//! Only the separators between elements are found here. serde_json then reads each element, so a text is accepted
//! exactly if serde_json would accept the whole of it as an array. A line break, which JSON allows only between an
//! element's tokens, becomes a space, since elements are sent one on each line.

use std::io::Read;

use super::error::InputError;
use super::hint::{After, MARKUP, after_value, is_header, not_an_array};
use super::item::{MARK, check_json, fault_within, mark_within, too_large, unknown_to_json};
use super::items::Items;
use super::place::Place;
use super::record_max::{RecordMax, UNENDED_BYTES_MAX};
use super::text::Text;

const NO_ARRAY: &str = "not a JSON array: an array begins with `[`";

/// The elements of an array.
pub(super) struct ArrayItems<R> {
    text: Text<R>,
    state: State,
    elements: u64,
    max: RecordMax,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeArray,
    InArray,
    Ended,
}

/// The state of the scan inside an element.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl<R: Read> ArrayItems<R> {
    pub(super) fn new(text: Text<R>, max: RecordMax) -> Self {
        ArrayItems { text, state: State::BeforeArray, elements: 0, max }
    }

    /// The next byte that is not whitespace. It is not consumed.
    fn peek(&mut self) -> Result<Option<u8>, InputError> {
        loop {
            let piece = self.text.fill()?;
            if piece.is_empty() {
                return Ok(None);
            }
            let blanks = piece.iter().take_while(|byte| is_blank(**byte)).count();
            let found = piece.get(blanks).copied();
            self.text.consume(blanks);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Collects bytes up to the `,` or `]` that ends the element, and returns that byte.
    fn scan(&mut self, item: &mut Vec<u8>, began: Place) -> Result<u8, InputError> {
        let mut scan = Scan::default();
        loop {
            let piece = self.text.fill()?;
            if piece.is_empty() {
                let cut_off = || InputError::at(self.text.place(), "the array is cut off: `]` is missing");
                return Err(fault_within(item, began, self.max).unwrap_or_else(cut_off));
            }
            let end = piece.iter().position(|byte| scan.ends_at(*byte));
            let stop = end.map(|at| piece[at]);
            item.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            let used = end.map_or(piece.len(), |end| end + 1);
            self.text.consume(used);
            if item.len() > UNENDED_BYTES_MAX {
                // Without its bracket or quote an item seems long. The error names the place where that shows.
                return Err(fault_within(item, began, self.max).unwrap_or_else(|| too_large(began)));
            }
            if let Some(stop) = stop {
                return Ok(stop);
            }
        }
    }

    fn open_array(&mut self) -> Result<(), InputError> {
        let what = match self.peek()? {
            Some(0xef) if self.text.fill()?.starts_with(MARK) => return Err(mark_within(self.text.place())),
            Some(b'[') => String::new(),
            Some(b'{') => format!("{NO_ARRAY}; {}", not_an_array(self.text.fill()?)),
            Some(b'<') => MARKUP.to_owned(),
            Some(_) => {
                let text = self.text.fill()?;
                match unknown_to_json(text) {
                    _ if is_header(first_line(text)) => format!("{NO_ARRAY}; is the file CSV? Then use --format csv"),
                    _ if after_value(text) != After::Other => format!("{NO_ARRAY}; {}", not_an_array(text)),
                    hint => format!("{NO_ARRAY}{hint}"),
                }
            }
            None => "the file is empty: an array without items is written []".to_owned(),
        };
        if !what.is_empty() {
            return Err(InputError::at(self.text.place(), what));
        }
        self.text.consume(1);
        self.state = State::InArray;
        if self.peek()? == Some(b']') {
            self.text.consume(1);
            self.close_array()?;
        }
        Ok(())
    }

    fn close_array(&mut self) -> Result<(), InputError> {
        self.state = State::Ended;
        match self.peek()? {
            None => Ok(()),
            Some(0xef) if self.text.fill()?.starts_with(MARK) => Err(mark_within(self.text.place())),
            Some(first) => {
                let place = self.text.place();
                let hint = match first {
                    b'[' => "; were two files joined? Put all elements into one array; if each array is one item, use --format ndjson",
                    b'{' | b',' => "; for one value on each line use --format ndjson",
                    _ => unknown_to_json(self.text.fill()?),
                };
                Err(InputError::at(place, format!("something follows the array's `]`{hint}")))
            }
        }
    }
}

impl<R: Read> Items for ArrayItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Place>, InputError> {
        item.clear();
        if self.state == State::BeforeArray {
            self.open_array()?;
        }
        if self.state == State::Ended {
            return Ok(None);
        }
        self.peek()?;
        let began = self.text.place();
        let stop = self.scan(item, began)?;
        item.truncate(item.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1));
        if item.is_empty() {
            return Err(InputError::at(began, format!("element {} is missing: is there a comma too many?", self.elements)));
        }
        check_json(item, began, self.max)?;
        item.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        self.elements += 1;
        if stop == b']' {
            self.close_array()?;
        }
        Ok(Some(began))
    }
}

impl Scan {
    /// True if this byte ends the element. Text that is not JSON may end anywhere; the error comes when the element is
    /// read.
    fn ends_at(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' | b'{' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

fn first_line(piece: &[u8]) -> &[u8] {
    piece.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default()
}

/// JSON's whitespace only.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
