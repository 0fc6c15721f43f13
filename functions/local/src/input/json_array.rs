//! One JSON array of any size, element by element, kept byte for byte.
//!
//! Only the separators between elements are found here; each element is then read by serde_json, so that a text passes
//! exactly if serde_json would read the whole of it as an array. A line break, which in JSON can only stand between an
//! element's tokens, becomes a space: elements travel a line each.

use std::io::{self, BufRead};

use serde_json::value::RawValue;

use super::{InputError, Items, UNENDED_BYTES_MAX, check_json, json_words, too_large};

/// The elements of an array.
pub(super) struct ArrayItems<R> {
    reader: R,
    state: State,
    line: u64,
    elements: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BeforeArray,
    InArray,
    Ended,
}

/// Where in an element the scan is.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl<R: BufRead> ArrayItems<R> {
    pub(super) fn new(reader: R) -> Self {
        ArrayItems { reader, state: State::BeforeArray, line: 1, elements: 0 }
    }

    /// The next byte that is no whitespace, not consumed.
    fn peek(&mut self) -> Result<Option<u8>, InputError> {
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                filled => filled?,
            };
            if buffer.is_empty() {
                return Ok(None);
            }
            let blanks = buffer.iter().take_while(|byte| is_blank(**byte)).count();
            let found = buffer.get(blanks).copied();
            self.line += breaks(&buffer[..blanks]);
            self.reader.consume(blanks);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Collects bytes up to the `,` or `]` that ends the element, and gives it.
    fn scan(&mut self, item: &mut Vec<u8>, began: u64) -> Result<u8, InputError> {
        let mut scan = Scan::default();
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                filled => filled?,
            };
            if buffer.is_empty() {
                return Err(InputError::Line { line: self.line, what: "the array is cut off: `]` is missing".to_owned() });
            }
            let end = buffer.iter().position(|byte| scan.ends_at(*byte));
            let text = &buffer[..end.unwrap_or(buffer.len())];
            let stop = end.map(|at| buffer[at]);
            item.extend_from_slice(text);
            self.line += breaks(text);
            let used = text.len() + usize::from(stop.is_some());
            self.reader.consume(used);
            if item.len() > UNENDED_BYTES_MAX {
                return Err(too_large(began));
            }
            if let Some(stop) = stop {
                return Ok(stop);
            }
        }
    }

    fn open_array(&mut self) -> Result<(), InputError> {
        if self.peek()? != Some(b'[') {
            return Err(InputError::File("the file is no JSON array: it must begin with `[`; a value a line is --format ndjson"));
        }
        self.reader.consume(1);
        self.state = State::InArray;
        if self.peek()? == Some(b']') {
            self.reader.consume(1);
            self.close_array()?;
        }
        Ok(())
    }

    fn close_array(&mut self) -> Result<(), InputError> {
        self.state = State::Ended;
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(InputError::Line { line: self.line, what: "something follows the array's `]`".to_owned() }),
        }
    }
}

impl<R: BufRead> Items for ArrayItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<bool, InputError> {
        item.clear();
        if self.state == State::BeforeArray {
            self.open_array()?;
        }
        if self.state == State::Ended {
            return Ok(false);
        }
        self.peek()?;
        let began = self.line;
        let stop = self.scan(item, began)?;
        item.truncate(item.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1));
        serde_json::from_slice::<&RawValue>(item).map_err(|error| InputError::Line {
            line: began,
            what: format!("element {} is not one JSON value ({})", self.elements, json_words(&error)),
        })?;
        item.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        check_json(item, began)?;
        self.elements += 1;
        if stop == b']' {
            self.close_array()?;
        }
        Ok(true)
    }
}

impl Scan {
    /// Whether this byte ends the element. What is no JSON may end anywhere: reading the element tells.
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

/// JSON's whitespace, no more.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn breaks(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::tests::read_all;
    use super::super::{Format, InputError};
    use headway::limits::ITEM_DEPTH_MAX;
    use headway_api::json;
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    fn read(text: &[u8], step: usize) -> Result<Vec<String>, InputError> {
        read_all(text, Format::Json, step)
    }

    /// What serde_json makes of the whole text, if a job takes each element.
    fn reference(text: &[u8]) -> Option<Vec<String>> {
        let elements: Vec<&RawValue> = serde_json::from_slice(text).ok()?;
        elements.iter().try_for_each(|element| json::check(element.get(), ITEM_DEPTH_MAX)).ok()?;
        Some(elements.iter().map(|element| element.get().replace(['\n', '\r'], " ")).collect())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,6}[\"\\\\,\\]\\[{}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-z\",\\]]{0,3}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_array_is_read_as_serde_json_reads_it(
            values in proptest::collection::vec(value(), 0..8), pretty: bool, step in 1usize..40,
        ) {
            let write = if pretty { serde_json::to_vec_pretty } else { serde_json::to_vec };
            let text = write(&values).unwrap();
            prop_assert_eq!(read(&text, step).unwrap(), reference(&text).unwrap());
        }

        #[test]
        fn what_serde_json_refuses_is_refused(text in "[\\[\\]{},:\"\\\\ \n1a0.-]{0,24}", step in 1usize..9) {
            let text = format!("[{text}");
            for text in [text.clone(), format!("{text}]"), format!("{text}\"]")] {
                prop_assert_eq!(read(text.as_bytes(), step).ok(), reference(text.as_bytes()), "{}", text);
            }
        }

        #[test]
        fn damaged_arrays_are_judged_as_serde_json_judges_them(
            values in proptest::collection::vec(value(), 0..5), at: prop::sample::Index, byte in any::<u8>(),
        ) {
            let mut text = serde_json::to_vec(&values).unwrap();
            let at = at.index(text.len());
            text[at] = byte;
            prop_assert_eq!(read(&text, 7).ok(), reference(&text));
        }
    }

    #[test]
    fn an_error_names_the_line_and_the_element() {
        let says = |text: &str| read(text.as_bytes(), 4).unwrap_err().to_string();
        assert!(says("[1,\n 2,\n {\"a\":}\n]").starts_with("line 3: element 2 is not one JSON value"));
        assert_eq!(says("[1,\n2\n"), "line 3: the array is cut off: `]` is missing");
        assert_eq!(says("[1]\n\n[2]"), "line 3: something follows the array's `]`");
        assert!(says("[1,\n{\"a\":1,\"a\":2}]").starts_with("line 2: no job takes the item that begins here (the member \"a\""));
        assert!(says("[1\u{c}]").starts_with("line 1: element 0 is not one JSON value"), "a form feed is no space");
        assert!(says("{\"items\": []}").contains("must begin with `[`"));
        assert!(says("").contains("must begin with `[`"));
    }
}
