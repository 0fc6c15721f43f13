//! NDJSON: a JSON value a line, kept byte for byte.

use std::io::BufRead;

use serde_json::value::RawValue;

use super::lines::{Line, read_line};
use super::{InputError, Items, check_json, json_words, too_large};

/// The values of a text, blank lines skipped.
pub(super) struct NdjsonItems<R> {
    reader: R,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> NdjsonItems<R> {
    pub(super) fn new(reader: R) -> Self {
        NdjsonItems { reader, line: 0, text: Vec::new() }
    }
}

impl<R: BufRead> Items for NdjsonItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<bool, InputError> {
        loop {
            self.line += 1;
            match read_line(&mut self.reader, &mut self.text)? {
                Line::End => return Ok(false),
                Line::TooLong => return Err(too_large(self.line)),
                Line::Read if self.text.trim_ascii().is_empty() => {}
                Line::Read => break,
            }
        }
        let value: &RawValue = serde_json::from_slice(&self.text)
            .map_err(|error| InputError::Line { line: self.line, what: format!("not one JSON value ({})", json_words(&error)) })?;
        item.clear();
        item.extend_from_slice(value.get().as_bytes());
        check_json(item, self.line)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read_all;
    use super::super::{Format, InputError};

    fn read(text: &str) -> Result<Vec<String>, InputError> {
        read_all(text.as_bytes(), Format::Ndjson, 3)
    }

    #[test]
    fn values_are_kept_byte_for_byte_whatever_ends_their_lines() {
        let text = "{\"a\": 1.000,  \"b\":\"\u{2028}é\\u0000\"}\r\n\n  \t\r\n  12345678901234567890.10  \nnull\r\n\"last\"";
        let items = read(text).unwrap();
        assert_eq!(items, ["{\"a\": 1.000,  \"b\":\"\u{2028}é\\u0000\"}", "12345678901234567890.10", "null", "\"last\""]);
        assert!(read("").unwrap().is_empty() && read("\n\n").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_not_one_value_is_named() {
        for (text, line) in [("1\n\n{\"a\":1", 3), ("1 2\n", 1), ("1\n{\n}\n", 2), ("nul\n", 1), ("1\n\u{feff}2\n", 2)] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: not one JSON value (")), "{text:?}: {error}");
        }
        for text in ["1\n1e999", "1\n{\"a\":1,\"\\u0061\":2}", &format!("1\n{}{}", "[".repeat(101), "]".repeat(101))] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with("line 2: no job takes the item that begins here ("), "{text:?}: {error}");
        }
        assert!(read_all(b"\"\xff\"\n", Format::Ndjson, 8).is_err(), "not UTF-8");
    }
}
