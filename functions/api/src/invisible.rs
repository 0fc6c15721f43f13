//! Characters of which nothing can be seen. They hide what comes after them, or change how it is shown.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, NoncharacterCodePoint};
use icu_properties::{CodePointMapData, CodePointSetData};

/// True for control and format characters, line and paragraph separators, private use, characters without a meaning,
/// and everything that Unicode calls ignorable: joiners, fillers, selectors, tags. Spaces are not among them.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let is_of_a_category = matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    // U+2800 is a symbol without dots, and U+FFFC stands for an object that is not there.
    is_of_a_category
        || matches!(c, '\u{2800}' | '\u{fffc}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || CodePointSetData::new::<NoncharacterCodePoint>().contains(c)
}

/// True for a character that is only shown together with the one before it.
#[must_use]
pub fn is_combining(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark)
}

/// True if a text has no visible character.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// True if the character belongs to the visible one before it, as parts of emoji and of words in some scripts do:
/// U+200C, U+200D and the selectors U+FE0E and U+FE0F. In other texts they only hide something.
#[must_use]
pub fn belongs_to(before: char, c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}') && !before.is_ascii() && (!is_invisible(before) || before == '\u{fe0f}')
}

/// The first character that makes a name another one than the name that it looks like: one that cannot be seen, or a space
/// beyond ASCII at its beginning or end. Line breaks and tabs, which people put into headers, are not among them.
#[must_use]
pub fn hidden_in_name(name: &str) -> Option<char> {
    let visible = name.trim_matches(|c: char| !c.is_ascii() && c.is_whitespace());
    if visible.len() < name.len() {
        return name.chars().find(|c| !c.is_ascii() && c.is_whitespace());
    }
    let mut before = ' ';
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let is_joined =
            belongs_to(before, c) && (!matches!(c, '\u{200c}' | '\u{200d}') || rest.peek().is_some_and(|next| !next.is_ascii()));
        if is_invisible(c) && !matches!(c, '\t' | '\n' | '\r') && !is_joined {
            return Some(c);
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: a name with a zero-width space was read as another column than the one that it looks like. The page has the same
    /// rule, tested with the same table.
    #[test]
    fn a_name_is_what_it_looks_like() {
        let table: Vec<(String, Option<u32>)> = serde_json::from_str(include_str!("hidden_in_names.json")).unwrap();
        for (name, hidden) in table {
            assert_eq!(hidden_in_name(&name).map(u32::from), hidden, "{name:?}");
        }
    }

    /// Bug found: many of these were taken for visible, in cells and on terminals.
    #[test]
    fn what_cannot_be_seen_is_known() {
        let invisible = [
            0x0, 0x1b, 0x7f, 0x85, 0xad, 0x34f, 0x600, 0x61c, 0x70f, 0x8e2, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180e, 0x200b, 0x200d,
            0x200f, 0x2028, 0x202e, 0x2060, 0x2065, 0x206f, 0x2800, 0x3164, 0xe000, 0xf8ff, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff0, 0xfff9,
            0xfffb, 0xfffc, 0xffff, 0x110bd, 0x13430, 0x1bca0, 0x1d173, 0xe0001, 0xe0041, 0xe0100, 0xe01ef, 0xe0fff, 0xf0000, 0x10_fffd,
        ];
        for code in invisible {
            assert!(is_invisible(char::from_u32(code).unwrap()), "U+{code:04X}");
        }
        for c in "a é漢ß\u{a0}\u{3000}\u{301}=-\u{2212}👩\u{fffd}½".chars() {
            assert!(!is_invisible(c), "{c:?}");
        }
        assert!(['\u{301}', '\u{903}', '\u{20e3}', '\u{e0100}'].into_iter().all(is_combining) && !is_combining('a'));
    }
}
