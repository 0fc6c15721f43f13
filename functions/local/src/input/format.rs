//! How to read a file: its format, and the options.

use std::fmt;
use std::path::Path;

use encoding_rs::Encoding;

use super::record_max::RecordMax;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A header row, then a row for each item; all values are text.
    Csv,
    /// One JSON value on each line.
    Ndjson,
    /// One JSON array.
    Json,
}

/// How to read a file.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The format.
    pub format: Format,
    /// The delimiter of CSV.
    pub delimiter: Delimiter,
    /// The encoding. `None` is UTF-8, or UTF-16 if the file begins with a byte-order mark.
    pub encoding: Option<NamedEncoding>,
    /// The maximum for one record.
    pub record_max: RecordMax,
}

/// The delimiter of CSV: one ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter {
    byte: u8,
    /// Whether the user named it.
    is_named: bool,
}

/// An encoding given with `--encoding`.
#[derive(Clone, Copy, Debug)]
pub struct NamedEncoding {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// True if a byte-order mark may decide the order of the bytes.
    pub either_utf16: bool,
}

impl Format {
    /// The format for a file's extension.
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

impl Reading {
    /// This format without other options.
    #[must_use]
    pub fn of(format: Format) -> Reading {
        Reading { format, delimiter: Delimiter::COMMA, encoding: None, record_max: RecordMax::ITEM }
    }
}

impl Delimiter {
    /// RFC 4180's delimiter.
    pub const COMMA: Delimiter = Delimiter { byte: b',', is_named: false };

    /// Reads `;`, `|`, any other ASCII character, `tab`, or a character's number as in `\x01`. A quote, a line end and NUL
    /// cannot separate cells.
    ///
    /// # Errors
    /// If the text is none of these.
    pub fn parse(text: &str) -> Result<Delimiter, String> {
        match text.as_bytes() {
            b"tab" | b"\\t" | b"\t" => Ok(Delimiter { byte: b'\t', is_named: true }),
            [byte] if can_separate(*byte) => Ok(Delimiter { byte: *byte, is_named: true }),
            [b'\\', b'x', number @ ..] if number.len() == 2 => match u8::from_str_radix(&text[2..], 16) {
                Ok(byte) if can_separate(byte) && number.iter().all(u8::is_ascii_hexdigit) => Ok(Delimiter { byte, is_named: true }),
                _ => Err(cannot_separate(text)),
            },
            _ => Err(cannot_separate(text)),
        }
    }

    /// A delimiter that nobody named.
    #[must_use]
    pub fn of(byte: u8) -> Delimiter {
        Delimiter { byte, is_named: false }
    }

    /// The same, as if the user had named it.
    #[must_use]
    pub fn named(self) -> Delimiter {
        Delimiter { is_named: true, ..self }
    }

    /// The character.
    #[must_use]
    pub fn byte(self) -> u8 {
        self.byte
    }

    /// Whether the user named it, with `--delimiter`.
    #[must_use]
    pub fn is_named(self) -> bool {
        self.is_named
    }
}

/// As [`Delimiter::parse`] reads it.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            b'\t' => f.write_str("tab"),
            control if control.is_ascii_control() => write!(f, "\\x{control:02x}"),
            other => write!(f, "{}", char::from(other)),
        }
    }
}

fn can_separate(byte: u8) -> bool {
    byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0)
}

fn cannot_separate(text: &str) -> String {
    format!("{text:?} cannot separate cells: give one ASCII character that is not a quote or a line end, tab, or a number as in \\x01")
}

impl fmt::Display for NamedEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.either_utf16 { "utf-16" } else { self.encoding.name() })
    }
}

impl NamedEncoding {
    /// Reads a name of the WHATWG's list of encodings: `utf-8`, `latin1`, `windows-1252`, `utf-16le`, `shift_jis`, …
    ///
    /// # Errors
    /// If the list has no such name.
    pub fn parse(text: &str) -> Result<NamedEncoding, String> {
        let found = Encoding::for_label_no_replacement(text.as_bytes());
        let either_utf16 = text.trim().eq_ignore_ascii_case("utf-16");
        found.map(|encoding| NamedEncoding { encoding, either_utf16 }).ok_or_else(|| {
            format!(
                "{text:?} is not an encoding that is read here (utf-8, utf-16le, windows-1252, iso-8859-2, shift_jis and others of the WHATWG's \
                 list): convert the file first, as in `iconv -f CP437 -t UTF-8`"
            )
        })
    }
}
