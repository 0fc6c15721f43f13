//! CSV: UTF-8 with a header row; each row becomes an object in the header's order, whose values stay text.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::{InputError, Items, UNENDED_BYTES_MAX, check_size, too_large};

/// The rows of a table.
pub(super) struct CsvItems<R> {
    reader: Reader<Bounded<R>>,
    /// `"name":` of each column, as JSON.
    keys: Vec<Vec<u8>>,
    row: ByteRecord,
}

impl<R: BufRead> CsvItems<R> {
    pub(super) fn open(reader: R) -> Result<Self, InputError> {
        let bounded = Bounded { reader, since_row: 0 };
        let mut reader = ReaderBuilder::new().buffer_capacity(64 * 1_024).from_reader(bounded);
        let header = reader.byte_headers().map_err(|error| convert(error, 1))?.clone();
        let keys = keys(&header)?;
        Ok(CsvItems { reader, keys, row: ByteRecord::new() })
    }
}

impl<R: BufRead> Items for CsvItems<R> {
    fn next(&mut self, item: &mut Vec<u8>) -> Result<bool, InputError> {
        self.reader.get_mut().since_row = 0;
        let began = self.reader.position().line();
        if !self.reader.read_byte_record(&mut self.row).map_err(|error| convert(error, began))? {
            return Ok(false);
        }
        let line = self.row.position().map_or(began, ::csv::Position::line);
        item.clear();
        for (n, (key, cell)) in self.keys.iter().zip(&self.row).enumerate() {
            item.push(if n == 0 { b'{' } else { b',' });
            item.extend_from_slice(key);
            write_text(item, cell, line)?;
        }
        item.push(b'}');
        check_size(item, line)?;
        Ok(true)
    }
}

fn keys(header: &ByteRecord) -> Result<Vec<Vec<u8>>, InputError> {
    if header.is_empty() {
        return Err(InputError::File("the file is empty: CSV needs a header row with the columns' names"));
    }
    let wrong = |what| Err(InputError::Line { line: 1, what });
    let mut seen = BTreeSet::new();
    let mut keys = Vec::with_capacity(header.len());
    for (n, name) in header.iter().enumerate() {
        if name.trim_ascii().is_empty() {
            return wrong(format!("column {} has no name", n + 1));
        }
        if !seen.insert(name) {
            return wrong(format!("two columns are named {:?}", String::from_utf8_lossy(name)));
        }
        let mut key = Vec::with_capacity(name.len() + 3);
        write_text(&mut key, name, 1)?;
        key.push(b':');
        keys.push(key);
    }
    Ok(keys)
}

fn write_text(item: &mut Vec<u8>, cell: &[u8], line: u64) -> Result<(), InputError> {
    let text = std::str::from_utf8(cell)
        .map_err(|_| InputError::Line { line, what: "not UTF-8: save the file as UTF-8 (`iconv -f latin1 -t utf-8`)".to_owned() })?;
    serde_json::to_writer(item, text).map_err(|error| InputError::Read(error.into()))
}

fn convert(error: ::csv::Error, began: u64) -> InputError {
    match error.into_kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => InputError::Line {
            line: pos.map_or(began, |pos| pos.line()),
            what: format!("{len} cells, but the header row has {expected_len}"),
        },
        ErrorKind::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Unended>()) => too_large(began),
        ErrorKind::Io(error) => InputError::Read(error),
        other => InputError::Line { line: began, what: format!("{other:?}") },
    }
}

/// Stops reading when a row does not end, as after a stray quote.
struct Bounded<R> {
    reader: R,
    since_row: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("a row does not end")]
struct Unended;

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > UNENDED_BYTES_MAX {
            return Err(io::Error::other(Unended));
        }
        let read = self.reader.read(buffer)?;
        self.since_row += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read_all;
    use super::super::{Format, InputError};
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<String>, InputError> {
        read_all(text.as_bytes(), Format::Csv, 5)
    }

    #[test]
    fn rows_become_objects_of_text_in_the_headers_order() {
        let items = read("z,a b,n\r\nx,\"1,\"\"2\"\"\n3\",007\r\n,é\u{1},NA\n").unwrap();
        assert_eq!(items, [r#"{"z":"x","a b":"1,\"2\"\n3","n":"007"}"#, "{\"z\":\"\",\"a b\":\"é\\u0001\",\"n\":\"NA\"}"]);
        assert!(read("a,b\n").unwrap().is_empty(), "a header alone is a table without rows");
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let says = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(says("a,b\n1,2\n\"x\ny\",2\n1,2,3\n"), "line 5: 3 cells, but the header row has 2");
        assert_eq!(says("a,b\n1\n"), "line 2: 1 cells, but the header row has 2");
        assert_eq!(says("a,b,a\n"), "line 1: two columns are named \"a\"");
        assert_eq!(says("a,,c\n"), "line 1: column 2 has no name");
        assert!(says("").contains("header row"));
        let latin = read_all(b"a\nok\n\xe9\n", Format::Csv, 5).unwrap_err().to_string();
        assert!(latin.starts_with("line 3: not UTF-8"), "{latin}");
    }

    proptest! {
        #[test]
        fn any_table_comes_out_as_it_went_in(
            rows in proptest::collection::vec(proptest::collection::vec("\\PC{0,5}[\",\n\r]{0,2}", 3), 0..12), step in 1usize..50,
        ) {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let items = read_all(&writer.into_inner().unwrap(), Format::Csv, step).unwrap();
            let cells: Vec<Vec<String>> = items
                .iter()
                .map(|item| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(item).unwrap())
                .map(|item| ["a", "b", "c"].map(|key| item[key].as_str().unwrap().to_owned()).to_vec())
                .collect();
            prop_assert_eq!(cells, rows);
        }
    }
}
