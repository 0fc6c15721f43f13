//! Finds the first wrong escape in a JSON text, and says why it is wrong. The JSON reader reports only where it gave
//! up.

/// The place of the first wrong escape, and what is wrong with it.
pub(super) fn first_wrong(json: &str) -> Option<(usize, String)> {
    let mut at = 0;
    while let Some(found) = json[at..].find('\\') {
        at += found;
        match length(&json[at..]) {
            Ok(length) => at += length,
            Err(what) => return Some((at, what)),
        }
    }
    None
}

/// The length of the escape at the beginning of a text.
fn length(text: &str) -> Result<usize, String> {
    match text.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => unit_length(text),
        _ => Err(format!("JSON has no escape {}", begin(text, 2))),
    }
}

fn unit_length(text: &str) -> Result<usize, String> {
    let Some(first) = unit(text) else { return Err(format!("four hex digits follow \\u, not {}", begin(&text[2..], 4))) };
    match first {
        0xd800..0xdc00 if unit(&text[6..]).is_some_and(|second| (0xdc00..0xe000).contains(&second)) => Ok(12),
        0xd800..0xe000 => Err(format!("{} is half of a character, without its other half", begin(text, 6))),
        _ => Ok(6),
    }
}

/// The UTF-16 unit at the beginning of a text, written as `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

fn begin(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_escape_that_is_no_character_is_found() {
        for (json, expected) in [
            (r#""a\nb\"\\\/\u00e9\ud83d\ude00""#, None),
            (r#"{"a":"\ud800"}"#, Some((6, r"\ud800 is half"))),
            (r#"{"a":"\udc00\ud800"}"#, Some((6, r"\udc00 is half"))),
            (r#"{"\ud800":1}"#, Some((2, r"\ud800 is half"))),
            (r#"["\ud83d\u0041"]"#, Some((2, r"\ud83d is half"))),
            (r#"["\ud83d\ude00\uDE00"]"#, Some((14, r"\uDE00 is half"))),
            (r#"["\\\u12g4"]"#, Some((4, r"four hex digits follow \u, not 12g4"))),
            (r#"["\u12"]"#, Some((2, "four hex digits"))),
            (r#"["\x41"]"#, Some((2, r"JSON has no escape \x"))),
            ("[\"é\\é\"]", Some((4, "JSON has no escape \\é"))),
        ] {
            let found = first_wrong(json);
            let is_expected = match (&found, expected) {
                (None, None) => true,
                (Some((at, what)), Some((place, says))) => *at == place && what.starts_with(says),
                _ => false,
            };
            assert!(is_expected, "{json}: {found:?}");
        }
    }
}
