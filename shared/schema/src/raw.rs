//! JSON as it is written: every value with its pointer and its own text, so that no digit is lost.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::pointer::{escaped, unescaped};

/// The most levels of an item, as deep as JSON is read at all.
const DEPTH_MAX: usize = 128;

/// A value that contains no others, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Raw<'i> {
    /// A text, in quotes.
    Text(&'i str),
    /// A number.
    Number(&'i str),
}

/// Calls back with the pointer of every text and number.
pub(crate) fn each<'i>(json: &'i str, tell: &mut impl FnMut(&str, Raw<'i>)) {
    walk(json, &mut String::new(), 0, tell);
}

/// The value at this place. Of members with one name the last counts, as wherever JSON is read here.
pub(crate) fn at<'j>(json: &'j str, pointer: &str) -> Option<&'j str> {
    pointer.split('/').skip(1).try_fold(json.trim(), |json, segment| {
        let name = unescaped(segment);
        match json.as_bytes().first() {
            Some(b'{') => members(json).into_iter().rfind(|(member, _)| *member == name).map(|(_, value)| value.get()),
            _ => elements(json).get(segment.parse::<usize>().ok()?).map(|value| value.get()),
        }
    })
}

/// The same without the blanks between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |c: &char| {
        let is_blank = !in_text && c.is_ascii_whitespace();
        in_text ^= *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        !is_blank
    };
    json.chars().filter(keep).collect()
}

/// The elements of an array; none of anything else.
pub(crate) fn elements(json: &str) -> Vec<&RawValue> {
    serde_json::Deserializer::from_str(json).deserialize_seq(Elements).unwrap_or_default()
}

/// The members of an object; none of anything else.
pub(crate) fn members(json: &str) -> Vec<(Cow<'_, str>, &RawValue)> {
    serde_json::Deserializer::from_str(json).deserialize_map(Members).unwrap_or_default()
}

/// What a text in quotes says.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(json).ok().map(|Text(text)| text)
}

fn walk<'i>(json: &'i str, pointer: &mut String, depth: usize, tell: &mut impl FnMut(&str, Raw<'i>)) {
    let json = json.trim_matches([' ', '\t', '\n', '\r']);
    let mut below = |segment: &str, value: &'i RawValue| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(segment);
        walk(value.get(), pointer, depth + 1, tell);
        pointer.truncate(length);
    };
    match json.as_bytes().first() {
        Some(b'"') => tell(pointer, Raw::Text(json)),
        Some(b'-' | b'0'..=b'9') => tell(pointer, Raw::Number(json)),
        Some(b'{') if depth < DEPTH_MAX => members(json).into_iter().for_each(|(name, value)| below(&escaped(&name), value)),
        Some(b'[') if depth < DEPTH_MAX => elements(json).into_iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value)),
        _ => {}
    }
}

/// A JSON text, borrowed if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(members)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(value) = seq.next_element()? {
            elements.push(value);
        }
        Ok(elements)
    }
}
