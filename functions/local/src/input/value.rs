//! A file that is one JSON value, as the params of a job are: read once, strictly, with the place of each error.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use headway_core::limits::ITEM_DEPTH_MAX;

use super::error::InputError;
use super::format::{Format, Reading};
use super::item::check_json;
use super::place::{Place, Tracker};
use super::record_max::RecordMax;
use super::text::Text;

/// Only memory is limited here: the server says what is too large.
const BYTES_MAX: usize = 16 << 20;
const VALUE: RecordMax = RecordMax { bytes: usize::MAX, depth: ITEM_DEPTH_MAX + 1 };
/// JSON's whitespace.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The JSON value in a file, byte for byte. The file is opened once, so it may be a pipe.
///
/// # Errors
///
/// The file cannot be read, or is not one JSON value; with its name, and the place.
pub fn json_file(path: &Path) -> Result<String, InputError> {
    let name = path.display().to_string();
    let failed = |source| InputError::Open { name: name.clone(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    value(file).map_err(|error| error.of_file(&name))
}

fn value(reader: impl Read) -> Result<String, InputError> {
    let text = whole(reader)?;
    let value = text.trim_start_matches(BLANKS);
    let mut tracker = Tracker::default();
    tracker.pass(&text.as_bytes()[..text.len() - value.len()]);
    let value = value.trim_end_matches(BLANKS);
    if value.is_empty() {
        return Err(InputError::File("the file is empty, and not JSON".to_owned()));
    }
    check_json(value.as_bytes(), tracker.place(), VALUE)?;
    Ok(value.to_owned())
}

/// The whole text of a file.
fn whole(reader: impl Read) -> Result<String, InputError> {
    let (mut text, mut all) = (Text::new(reader, &Reading::of(Format::Json))?, Vec::new());
    loop {
        let piece = text.fill()?;
        if piece.is_empty() {
            return String::from_utf8(all).map_err(|error| InputError::Read(io::Error::other(error)));
        }
        all.extend_from_slice(piece);
        let length = piece.len();
        text.consume(length);
        if all.len() > BYTES_MAX {
            return Err(InputError::at(Place { line: 1, column: 1 }, format!("larger than {BYTES_MAX} bytes")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_json_value_or_refused_at_its_place() {
        for (text, expected) in
            [(&b" {\"a\": 1.000}\r\n"[..], "{\"a\": 1.000}"), (b"\xef\xbb\xbf[1]", "[1]"), (b"\xff\xfe[\0\x31\0]\0", "[1]")]
        {
            assert_eq!(value(text).unwrap(), expected);
        }
        for (text, says) in [
            (
                &b"{\n \"schema\": true,\r  \"schema\": false}"[..],
                "line 3, column 3: not JSON that a job accepts (the member \"schema\" occurs twice",
            ),
            (b"\n\n  {\"a\":1,}", "line 3, column 10: not JSON that a job accepts (trailing comma"),
            ("{\"\u{e4}\": x}".as_bytes(), "line 1, column 7: not JSON that a job accepts"),
            (b"{\"a\":1} {", "line 1, column 9: not JSON that a job accepts (trailing characters"),
            (b"{\"a\":", "not JSON that a job accepts (EOF"),
            (b"// note\n{}", "line 1, column 1: not JSON that a job accepts (expected value; JSON has no comments"),
            (b"{\"a\":\"M\xfcller\"}", "line 1, column 8: not UTF-8, as JSON always is"),
            (b" \n", "the file is empty"),
            (b"", "the file is empty"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
            (b"\x1f\x8b\x08\x00", "gzip"),
        ] {
            let error = value(text).unwrap_err().to_string();
            assert!(error.contains(says), "{:?}: {error}", String::from_utf8_lossy(text));
        }
        assert_eq!(json_file(Path::new("no/such.json")).unwrap_err().to_string(), "no/such.json cannot be opened");
    }
}
