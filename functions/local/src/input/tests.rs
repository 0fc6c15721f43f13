//! Many files of every kind: what is accepted is read exactly, and what is refused is refused at its place with advice.

use std::io::{self, Read};

use headway_core::limits::ITEM_BYTES_MAX;

use super::record_max::{RecordMax, UNENDED_BYTES_MAX};
use super::{Delimiter, Format, InputError, NamedEncoding, Reading, items};

mod properties;

const CSV: Reading = Reading { format: Format::Csv, delimiter: Delimiter::COMMA, encoding: None, record_max: RecordMax::ITEM };
const NDJSON: Reading = Reading { format: Format::Ndjson, ..CSV };
const JSON: Reading = Reading { format: Format::Json, ..CSV };

/// Returns `step` bytes at each read, like a slow pipe.
struct Trickle {
    data: io::Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.step);
        self.data.read(&mut buffer[..most])
    }
}

/// All items of a text that arrives `step` bytes at a time, and the number of skipped rows.
fn read_all(data: impl AsRef<[u8]>, reading: &Reading, step: usize) -> Result<(Vec<String>, u64), InputError> {
    let mut items = items(Trickle { data: io::Cursor::new(data.as_ref().to_vec()), step }, reading)?;
    let (mut all, mut item) = (Vec::new(), Vec::new());
    while items.next(&mut item)?.is_some() {
        all.push(String::from_utf8(item.clone()).unwrap());
    }
    Ok((all, items.skipped_rows()))
}

fn read(data: impl AsRef<[u8]>, reading: &Reading) -> Result<(Vec<String>, u64), InputError> {
    let data = data.as_ref();
    let whole = read_all(data, reading, usize::MAX);
    let trickled = read_all(data, reading, 1);
    assert_eq!(format!("{whole:?}"), format!("{trickled:?}"), "the result does not depend on how bytes arrive");
    whole
}

/// One file of the tables in `tests/files`, which the page's reader is tested against, too, and what becomes of it.
#[derive(Debug, serde::Deserialize)]
struct Case {
    text: Option<String>,
    /// What is not UTF-8, with a character for each byte.
    bytes: Option<String>,
    /// If it is not the table's; `any` is each of them.
    format: Option<String>,
    delimiter: Option<String>,
    encoding: Option<String>,
    items: Option<Vec<String>>,
    #[serde(default)]
    skipped: u64,
    /// What the error contains.
    refused: Option<String>,
}

impl Case {
    fn data(&self) -> Vec<u8> {
        let bytes = |text: &String| text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        self.bytes.as_ref().map_or_else(|| self.text.clone().unwrap().into_bytes(), bytes)
    }

    fn readings(&self, table: &str) -> Vec<Reading> {
        let formats = match self.format.as_deref().unwrap_or(table) {
            "csv" => vec![CSV],
            "ndjson" => vec![NDJSON],
            "json" => vec![JSON],
            _ => vec![CSV, NDJSON, JSON],
        };
        let delimiter = self.delimiter.as_ref().map_or(Delimiter::COMMA, |delimiter| Delimiter::parse(delimiter).unwrap());
        let encoding = self.encoding.as_ref().map(|name| NamedEncoding::parse(name).unwrap());
        formats.into_iter().map(|reading| Reading { delimiter, encoding, ..reading }).collect()
    }

    fn check(&self, reading: &Reading) {
        match (read(self.data(), reading), &self.items, &self.refused) {
            (Ok((items, skipped)), Some(expected), None) => assert_eq!((&items, skipped), (expected, self.skipped), "{self:?}"),
            (Err(error), None, Some(says)) => assert!(error.to_string().contains(says.as_str()), "{self:?}: {error}"),
            (read, ..) => panic!("{self:?}: {read:?}"),
        }
    }
}

#[test]
fn what_becomes_of_each_file_in_the_tables() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    for table in ["csv", "ndjson", "json", "text"] {
        let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(folder.join(table).with_extension("json")).unwrap()).unwrap();
        for case in cases {
            for reading in case.readings(table) {
                case.check(&reading);
            }
        }
    }
}

