//! Texts that differ only in how their accents are encoded: `é` as one character or as two.

use icu_normalizer::ComposingNormalizerBorrowed;

/// True if both are the same text in Unicode's normal form NFC.
#[must_use]
pub fn is_same_text(one: &str, other: &str) -> bool {
    let composed = |text| ComposingNormalizerBorrowed::new_nfc().normalize(text);
    one == other || !(one.is_ascii() && other.is_ascii()) && composed(one) == composed(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_may_be_encoded_in_either_way() {
        assert!(is_same_text("\u{e9}t\u{e9}", "e\u{301}te\u{301}") && is_same_text("a", "a"));
        assert!(!is_same_text("\u{e9}", "e") && !is_same_text("a", "b") && !is_same_text("\u{e9}", "\u{e8}"));
    }
}
