//! The shortest text of a JSON value: without white space between its parts, and with escapes only where JSON needs them. Its
//! length is what counts as the size of an output, or of a job's params or metadata: some languages write spaces after commas, and an escape
//! of six bytes for every character beyond ASCII.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// This JSON as it was written, or in its shortest form if only that has at most so many bytes. `None` if neither has.
pub fn within(bytes_max: usize, json: &str) -> Option<Cow<'_, str>> {
    let text = if json.len() <= bytes_max { Cow::Borrowed(json) } else { Cow::Owned(shortest(json)) };
    (text.len() <= bytes_max).then_some(text)
}

/// The same for a value.
pub fn value_within(bytes_max: usize, value: Box<RawValue>) -> Option<Box<RawValue>> {
    match within(bytes_max, value.get())? {
        Cow::Borrowed(_) => Some(value),
        Cow::Owned(text) => RawValue::from_string(text).ok(),
    }
}

/// The shortest text of this JSON. Numbers keep their digits, and members their order. What is not JSON stays none.
fn shortest(json: &str) -> String {
    let mut short = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let (between, text_on) = rest.split_at(start);
        push_without_space(&mut short, between);
        let (text, after) = text_on.split_at(end_of_text(text_on));
        push_text(&mut short, text);
        rest = after;
    }
    push_without_space(&mut short, rest);
    short
}

fn push_without_space(short: &mut String, between: &str) {
    short.extend(between.split([' ', '\t', '\n', '\r']));
}

/// Where the text that begins here with a quotation mark ends.
fn end_of_text(json: &str) -> usize {
    let mut bytes = json.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return at + 1,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    json.len()
}

/// A text that no Unicode can hold, such as half of a surrogate pair, stays as it is.
fn push_text(short: &mut String, text: &str) {
    let written = serde_json::from_str::<String>(text).and_then(|read| serde_json::to_string(&read));
    short.push_str(written.as_deref().unwrap_or(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn only_what_json_does_not_need_is_left_out() {
        for (json, short) in [
            (r#" { "b" : [1.10, 1E5 ,-0] , "a":null } "#, r#"{"b":[1.10,1E5,-0],"a":null}"#),
            (r#"{"a" : 1, "a" : 123456789012345678901234567890.0}"#, r#"{"a":1,"a":123456789012345678901234567890.0}"#),
            (r#"" a \" , \\""#, r#"" a \" , \\""#),
            (r#""\u00e9\u20ac\ud83d\ude00\/""#, "\"é€😀/\""),
            (r#""\u0000\u000a\u001F\b""#, r#""\u0000\n\u001f\b""#),
            (r#"["\ud83d", "\u00e9"]"#, r#"["\ud83d","é"]"#),
            ("", ""),
            (r#""open\"#, r#""open\"#),
        ] {
            assert_eq!(shortest(json), short, "{json}");
        }
    }

    #[test]
    fn only_what_is_too_large_is_shortened() {
        let json = r#"[ "\u00e9" ]"#;
        for (bytes_max, text) in [(12, Some(json)), (11, Some("[\"é\"]")), (6, Some("[\"é\"]")), (5, None)] {
            assert_eq!(within(bytes_max, json).as_deref(), text, "{bytes_max}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_value(text in ".*", spaces in "[ \t\n\r]{0,3}", n in any::<i64>()) {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let json = format!("{spaces}[{spaces}\"{escaped}\"{spaces},{spaces}{{\"{escaped}\":{n}{spaces}}}]{spaces}");
            let short = shortest(&json);
            prop_assert_eq!(serde_json::from_str::<Value>(&short).unwrap(), serde_json::from_str::<Value>(&json).unwrap());
            prop_assert_eq!(&short, &serde_json::to_string(&serde_json::from_str::<Value>(&json).unwrap()).unwrap());
        }

        #[test]
        fn no_text_breaks_it(text in ".*") {
            prop_assert!(shortest(&text).len() <= text.len());
        }
    }
}
