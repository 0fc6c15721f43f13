//! Identifies files that are not text in the expected encoding, by their first bytes.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use infer::MatcherType;

use super::error::InputError;

/// How many bytes of a file are examined.
pub(super) const HEAD_BYTES: usize = 8_192;

/// The first bytes of binary files with rows.
const TABLES: &[(&[u8], &str)] = &[(b"PAR1", "parquet"), (b"ORC", "orc"), (b"Obj\x01", "avro"), (b"ARROW1", "arrow")];
/// The first bytes of a Lotus sheet: its first record.
const LOTUS: [&[u8]; 3] = [b"\0\0\x02\0\x04\x04", b"\0\0\x02\0\x06\x04", b"\0\0\x1a\0"];
/// The first byte of a dBase table: the program that wrote it, and whether it has memos.
const DBASE: [u8; 16] = [0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7b, 0x83, 0x8b, 0x8c, 0x8e, 0xcb, 0xf5, 0xfb];
/// In a file that is not text, at least one of this many bytes is a control character.
const BYTES_PER_CONTROL_MAX: usize = 50;
/// How many bytes of records without line ends are needed.
const EBCDIC_RECORDS_MIN: usize = 64;
const EBCDIC: &str = "the file looks like EBCDIC, as mainframes write it, which headway cannot read: convert it to UTF-8 first, as with \
                      `iconv -f IBM1047 -t UTF-8 FILE | sed 's/\\xc2\\x85/\\n/g'`, which makes line feeds of its line ends";
const BINARY: &str = "the file does not look like text: if it is compressed or a spreadsheet, decompress or export it first; if it is text, give \
                      its encoding, as in --encoding utf-16le";

/// Refuses a file without a byte-order mark whose first bytes show that it is not text, or is text in an encoding other
/// than `named`. The delimiter may be a control character.
pub(super) fn refuse(head: &[u8], named: Option<&'static Encoding>, delimiter: u8) -> Result<(), InputError> {
    if let Some(kind) = kind(head) {
        return Err(InputError::File(format!("the file is {kind}, not text: export it as CSV or JSON, or decompress it first")));
    }
    let as_utf16 = named.is_some_and(is_utf16);
    if !as_utf16 && is_ebcdic(head) {
        return Err(InputError::File(EBCDIC.to_owned()));
    }
    if !as_utf16 && wide(head, 8).is_none() && looks_binary(head, delimiter) {
        return Err(InputError::File(BINARY.to_owned()));
    }
    // If the given encoding is UTF-16, a few bytes are enough to see that the file is the other UTF-16.
    let least = if as_utf16 { 2 } else { 8 };
    let what = match (named, wide(head, least)) {
        (None, Some(Wide::Utf16(found))) => {
            format!("the file looks like {} without a byte-order mark: use --encoding {}", found.name(), lower(found))
        }
        (None, Some(Wide::Utf32(name))) => utf32(name),
        (Some(named), Some(Wide::Utf16(found))) if is_utf16(named) && named != found => {
            format!("the file looks like {0}, but --encoding says {1}: use --encoding {0}", lower(found), lower(named))
        }
        (Some(named), None) if is_utf16(named) && looks_like_utf8(head, named) => {
            format!("the file looks like UTF-8, but --encoding says {}: leave --encoding out", lower(named))
        }
        (Some(named), None) if is_utf16(named) && has_line_ends_of_one_byte(head, named) => {
            format!(
                "--encoding says {0}, but in {0} the file has no line end: give the encoding that it has, as in --encoding windows-1252",
                lower(named)
            )
        }
        // Any other NUL is refused at its place.
        _ => return Ok(()),
    };
    Err(InputError::File(what))
}

/// True if each character has two bytes or more.
pub(super) fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

