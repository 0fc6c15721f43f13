//! Reverses the ways in which programs encode text in text: escapes, base64, hexadecimal, lists of bytes, compression.
//!
//! Nothing here is exact: each function finds everything that could be meant, and more. It is for searching, not for
//! reading.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::read::{DeflateDecoder, ZlibDecoder};

/// Escapes may be escaped again, this many times.
const ESCAPED_MAX: usize = 4;
/// Only a text with this many readable characters in a row is decoded further.
const READABLE: usize = 12;
/// A shorter stretch of readable characters in decoded bytes is noise.
const STRETCH: usize = 8;
/// How many bytes are decompressed.
const UNPACKED_MAX: u64 = 64_000;
/// At how many places compressed data may begin.
const PACKED_MAX: usize = 8;
/// The length of a gzip header without flags.
const GZIP_HEAD: usize = 10;

/// The text unchanged; without escapes of JSON, JavaScript, URLs, HTML and quoted-printable; and without these and its
/// white space.
pub(crate) fn readings(text: Vec<u8>) -> Vec<Vec<u8>> {
    let others = [plain(&text), joined(&plain(&joined(&text)))];
    let mut readings = vec![text];
    for other in others {
        if !readings.contains(&other) {
            readings.push(other);
        }
    }
    readings
}

/// Everything that the text could be an encoding of, and what is compressed in that.
pub(crate) fn decoded(text: &[u8]) -> Vec<Vec<u8>> {
    if !text.windows(READABLE).any(|window| window.iter().all(is_readable)) {
        return Vec::new();
    }
    let mut found: Vec<Vec<u8>> = from_base64(text).chain(from_hex(text)).chain(from_numbers(text)).collect();
    let unpacked: Vec<Vec<u8>> = found.iter().flat_map(|bytes| unpacked(bytes)).collect();
    found.extend(unpacked);
    found
}

/// What is readable in decoded bytes: its stretches, a line each. Where nothing was encoded, decoding gives noise, and hardly any
/// of it is left.
pub(crate) fn readable(decoded: &[u8]) -> Vec<u8> {
    let stretches = decoded.split(|byte| !is_readable(byte)).filter(|stretch| stretch.len() >= STRETCH);
    stretches.collect::<Vec<_>>().join(&b'\n')
}

fn is_readable(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}

fn plain(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..ESCAPED_MAX {
        let once = unescaped(&text);
        if once == text {
            break;
        }
        text = once;
    }
    text
}

/// Without white space, escaped white space, and the zeros of UTF-16: these may be in the middle of an escape.
fn joined(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match rest {
            [b'\\', b'n' | b'r' | b't', after @ ..] => after,
            _ => {
                out.extend((!matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n')).then_some(*byte));
                after
            }
        };
    }
    out
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (to, left) = escape(*byte, after).unwrap_or((Some(*byte), after));
        out.extend(to);
        rest = left;
    }
    out
}

/// The byte that an escape means, and what follows the escape.
fn escape(byte: u8, after: &[u8]) -> Option<(Option<u8>, &[u8])> {
    match (byte, after) {
        (b'\\', [b'u', b'{', rest @ ..]) => {
            let end = rest.iter().position(|byte| *byte == b'}')?;
            Some((number(rest.get(..end)?, 16), rest.get(end + 1..)?))
        }
        (b'\\', [b'u' | b'U', rest @ ..]) if number(rest.get(..4)?, 16).is_some() => Some((number(&rest[..4], 16), &rest[4..])),
        (b'\\', [b'x' | b'X', a, b, rest @ ..]) => Some((number(&[*a, *b], 16), rest)),
        (b'\\', [b'n' | b'r' | b't' | b'f' | b'b', rest @ ..]) => Some((Some(b' '), rest)),
        (b'\\', [byte, rest @ ..]) => Some((Some(*byte), rest)),
        (b'%', [a, b, rest @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some((number(&[*a, *b], 16), rest)),
        (b'=', [a @ (b'0'..=b'9' | b'A'..=b'F'), b @ (b'0'..=b'9' | b'A'..=b'F'), rest @ ..]) => Some((number(&[*a, *b], 16), rest)),
        (b'=', [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..]) => Some((None, rest)),
        (b'&', [b'#', rest @ ..]) => {
            let end = rest.iter().take(10).position(|byte| *byte == b';')?;
            let byte = match rest.get(..end)? {
                [b'x' | b'X', digits @ ..] => number(digits, 16),
                digits => number(digits, 10),
            };
            Some((byte, rest.get(end + 1..)?))
        }
        (b'&', _) => {
            let entities: [&[u8]; 5] = [b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"];
            let entity = entities.into_iter().find(|entity| after.starts_with(entity))?;
            Some((Some(b'&'), after.get(entity.len()..)?))
        }
        _ => None,
    }
}

/// The number, if it is that of an ASCII character. Other characters are not part of a secret.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
    Some(u8::try_from(number).unwrap_or(b'?'))
}

/// Characters that are not base64's are skipped, line ends above all. It may begin at any of four places.
fn from_base64(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => Some(*byte),
            _ => None,
        })
        .collect();
    (0..4).filter_map(move |begin| {
        let digits = digits.get(begin..)?;
        STANDARD_NO_PAD.decode(&digits[..digits.len() / 4 * 4]).ok()
    })
}

fn from_hex(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match rest {
            [b'0', b'x' | b'X', after @ ..] => after,
            _ => {
                digits.extend((*byte as char).to_digit(16).map(|digit| digit as u8));
                after
            }
        };
    }
    (0..2).map(move |begin| digits.get(begin..).unwrap_or_default().chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// `[66, 101, 97]`, as some languages print bytes.
fn from_numbers(text: &[u8]) -> Option<Vec<u8>> {
    let numbers = text.split(|byte| !byte.is_ascii_digit()).filter(|digits| (1..=3).contains(&digits.len()));
    let bytes: Vec<u8> = numbers.filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect();
    (!bytes.is_empty()).then_some(bytes)
}

fn unpacked(bytes: &[u8]) -> Vec<Vec<u8>> {
    let begins = (0..bytes.len()).filter_map(|begin| unpack(bytes.get(begin..)?));
    begins.take(PACKED_MAX).filter(|unpacked| !unpacked.is_empty()).collect()
}

/// The decompressed beginning of `bytes`. What comes before an error is useful too.
fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let _ = match bytes {
        [0x1f, 0x8b, 0x08, 0, ..] if bytes.len() > GZIP_HEAD => {
            DeflateDecoder::new(&bytes[GZIP_HEAD..]).take(UNPACKED_MAX).read_to_end(&mut out)
        }
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => ZlibDecoder::new(bytes).take(UNPACKED_MAX).read_to_end(&mut out),
        _ => return None,
    };
    Some(out)
}
