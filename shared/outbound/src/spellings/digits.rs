//! Bytes as digits: base64, hexadecimal, and sequences of numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::readable::is_readable;

/// Only a text with this many readable characters in a row is decoded further.
const READABLE: usize = 12;
/// A shorter value in base64 or hexadecimal does not contain compressed data worth looking at.
const VALUE_MIN: usize = 12;

/// Everything that the whole text could be an encoding of.
pub(crate) fn decoded(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let text = if text.windows(READABLE).any(|window| window.iter().all(is_readable)) { text } else { &[] };
    from_base64(text).chain(from_hex(text)).chain(from_numbers(text))
}

/// Each value in base64 or hexadecimal, decoded for itself.
pub(crate) fn encoded_values(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let values = text.split(move |byte| !is_digit(byte)).filter(|value| value.len() >= VALUE_MIN);
    values.flat_map(|value| {
        let in_hex = value.iter().all(u8::is_ascii_hexdigit).then(|| from_hex(value).next());
        from_base64(value).next().into_iter().chain(in_hex.flatten())
    })
}

/// Characters that are not base64's are skipped, line ends above all. It may begin at any of four places.
fn from_base64(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
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
        let whole = digits.len() / 4 * 4;
        // Two or three digits at the end are one or two bytes. The bits that are left over may be anything.
        let mut bytes = STANDARD_NO_PAD.decode(&digits[..whole]).ok()?;
        let end: Vec<u8> = digits[whole..].iter().copied().chain(*b"AAA").take(4).collect();
        let end = if digits.len() - whole > 1 { STANDARD_NO_PAD.decode(end).ok()? } else { Vec::new() };
        bytes.extend(end.into_iter().take((digits.len() - whole).saturating_sub(1)));
        Some(bytes)
    })
}

fn from_hex(text: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
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

/// Sequences of numbers: `[66, 101]`, `[-14, 49]`, `0o163 0o063`, `0b1110011`, `73 33`, `115.0`.
fn from_numbers(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [(10, false), (10, true), (16, false), (8, false), (2, false)].into_iter().map(|(radix, signed)| numbers(text, radix, signed))
}

/// The numbers that are a byte. With `signed`, also those from -128 on.
fn numbers(text: &[u8], radix: u32, signed: bool) -> Vec<u8> {
    let run = if radix == 16 { u8::is_ascii_hexdigit } else { u8::is_ascii_digit };
    let mut bytes = Vec::new();
    let mut is_negative = false;
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match (radix, rest) {
            (16, [b'0', b'x' | b'X', after @ ..]) | (8, [b'0', b'o', after @ ..]) | (2, [b'0', b'b', after @ ..]) => after,
            _ if run(byte) => {
                let (digits, after) = rest.split_at(rest.iter().take_while(|byte| run(byte)).count());
                let number = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok());
                let byte = match number.and_then(|number| u8::try_from(number).ok()) {
                    Some(number @ 1..=128) if signed && is_negative => Some(number.wrapping_neg()),
                    number => number,
                };
                bytes.extend(byte);
                without_fraction(after)
            }
            _ => after,
        };
        is_negative = *byte == b'-';
    }
    bytes
}

/// Without a `.0`, which says that a number is a whole one.
fn without_fraction(text: &[u8]) -> &[u8] {
    let Some(zeros) = text.strip_prefix(b".0") else { return text };
    let rest = &zeros[zeros.iter().take_while(|byte| **byte == b'0').count()..];
    if rest.first().is_some_and(u8::is_ascii_digit) { text } else { rest }
}
