//! NDJSON: one JSON value on each line, kept byte for byte. Lines end with LF or CRLF; blank lines are skipped.

use std::io::Read;

use memchr::memchr;

use super::error::InputError;
use super::hint;
use super::item::{check_json, too_large};
use super::items::Items;
use super::place::{Place, Tracker};
use super::record_max::{RecordMax, UNENDED_BYTES_MAX};
use super::text::Text;

const ONE_ARRAY: &str = "the file is one JSON array: for its elements as items use --format json; an array as the only item is written \
                         as [[…]] with --format json";

/// The values of a text.
pub(super) struct NdjsonItems<R> {
    text: Text<R>,
    /// The place of the first value, if it is an array and no other value has come yet.
    lone_array: Option<Place>,
    items: u64,
    max: RecordMax,
}

impl<R: Read> NdjsonItems<R> {
    pub(super) fn new(text: Text<R>, max: RecordMax) -> Self {
        NdjsonItems { text, lone_array: None, items: 0, max }
    }

    /// Replaces `line` with the next line, and returns its place. `None` at the end.
    fn line(&mut self, line: &mut Vec<u8>) -> Result<Option<Place>, InputError> {
        line.clear();
        let began = self.text.place();
        loop {
            let piece = self.text.fill()?;
            if piece.is_empty() {
                return Ok((!line.is_empty()).then_some(began));
            }
            let end = memchr(b'\n', piece);
            line.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            let used = end.map_or(piece.len(), |end| end + 1);
            self.text.consume(used);
            if line.len() > UNENDED_BYTES_MAX {
                return Err(too_large(began));
            }
            if end.is_some() {
                return Ok(Some(began));
            }
        }
    }

    /// The next line that is not blank, without the whitespace around its value.
    fn value(&mut self, line: &mut Vec<u8>) -> Result<Option<Place>, InputError> {
        while let Some(began) = self.line(line)? {
            let mut tracker = Tracker::at(began);
            let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
            tracker.pass(&line[..blanks]);
            line.drain(..blanks);
            line.truncate(line.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1));
            if !line.is_empty() {
                return Ok(Some(tracker.place()));
            }
        }
        Ok(None)
    }
}

impl<R: Read> Items for NdjsonItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<Option<Place>, InputError> {
        let Some(place) = self.value(item)? else {
            return match self.lone_array {
                Some(place) => Err(InputError::at(place, ONE_ARRAY)),
                None => Ok(None),
            };
        };
        check_json(item, place, self.max).map_err(|error| hint::ndjson(error, item, self.items))?;
        self.lone_array = (self.items == 0 && item.starts_with(b"[")).then_some(place);
        self.items += 1;
        Ok(Some(place))
    }
}

/// JSON's whitespace only.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