fn lower(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// The error for a file in UTF-32, which no option can read.
pub(super) fn utf32(name: &str) -> String {
    format!("the file is {name}, which headway cannot read: convert it to UTF-8 first, as with `iconv -f {name} -t UTF-8`")
}

/// The kind of a binary file. Text that happens to begin like one (`BM`, `MZ`) is recognized because it has no control
/// characters.
fn kind(head: &[u8]) -> Option<String> {
    let control = |byte: &u8| matches!(byte, 0..=8 | 14..=31);
    if head.starts_with(b"{\\rtf") {
        return Some("a word processor's document (rtf)".to_owned());
    }
    if !head.iter().any(control) && !head.starts_with(b"%PDF-") {
        return None;
    }
    if is_dbase(head) {
        return Some("a dBase table (dbf)".to_owned());
    }
    if is_bson(head) {
        return Some("a binary file (bson)".to_owned());
    }
    if LOTUS.iter().any(|mark| head.starts_with(mark)) {
        return Some("an old spreadsheet (Lotus 1-2-3)".to_owned());
    }
    if let Some((_, name)) = TABLES.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(format!("a binary file ({name})"));
    }
    let spreadsheet = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
    if head.starts_with(b"PK\x03\x04") && (spreadsheet(b"xl/") || spreadsheet(b"opendocument.spreadsheet")) {
        return Some("a spreadsheet (xlsx or the like)".to_owned());
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some("an old Office file (xls or the like)".to_owned());
    }
    let found = infer::get(head).filter(|found| !matches!(found.matcher_type(), MatcherType::Text | MatcherType::Custom))?;
    Some(match found.extension() {
        "zip" => "a zip archive, as xlsx files are".to_owned(),
        "gz" => "compressed with gzip".to_owned(),
        extension => format!("a binary file ({extension})"),
    })
}

/// A table of dBase or one of its kin: its version, the date of the last change, and the length of its header: 32 bytes for
/// itself and for each column, a CR, and in Visual FoxPro 263 bytes more.
fn is_dbase(head: &[u8]) -> bool {
    let [version, _, 1..=12, 1..=31, _, _, _, _, low, high, ..] = head else { return false };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let are_reserved_zero = head.get(12..14) == Some(&[0, 0]);
    DBASE.contains(version) && are_reserved_zero && length > 32 && matches!(length % 32, 0 | 1 | 8)
}

/// A BSON document: its length, the type of its first member, and that member's name. In UTF-16 a name would be empty, or begin with a
/// control character.
fn is_bson(head: &[u8]) -> bool {
    let Some((length, [1..=0x13, rest @ ..])) = head.split_first_chunk::<4>() else { return false };
    let (length, is_whole) = (u32::from_le_bytes(*length) as usize, head.len() < HEAD_BYTES);
    let is_length = length >= 5 && if is_whole { head.get(length - 1) == Some(&0) } else { length <= 16 << 20 };
    let is_name = |name: &[u8]| name.first().is_some_and(|byte| !byte.is_ascii_control()) && std::str::from_utf8(name).is_ok();
    is_length && rest.iter().position(|byte| *byte == 0).is_some_and(|end| is_name(&rest[..end]))
}

/// True if the bytes are text in EBCDIC, as mainframes write it. All that people see is above 0x3f there, where ASCII has its blanks, digits and
/// commas. Lines end with 0x15 or 0x25; records of a fixed length have no end, so that there have to be more of them.
fn is_ebcdic(head: &[u8]) -> bool {
    let is_usual = |byte: &u8| {
        matches!(byte, 0x05 | 0x0d | 0x15 | 0x25 | 0x40 | 0x4a..=0x50 | 0x5a..=0x61 | 0x6a..=0x6f | 0x79..=0x7f | 0xad | 0xbd | 0xc0 | 0xd0)
            || matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9 | 0xf0..=0xf9)
    };
    let has = |bytes: &[u8]| head.iter().any(|byte| bytes.contains(byte));
    let is_of_ascii = |byte: &u8| matches!(byte, b'\n' | 0x20..=0x3f) && *byte != 0x25;
    let ends_alone = head.windows(2).any(|two| two[0] == b'\r' && !matches!(two[1], 0x15 | 0x25)) || head.ends_with(b"\r");
    if ends_alone || is_utf8(head) || head.iter().any(is_of_ascii) {
        return false;
    }
    // A blank or a comma: words alone could be of any language.
    let has_gaps = has(&[0x40, 0x6b]) && (has(&[0x15, 0x25]) || has(&[0x40]) && head.len() >= EBCDIC_RECORDS_MIN);
    has_gaps && head.iter().filter(|byte| is_usual(byte)).count() * 5 >= head.len() * 4
}

