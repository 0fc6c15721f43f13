//! Files of items, read as a stream: whatever their size, one item is held at a time.
//!
//! Every reader gives an item as JSON without a line break in it, ready to be a line of a part.

mod csv;
mod json_array;
mod lines;
mod ndjson;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use headway::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};
use headway_api::json::{self, JsonError};

const BUFFER_BYTES: usize = 256 * 1_024;
/// The most bytes read for one item before giving up on its end: more than any item may have, with room for
/// whitespace around it, so that a stray quote does not load the rest of a file.
const UNENDED_BYTES_MAX: usize = 1_000_000;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a file holds its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A header row, then a row an item; values stay text.
    Csv,
    /// A JSON value a line.
    Ndjson,
    /// One JSON array.
    Json,
}

/// Where items come from, and in which format.
#[derive(Clone, Debug)]
pub struct Source {
    /// A file; none is stdin.
    pub path: Option<PathBuf>,
    /// The format.
    pub format: Format,
}

/// A stream of items.
pub trait Items {
    /// Replaces `item` by the next item's JSON. False at the end.
    ///
    /// # Errors
    /// If the input cannot be read, or is not what its format says.
    fn next(&mut self, item: &mut Vec<u8>) -> Result<bool, InputError>;
}

/// Why a file's items cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened.
    #[error("{name} cannot be opened")]
    Open {
        /// The file's name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Reading broke off.
    #[error("the input cannot be read on")]
    Read(#[from] io::Error),
    /// A line is not what the format asks for.
    #[error("line {line}: {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The file as a whole is not what the format asks for.
    #[error("{0}")]
    File(&'static str),
}

impl Format {
    /// The format that a file's extension stands for.
    #[must_use]
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

impl Source {
    /// The source that `FILE` (`-` is stdin) and `--format` stand for.
    ///
    /// # Errors
    /// Says what to add, if the format is not known.
    pub fn of(file: &Path, format: Option<Format>) -> Result<Source, String> {
        let stdin = file.as_os_str() == "-";
        let path = (!stdin).then(|| file.to_owned());
        match format.or_else(|| path.as_deref().and_then(Format::of)) {
            Some(format) => Ok(Source { path, format }),
            None if stdin => Err("say what stdin holds: --format csv, ndjson or json".to_owned()),
            None => Err(format!("the name {} does not tell the format: --format csv, ndjson or json", file.display())),
        }
    }

    /// Opens the source.
    ///
    /// # Errors
    /// If it cannot be opened, or has no good beginning.
    pub fn open(&self) -> Result<Box<dyn Items>, InputError> {
        let reader: Box<dyn Read> = match &self.path {
            Some(path) => Box::new(open_file(path)?),
            None => Box::new(io::stdin()),
        };
        items(reader, self.format)
    }

    /// Whether it can be read more than once.
    #[must_use]
    pub fn can_reread(&self) -> bool {
        self.path.as_deref().is_some_and(Path::is_file)
    }
}

fn open_file(path: &Path) -> Result<File, InputError> {
    let failed = |source| InputError::Open { name: path.display().to_string(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

/// The items of what a reader gives.
///
/// # Errors
/// If it has no good beginning.
pub fn items(reader: impl Read + 'static, format: Format) -> Result<Box<dyn Items>, InputError> {
    let reader = BufReader::with_capacity(BUFFER_BYTES, without_bom(reader)?);
    Ok(match format {
        Format::Csv => Box::new(csv::CsvItems::open(reader)?),
        Format::Ndjson => Box::new(ndjson::NdjsonItems::new(reader)),
        Format::Json => Box::new(json_array::ArrayItems::new(reader)),
    })
}

/// Spreadsheets begin UTF-8 with a byte order mark, which is no part of the first name.
fn without_bom(mut reader: impl Read) -> io::Result<impl Read> {
    let mut start = Vec::with_capacity(BOM.len());
    reader.by_ref().take(BOM.len() as u64).read_to_end(&mut start)?;
    if start == BOM {
        start.clear();
    }
    Ok(io::Cursor::new(start).chain(reader))
}

/// The error of an item that no chunk would hold.
fn check_size(item: &[u8], line: u64) -> Result<(), InputError> {
    if item.len() <= ITEM_BYTES_MAX {
        return Ok(());
    }
    Err(too_large(line))
}

/// Refuses here what the service would refuse in the middle of a file: sizes, members named twice, numbers beyond f64's range.
fn check_json(item: &[u8], line: u64) -> Result<(), InputError> {
    check_size(item, line)?;
    let words = match json::text(item).and_then(|text| json::check(text, ITEM_DEPTH_MAX)) {
        Ok(()) => return Ok(()),
        Err(JsonError::NotJson(error)) => json_words(&error),
        Err(error) => error.to_string(),
    };
    Err(InputError::Line { line, what: format!("no job takes the item that begins here ({words})") })
}

fn too_large(line: u64) -> InputError {
    InputError::Line { line, what: format!("the item that begins here is larger than {ITEM_BYTES_MAX} bytes, the most a job takes") }
}

/// serde_json's words without its own line and column, which count within the item only.
fn json_words(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let end = words.rfind(" at line ").unwrap_or(words.len());
    words[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `step` bytes a read, as a slow pipe does.
    pub(super) struct Trickle {
        pub(super) data: io::Cursor<Vec<u8>>,
        pub(super) step: usize,
    }

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.step);
            self.data.read(&mut buffer[..most])
        }
    }

    /// All items of a text that comes `step` bytes at a time.
    pub(super) fn read_all(data: &[u8], format: Format, step: usize) -> Result<Vec<String>, InputError> {
        let mut items = items(Trickle { data: io::Cursor::new(data.to_vec()), step }, format)?;
        let (mut all, mut item) = (Vec::new(), Vec::new());
        while items.next(&mut item)? {
            all.push(String::from_utf8(item.clone()).unwrap());
        }
        Ok(all)
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_any_format() {
        for (format, text, item) in [(Format::Csv, "a\n1\n", r#"{"a":"1"}"#), (Format::Ndjson, "1\n", "1"), (Format::Json, "[1]", "1")] {
            for step in [1, 2, 1_000] {
                let text = [BOM, text.as_bytes()].concat();
                assert_eq!(read_all(&text, format, step).unwrap(), [item], "{format:?}");
            }
        }
    }

    #[test]
    fn an_endless_item_is_given_up_with_its_line() {
        let long = "x".repeat(3 * UNENDED_BYTES_MAX);
        for (format, text) in [
            (Format::Csv, format!("a\n1\n\"{long}")),
            (Format::Ndjson, format!("1\n1\n\"{long}")),
            (Format::Json, format!("[1,\n1,\n\"{long}")),
        ] {
            let error = read_all(text.as_bytes(), format, 10_000).unwrap_err();
            assert!(error.to_string().starts_with("line 3: the item that begins here is larger"), "{format:?}: {error}");
        }
    }

    #[test]
    fn an_item_of_the_largest_size_passes_and_one_more_does_not() {
        let item = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
        assert!(read_all(item(ITEM_BYTES_MAX).as_bytes(), Format::Ndjson, 9_999).is_ok());
        assert!(read_all(item(ITEM_BYTES_MAX + 1).as_bytes(), Format::Ndjson, 9_999).is_err());
    }

    #[test]
    fn the_extension_tells_the_format_and_stdin_has_none() {
        assert_eq!(Format::of(Path::new("a/b.CSV")), Some(Format::Csv));
        assert_eq!(Format::of(Path::new("b.jsonl")), Some(Format::Ndjson));
        assert!(Source::of(Path::new("-"), None).unwrap_err().contains("--format"));
        assert!(Source::of(Path::new("x.txt"), None).unwrap_err().contains("--format"));
        assert!(Source::of(Path::new("x.txt"), Some(Format::Json)).is_ok());
    }
}
