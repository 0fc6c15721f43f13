//! Whether an output can be read by those who get it in a page of results: any JSON library has to be able to.

use serde_json::Value;

use crate::limits::OUTPUT_DEPTH_MAX;

/// Digits that every number within the range of a double has room for.
const DIGITS_SAFE: usize = 300;

/// True if a JSON text is not nested too deep, and its numbers and texts can be read. The text is looked at byte by byte; it is read
/// only if it has a number or a text that may be beyond others.
pub(super) fn is_readable(json: &str) -> bool {
    let mut look = Look::default();
    json.bytes().for_each(|byte| look.at(byte));
    look.deepest <= OUTPUT_DEPTH_MAX && (!look.is_doubtful || serde_json::from_str::<Value>(json).is_ok())
}

/// What was seen of a JSON text so far.
#[derive(Default)]
struct Look {
    in_text: bool,
    escaped: bool,
    depth: usize,
    deepest: usize,
    digits: usize,
    was_digit: bool,
    /// True if there is an escaped character, an exponent, or a very long number.
    is_doubtful: bool,
}

impl Look {
    fn at(&mut self, byte: u8) {
        match (self.in_text, byte) {
            (true, _) if self.escaped => {
                self.escaped = false;
                self.is_doubtful |= byte == b'u';
            }
            (true, b'\\') => self.escaped = true,
            (true, b'"') => self.in_text = false,
            (true, _) => {}
            (false, b'"') => self.in_text = true,
            (false, b'[' | b'{') => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            (false, b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            (false, _) => self.at_number(byte),
        }
    }

    /// `e` is an exponent, or in `true` and `false`, where it does no harm.
    fn at_number(&mut self, byte: u8) {
        self.digits = if byte.is_ascii_digit() { self.digits + 1 } else { 0 };
        let is_exponent = matches!(byte, b'E') || (byte == b'e' && self.was_digit);
        self.is_doubtful |= is_exponent || self.digits > DIGITS_SAFE;
        self.was_digit = byte.is_ascii_digit() || byte == b'.';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: an output of a processor in Rust could be one that no JSON library reads, and with it a whole page of results was lost. Those
    /// of endpoints were checked.
    #[test]
    fn what_others_cannot_read_is_left_out_and_all_else_is_kept() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let digits = |count: usize| "9".repeat(count);
        for (json, is_kept) in [
            (nested(OUTPUT_DEPTH_MAX), true),
            (nested(OUTPUT_DEPTH_MAX + 1), false),
            (nested(100_000), false),
            (format!("\"{}\"", "[{".repeat(200)), true),
            (format!("\"\\\"{}\"", "[".repeat(200)), true),
            (format!("[{}]", "[1],".repeat(300) + "{}"), true),
            ("1e308".to_owned(), true),
            ("1e999".to_owned(), false),
            ("[1.5E+999]".to_owned(), false),
            ("{\"a\":[true,false,null,-0.5e3]}".to_owned(), true),
            (digits(308), true),
            (digits(400), false),
            (format!("0.{}", digits(400)), true),
            ("\"\\ud83e\\udd80\"".to_owned(), true),
            ("\"\\ud800\"".to_owned(), false),
            ("{\"\\ud800\":1}".to_owned(), false),
            ("\"1e999\"".to_owned(), true),
            (String::from("\"\\\\u\""), true),
        ] {
            assert_eq!(is_readable(&json), is_kept, "{}", &json[..json.len().min(60)]);
        }
    }
}