#[test]
fn delimiters_and_encodings_that_can_be_named() {
    for (name, shown) in [("\\t", "tab"), ("\\x01", "\\x01"), ("\u{1}", "\\x01"), ("\\x7C", "|")] {
        assert_eq!(Delimiter::parse(name).unwrap().to_string(), shown, "what is shown can be given");
    }
    for wrong in ["", ",,", "\"", "\n", "\r", "é", "\0", "comma", "\\x00", "\\x0a", "\\x22", "\\x80", "\\x+1", "\\x1"] {
        assert!(Delimiter::parse(wrong).is_err(), "{wrong:?}");
    }
    for unknown in ["", "utf-32", "klingon", "replacement", "iso-2022-cn"] {
        assert!(NamedEncoding::parse(unknown).is_err(), "{unknown}");
    }
}

#[test]
fn an_endless_item_is_given_up_at_its_place() {
    let long = "x".repeat(3 * UNENDED_BYTES_MAX);
    for (reading, text, says) in [
        (
            CSV,
            format!("a\n1\n\"{long}"),
            "line 3, column 1: the cell that begins here goes on for more than 1,000,000 bytes: is its closing quote missing?",
        ),
        (CSV, format!("a\n1\n\"{long}\"\n"), "line 3, column 1: the cell that begins here goes on for more than 1,000,000 bytes"),
        (CSV, format!("a,b\n{},\"{long}\"\n", &long[..999_999]), "line 2, column 1000001: the cell that begins here goes on"),
        (CSV, format!("a\n1\n{long}"), "line 3, column 1: the item that begins here is larger"),
        (CSV, format!("a\n1\n{}", ",".repeat(3 * UNENDED_BYTES_MAX)), "line 3, column 1: the item that begins here is larger"),
        (CSV, format!("a\n\"{}\"\n", &long[..ITEM_BYTES_MAX]), "line 2, column 1: the item that begins here is larger"),
        (NDJSON, format!("1\n1\n\"{long}"), "line 3, column 1: the item that begins here is larger"),
        (
            CSV,
            format!("{}\n", (0..ITEM_BYTES_MAX / 4).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")),
            "line 1, column 1: the names of the columns alone are more",
        ),
        (
            JSON,
            format!("[1,\n{{\"a\":1,\n{}]", "{\"a\":1},\n".repeat(UNENDED_BYTES_MAX)),
            "line 3, column 1: not JSON that a job accepts (key must be a string",
        ),
        (JSON, format!("[1,\n1,\n\"{long}"), "line 3, column 1: the item that begins here is larger"),
    ] {
        let error = read_all(&text, &reading, 10_000).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let item = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
    assert!(read_all(item(ITEM_BYTES_MAX), &NDJSON, 9_999).is_ok());
    assert!(read_all(item(ITEM_BYTES_MAX + 1), &NDJSON, 9_999).is_err());
}

#[test]
fn the_extension_tells_the_format_and_stdin_has_none() {
    use super::Source;
    use std::path::Path;

    let of = |name: &str, format| Source::of(Path::new(name), format, None, None);
    for (name, format) in [("a/b.CSV", Format::Csv), ("b.jsonl", Format::Ndjson), ("b.ndjson", Format::Ndjson), ("b.json", Format::Json)] {
        assert_eq!(of(name, None).unwrap().reading.format, format, "{name}");
    }
    assert!(of("-", None).unwrap_err().contains("--format"));
    assert!(of("x.XLSX", None).unwrap_err().contains("save it as CSV"));
    assert!(of("x.txt", None).unwrap_err().contains("--format"));
    assert!(of("x.tsv", None).unwrap_err().contains("--format csv --delimiter tab"));
    assert!(of("x.txt", Some(Format::Json)).is_ok());
    assert!(Source::of(Path::new("x.json"), None, Some(Delimiter::COMMA), None).unwrap_err().contains("--delimiter is for CSV"));
}
