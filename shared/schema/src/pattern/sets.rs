//! Sets of characters in the engine's dialect.

// Members of classes, without the brackets.
pub(super) const DIGIT: &str = "0-9";
pub(super) const NOT_DIGIT: &str = r"\u{0}-\u{2f}\u{3a}-\u{10ffff}";
pub(super) const WORD: &str = "A-Za-z0-9_";
pub(super) const NOT_WORD: &str = r"\u{0}-\u{2f}\u{3a}-\u{40}\u{5b}-\u{5e}\u{60}\u{7b}-\u{10ffff}";
/// White space and line ends.
pub(super) const SPACE: &str = r"\u{9}-\u{d}\u{20}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
pub(super) const NOT_SPACE: &str = concat!(
    r"\u{0}-\u{8}\u{e}-\u{1f}\u{21}-\u{9f}\u{a1}-\u{167f}\u{1681}-\u{1fff}\u{200b}-\u{2027}",
    r"\u{202a}-\u{202e}\u{2030}-\u{205e}\u{2060}-\u{2fff}\u{3001}-\u{fefe}\u{ff00}-\u{10ffff}"
);
/// Everything but line ends.
pub(super) const DOT: &str = r"\u{0}-\u{9}\u{b}\u{c}\u{e}-\u{2027}\u{202a}-\u{10ffff}";
/// Every character.
pub(super) const ANY: &str = r"\u{0}-\u{10ffff}";

/// A character without a special meaning.
pub(super) fn literal(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{{{:x}}}", c as u32) }
}
