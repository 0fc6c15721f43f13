//! Readable characters among bytes.

/// A shorter stretch of readable characters in decoded bytes is noise.
const STRETCH: usize = 8;

/// What is readable in decoded bytes: its stretches, a line each. Where nothing was encoded, decoding gives noise, and
/// hardly any of it is left. The zeros of UTF-16 are left out.
pub(crate) fn readable(decoded: &[u8]) -> Vec<u8> {
    let without_zeros: Vec<u8> = decoded.iter().copied().filter(|byte| *byte != 0).collect();
    let stretches = without_zeros.split(|byte| !is_readable(byte)).filter(|stretch| stretch.len() >= STRETCH);
    stretches.collect::<Vec<_>>().join(&b'\n')
}

/// True for printable ASCII, tabs and line ends.
pub(super) fn is_readable(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}
