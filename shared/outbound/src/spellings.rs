//! Reverses the ways in which programs encode text in text: escapes, tags, members, base64, hexadecimal, numbers.
//!
//! Nothing here is exact: each function finds everything that could be meant, and more. It is for searching, not for
//! reading.

mod digits;
mod escapes;
mod members;

pub(crate) use digits::{decoded, encoded_values};
pub(crate) use members::documents;

/// A shorter stretch of readable characters in decoded bytes is noise.
const STRETCH: usize = 8;

/// The ways in which a text can be read: as a whole, and the values of its members, in their order and by their names;
/// each of these unchanged, without escapes, without tags, and without white space.
pub(crate) fn readings(text: &[u8]) -> Vec<Vec<u8>> {
    let (in_order, by_name) = members::values(text);
    let mut readings = Vec::new();
    for form in [text.to_vec(), in_order, by_name] {
        let plain = escapes::plain(&form);
        let joined = escapes::joined(&escapes::plain(&escapes::joined(&form)));
        let without_tags = [escapes::without_tags(&plain), escapes::without_tags(&joined)];
        for reading in [form, plain, joined].into_iter().chain(without_tags) {
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// What is readable in decoded bytes: its stretches, a line each. Where nothing was encoded, decoding gives noise, and
/// hardly any of it is left. The zeros of UTF-16 are left out.
pub(crate) fn readable(decoded: &[u8]) -> Vec<u8> {
    let without_zeros: Vec<u8> = decoded.iter().copied().filter(|byte| *byte != 0).collect();
    let stretches = without_zeros.split(|byte| !is_readable(byte)).filter(|stretch| stretch.len() >= STRETCH);
    stretches.collect::<Vec<_>>().join(&b'\n')
}

fn is_readable(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}
