//! Texts in which something is lost.

use crate::normal_form;

/// The most characters of a cell in Excel, Google Sheets and old LibreOffice.
const CELL_CHARS_MAX: [usize; 3] = [32_767, 50_000, 65_535];
/// The errors of spreadsheets that do not end with `!` or `?`.
const ERRORS: [&str; 6] = ["#N/A", "#NV", "#N/D", "#N/B", "#I/T", "#GETTING_DATA"];
const ERROR_CHARS_MAX: usize = 24;
/// No character from here on is in a code page with one byte for a character.
const EAST_ASIAN: char = '\u{2e80}';

/// True if `new` is `old` with a loss that spreadsheets cause.
pub(super) fn is_lossy(old: &str, new: &str) -> bool {
    is_error(new)
        || is_trimmed(old, new)
        || is_cut(old, new)
        || has_lost_letters(old, new)
        || is_misread(old, new)
        || is_garbled(old, new)
        || is_typeset(old, new)
}

/// `#NAME?`, `#REF!`, `#WERT!`, `#¿NOMBRE?`, `####`, `Err:508`.
fn is_error(new: &str) -> bool {
    let new = new.trim();
    let is_short = new.len() <= 2 * ERROR_CHARS_MAX && new.chars().count() <= ERROR_CHARS_MAX;
    let is_upper = |text: &str| text.chars().all(|c| (c.is_alphanumeric() && !c.is_lowercase()) || "/_¡¿".contains(c));
    let named = |rest: &str| rest.strip_suffix(['!', '?']).is_some_and(|name| name.chars().count() >= 2 && is_upper(name));
    let code = |rest: &str| rest.len() == 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    is_short
        && (ERRORS.contains(&new)
            || new.strip_prefix('#').is_some_and(named)
            || (new.len() >= 3 && new.bytes().all(|byte| byte == b'#'))
            || ["Err:", "Fehler:", "Erreur:"].iter().any(|word| new.strip_prefix(word).is_some_and(code)))
}

fn is_trimmed(old: &str, new: &str) -> bool {
    new.len() < old.len() && old.trim() == new.trim()
}

/// The text up to the longest that a cell can be, in characters or in units of UTF-16.
fn is_cut(old: &str, new: &str) -> bool {
    new.len() >= CELL_CHARS_MAX[0] && new.len() < old.len() && old.starts_with(new) && {
        let (chars, units) = (new.chars().count(), new.encode_utf16().count());
        // A character of two units at the end is left out as a whole.
        CELL_CHARS_MAX.iter().any(|max| chars == *max || units == *max || (units + 1 == *max && starts_with_pair(&old[new.len()..])))
    }
}

fn starts_with_pair(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.len_utf16() == 2)
}

/// Letters that the file's encoding does not have are `?` or U+FFFD: one for each character, UTF-16 unit, or byte.
fn has_lost_letters(old: &str, new: &str) -> bool {
    let lengths: [fn(char) -> usize; 3] = [|_| 1, char::len_utf16, char::len_utf8];
    !old.is_ascii() && lengths.iter().any(|length| is_lost_by(old, new, length))
}

fn is_lost_by(old: &str, new: &str, length: &fn(char) -> usize) -> bool {
    let mut after = new.chars().peekable();
    for before in old.chars() {
        if after.next_if_eq(&before).is_some() {
            continue;
        }
        let lost = if before.is_ascii() { 0 } else { length(before) };
        let marks = (0..lost).filter(|_| after.next_if(|c| matches!(c, '?' | '\u{fffd}')).is_some()).count();
        if lost == 0 || marks != lost {
            return false;
        }
    }
    after.next().is_none()
}

/// `JÃ¼rgen` for `Jürgen`: the bytes of UTF-8 read as if each were a character. Whatever the code page, each byte has a
/// character of its own, which is not ASCII.
fn is_misread(old: &str, new: &str) -> bool {
    let (mut of_byte, mut after) = ([None; 256], new.chars());
    for byte in old.bytes() {
        match after.next() {
            Some(c) if byte.is_ascii() && c == char::from(byte) => {}
            Some(c) if !byte.is_ascii() && !c.is_ascii() && c < EAST_ASIAN => {
                if *of_byte[usize::from(byte)].get_or_insert(c) != c {
                    return false;
                }
            }
            _ => return false,
        }
    }
    let mut used: Vec<char> = of_byte.iter().flatten().copied().filter(|c| *c != '\u{fffd}').collect();
    used.sort_unstable();
    !old.is_ascii() && after.next().is_none() && used.windows(2).all(|pair| pair[0] != pair[1])
}

/// `£ódŸ` for `Łódź`, `±±¾©` for `北京`: the bytes of an encoding without Unicode, with one or two bytes for a character, read in another one.
fn is_garbled(old: &str, new: &str) -> bool {
    !normal_form::is_same_text(old, new) && [1, 2].into_iter().any(|bytes| is_garbled_by(old, new, bytes))
}

fn is_garbled_by(old: &str, new: &str, bytes: usize) -> bool {
    let (mut after, mut is_telling) = (new.chars(), false);
    for before in old.chars() {
        let length = if before.is_ascii() { 1 } else { bytes };
        let read: Vec<char> = after.by_ref().take(length).collect();
        if read == [before] {
            continue;
        }
        if before.is_ascii() || read.len() < length || read.iter().any(char::is_ascii) {
            return false;
        }
        is_telling = is_telling || read.iter().all(|c| is_told(before, *c)) && (bytes == 1 || !is_western(before));
    }
    is_telling && after.next().is_none()
}

/// True if nobody puts this character in place of that letter: a letter that only other languages have, no letter, or the capital of
/// another one.
fn is_told(letter: char, new: char) -> bool {
    let is_sign = |c: char| "ªºµ".contains(c) || ('\u{2b0}'..='\u{2ff}').contains(&c);
    let is_letter = |c: char| c.is_alphabetic() && !is_sign(c);
    let is_capital = || letter.is_lowercase() && new.is_uppercase() && !new.to_lowercase().eq([letter]);
    is_letter(letter) && (!is_western(letter) && is_western(new) || !new.is_alphabetic() || is_capital())
}

/// True if windows-1252 has it, the encoding of Western Europe. Controls stand for the bytes that it leaves free.
fn is_western(c: char) -> bool {
    ('\u{80}'..='\u{ff}').contains(&c) || "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ".contains(c)
}

/// Quotes, dashes and dots as print has them, for those of the keyboard.
fn is_typeset(old: &str, new: &str) -> bool {
    let typeset = |text: &str| text.chars().filter(|c| plain(*c) != *c || *c == '…').count();
    typeset(new) > typeset(old) && as_typed(old).eq(as_typed(new))
}

/// The characters of the keyboard; several hyphens are one.
fn as_typed(text: &str) -> impl Iterator<Item = char> {
    let dots = text.chars().flat_map(|c| if c == '…' { "...".chars().collect() } else { vec![plain(c)] });
    let mut last = ' ';
    dots.filter(move |c| std::mem::replace(&mut last, *c) != '-' || *c != '-')
}

fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '«' | '»' => '"',
        '\u{2012}' | '\u{2013}' | '\u{2014}' | '\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}