/// True if the bytes are probably not text: not UTF-8, and with many control characters.
fn looks_binary(head: &[u8], delimiter: u8) -> bool {
    let controls = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31) && **byte != delimiter).count();
    controls > 0 && controls * BYTES_PER_CONTROL_MAX >= head.len() && !is_utf8(head)
}

/// True if the beginning of a file is UTF-8. Its last character may be cut off.
fn is_utf8(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD_BYTES,
    }
}

/// An encoding with two or four bytes for each character.
enum Wide {
    Utf16(&'static Encoding),
    Utf32(&'static str),
}

/// The encoding that the positions of NUL bytes show. A few NUL bytes prove nothing: at least half of the characters
/// must be ASCII in that encoding, over at least `bytes_min` bytes.
fn wide(head: &[u8], bytes_min: usize) -> Option<Wide> {
    if head.len() < bytes_min {
        return None;
    }
    let all_nul = |at: usize| head.iter().skip(at).step_by(4).all(|byte| *byte == 0);
    let long = head.len() >= 8;
    if long && !all_nul(0) && all_nul(2) && all_nul(3) {
        return Some(Wide::Utf32("UTF-32LE"));
    }
    if long && all_nul(0) && all_nul(1) && !all_nul(3) {
        return Some(Wide::Utf32("UTF-32BE"));
    }
    let (units, _) = head.as_chunks::<2>();
    let is_text = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let most = |ascii: fn(&[u8; 2]) -> (u8, u8)| {
        2 * units.iter().map(ascii).filter(|(high, low)| *high == 0 && is_text(*low)).count() >= units.len()
    };
    if most(|[low, high]| (*high, *low)) {
        return Some(Wide::Utf16(UTF_16LE));
    }
    most(|[high, low]| (*high, *low)).then_some(Wide::Utf16(UTF_16BE))
}

/// True if there are line ends of one byte, and none of UTF-16 in either order of its bytes, nor any character of ASCII in this one: each
/// file in it with JSON or with rows of CSV has some.
fn has_line_ends_of_one_byte(head: &[u8], encoding: &'static Encoding) -> bool {
    let has_wide = || units(head, encoding).any(|(high, low)| high == 0 || low == 0 && is_line_end(high));
    head.iter().any(|byte| is_line_end(*byte)) && !has_wide()
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The characters in this UTF-16: their high and low bytes.
fn units(head: &[u8], encoding: &'static Encoding) -> impl Iterator<Item = (u8, u8)> {
    head.as_chunks::<2>().0.iter().map(move |[first, second]| if encoding == UTF_16LE { (*second, *first) } else { (*first, *second) })
}

/// True if the bytes are UTF-8 with few NUL characters or none, and not UTF-16: in that, CSV has line ends, and JSON begins with a
/// character of ASCII. All bytes of Hindi are ASCII there, too.
fn looks_like_utf8(head: &[u8], encoding: &'static Encoding) -> bool {
    let begins_as_json = || units(head, encoding).next().is_some_and(|(high, low)| high == 0 && matches!(low, b'{' | b'[' | b'"'));
    let is_utf16 = || begins_as_json() || units(head, encoding).any(|(high, low)| high == 0 && is_line_end(low));
    let nuls = head.iter().filter(|byte| **byte == 0).count();
    !head.is_empty() && is_utf8(head) && nuls * 8 < head.len() && !is_utf16()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: the characters `id` and a line end are also the beginning of a BSON document of 6 MB.
    #[test]
    fn utf_16_is_not_taken_for_bson() {
        for name in ["id", "c0", "ab"] {
            for end in ["\n", "\r\n", "\r"] {
                let text = format!("{name}{end}{}", format!("1000{end}").repeat(1_000));
                let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                let head = &bytes[..HEAD_BYTES];
                assert_eq!(kind(head), None, "{name:?}, {end:?}");
                let told = refuse(head, None, b',').unwrap_err().to_string();
                assert!(told.contains("use --encoding utf-16le"), "{told}");
            }
        }
    }
}
