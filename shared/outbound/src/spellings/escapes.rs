//! Escapes of JSON, JavaScript, C, URLs, HTML and quoted-printable, and tags.

/// Escapes may be escaped again, this many times.
const ESCAPED_MAX: usize = 4;
/// What these HTML entities mean. Other ones are not part of a secret.
const ENTITIES: [(&[u8], u8); 12] = [
    (b"amp;", b'&'),
    (b"lt;", b'<'),
    (b"gt;", b'>'),
    (b"quot;", b'"'),
    (b"apos;", b'\''),
    (b"plus;", b'+'),
    (b"sol;", b'/'),
    (b"bsol;", b'\\'),
    (b"equals;", b'='),
    (b"lowbar;", b'_'),
    (b"percnt;", b'%'),
    (b"nbsp;", b' '),
];

/// The text without escapes, however often they are escaped again.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
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
pub(super) fn joined(text: &[u8]) -> Vec<u8> {
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

/// Without everything from a `<` to the next `>`.
pub(super) fn without_tags(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.iter().position(|byte| *byte == b'<') {
        let Some(length) = rest[begin..].iter().position(|byte| *byte == b'>') else { break };
        out.extend_from_slice(&rest[..begin]);
        rest = &rest[begin + length + 1..];
    }
    out.extend_from_slice(rest);
    out
}

/// The value of a JSON text that is in the quotes of another one.
pub(super) fn unquoted(text: &[u8]) -> Vec<u8> {
    replaced(text, |byte, after| if byte == b'\\' { backslash(after) } else { None })
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    replaced(text, escape)
}

/// Each escape replaced once.
fn replaced(text: &[u8], escape: impl Fn(u8, &[u8]) -> Option<(Option<u8>, &[u8])>) -> Vec<u8> {
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
        (b'\\', _) => backslash(after),
        (b'%', [b'u', rest @ ..]) => exactly(rest, 4, 16),
        (b'%', _) => exactly(after, 2, 16),
        (b'=', [b'0'..=b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F', ..]) => exactly(after, 2, 16),
        (b'=', [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..]) => Some((None, rest)),
        (b'&', [b'#', b'x' | b'X', rest @ ..]) => reference(rest, 16),
        (b'&', [b'#', rest @ ..]) => reference(rest, 10),
        (b'&', _) => {
            let (name, means) = ENTITIES.into_iter().find(|(name, _)| after.starts_with(name))?;
            Some((Some(means), &after[name.len()..]))
        }
        // A byte as a character: U+0080 to U+00FF in UTF-8.
        (0xc2 | 0xc3, [next @ 0x80..=0xbf, rest @ ..]) => Some((Some((byte & 3) << 6 | next & 0x3f), rest)),
        _ => None,
    }
}

fn backslash(after: &[u8]) -> Option<(Option<u8>, &[u8])> {
    match after {
        [b'u' | b'x', b'{', rest @ ..] => {
            let length = digits(rest, 16);
            let rest_after = rest.get(length..)?.strip_prefix(b"}")?;
            Some((number(&rest[..length], 16), rest_after))
        }
        [b'u', rest @ ..] => exactly(rest, 4, 16),
        [b'U', rest @ ..] => exactly(rest, 8, 16).or_else(|| exactly(rest, 4, 16)),
        [b'x' | b'X', rest @ ..] => exactly(rest, 2, 16),
        [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => exactly(after, 3, 8),
        [b'n', rest @ ..] => Some((Some(b'\n'), rest)),
        [b'r', rest @ ..] => Some((Some(b'\r'), rest)),
        [b't', rest @ ..] => Some((Some(b'\t'), rest)),
        [b'f', rest @ ..] => Some((Some(0x0c), rest)),
        [b'b', rest @ ..] => Some((Some(0x08), rest)),
        [other, rest @ ..] => Some((Some(*other), rest)),
        [] => None,
    }
}

/// An escape of exactly that many digits.
fn exactly(text: &[u8], length: usize, radix: u32) -> Option<(Option<u8>, &[u8])> {
    let digits = text.get(..length).filter(|digits| digits.iter().all(|byte| (*byte as char).is_digit(radix)))?;
    Some((number(digits, radix), &text[length..]))
}

/// HTML's reference to a character: any number of digits, and a `;` that may be missing.
fn reference(text: &[u8], radix: u32) -> Option<(Option<u8>, &[u8])> {
    let length = digits(text, radix);
    let rest = text.get(length..).filter(|_| length > 0)?;
    Some((number(&text[..length], radix), rest.strip_prefix(b";").unwrap_or(rest)))
}

fn digits(text: &[u8], radix: u32) -> usize {
    text.iter().take_while(|byte| (**byte as char).is_digit(radix)).count()
}

/// The byte with that number. A character with a larger one is not part of a secret.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).unwrap_or(u32::MAX);
    Some(u8::try_from(number).unwrap_or(b'?'))
}
