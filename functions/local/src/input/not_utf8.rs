//! Characters that are almost UTF-8, as some programs write them. No encoding that `--encoding` knows has them.

/// A sequence is never longer: two halves of a pair with three bytes each.
pub(super) const BYTES_MAX: usize = 6;

const HALVES: &str = "half of a surrogate pair, as CESU-8 has it (some databases and Java programs write it): export the file as UTF-8";
const OVERLONG: &str = "a character with more bytes than it needs, which UTF-8 forbids (Java's modified UTF-8 has one): export the file as UTF-8, or give \
     its encoding, as in --encoding euc-jp, if it is another one";

/// What bytes are that are not UTF-8, if they are written as by these programs.
pub(super) fn named(bytes: &[u8]) -> Option<&'static str> {
    let is_next = |byte: &u8| (0x80..=0xbf).contains(byte);
    match bytes {
        [0xed, 0xa0..=0xbf, third, ..] if is_next(third) => Some(HALVES),
        [0xc0 | 0xc1, second, ..] if is_next(second) => Some(OVERLONG),
        [0xe0, 0x80..=0x9f, third, ..] if is_next(third) => Some(OVERLONG),
        [0xf0, 0x80..=0x8f, third, fourth, ..] if is_next(third) && is_next(fourth) => Some(OVERLONG),
        _ => None,
    }
}
