//! Reads JSON strictly: a text that two parsers could understand differently is refused. It needs one pass, and keeps
//! only the member names of the objects that are open.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use headway_core::limits::{ITEM_DEPTH_MAX, PARAMS_BYTES_MAX, cut_to_chars};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// How deep a job's body may nest: its items, in a list, in an object.
const BODY_DEPTH_MAX: usize = ITEM_DEPTH_MAX + 2;
/// The most members of an object: more would not fit into anything accepted, of which params are the largest. This
/// bounds the time spent on a hostile body.
const MEMBERS_MAX: usize = PARAMS_BYTES_MAX / "\"\":0,".len();
/// Up to this many names are compared one by one.
const NAMES_COMPARED_MAX: usize = 16;
/// How much of a name is shown, in characters.
const NAME_SHOWN_CHARS_MAX: usize = 40;

/// Why a text is not accepted as JSON. The text of the error is for the caller.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is not UTF-8.
    #[error("not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// It is not JSON, is cut off, has something after the value, nests too deep, has a member twice, or a number that
    /// is too large.
    #[error("not valid JSON: {0}")]
    NotJson(serde_json::Error),
}

/// A body as text.
///
/// # Errors
///
/// [`JsonError::NotUtf8`].
pub fn text(bytes: &[u8]) -> Result<&str, JsonError> {
    std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))
}

/// The members of a job's body, each as its text, byte for byte; `None` if it is JSON but not an object.
///
/// # Errors
///
/// [`JsonError`].
pub fn object(bytes: &[u8]) -> Result<Option<BTreeMap<String, &RawValue>>, JsonError> {
    let text = text(bytes)?;
    check(text, BODY_DEPTH_MAX)?;
    Ok(serde_json::from_str(text).ok())
}

/// The elements of an array, byte for byte, at most one more than `count_max`; `None` if it is not an array.
pub fn elements(text: &str, count_max: usize) -> Option<Vec<Box<RawValue>>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut elements = Vec::new();
    let read = reader.deserialize_seq(Elements { elements: &mut elements, count_max });
    (read.is_ok() || elements.len() > count_max).then_some(elements)
}

/// Checks that `text` is one JSON value: at most `depth_max` arrays and objects deep, every member's name once in its
/// object, every number within the range of f64.
///
/// # Errors
///
/// [`JsonError::NotJson`].
pub fn check(text: &str, depth_max: usize) -> Result<(), JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict { depth_left: depth_max, depth_max }.deserialize(&mut reader).and_then(|()| reader.end()).map_err(JsonError::NotJson)
}

struct Elements<'a> {
    elements: &'a mut Vec<Box<RawValue>>,
    count_max: usize,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while self.elements.len() <= self.count_max
            && let Some(element) = elements.next_element()?
        {
            self.elements.push(element);
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth_left: usize,
    depth_max: usize,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let depth_left = self.depth_left.checked_sub(1);
        let too_deep = || E::custom(format_args!("nested deeper than {}", self.depth_max));
        depth_left.map(|depth_left| Self { depth_left, ..self }).ok_or_else(too_deep)
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while elements.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names = Names::Few(Vec::new());
        while let Some(name) = members.next_key_seed(Name)? {
            if let Err(name) = names.add(name) {
                let shown = cut_to_chars(&name, NAME_SHOWN_CHARS_MAX);
                return Err(A::Error::custom(format_args!("the member {shown:?} occurs twice")));
            }
            if names.len() > MEMBERS_MAX {
                return Err(A::Error::custom(format_args!("an object with more than {MEMBERS_MAX} members")));
            }
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// A member's name, decoded: `"a"` and `"\u0061"` are the same.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The names of an open object. In a small object they are compared one by one, in a large one they are hashed.
enum Names<'de> {
    Few(Vec<Cow<'de, str>>),
    Many(HashMap<Cow<'de, str>, ()>),
}

impl<'de> Names<'de> {
    fn len(&self) -> usize {
        match self {
            Self::Few(names) => names.len(),
            Self::Many(names) => names.len(),
        }
    }

    /// Adds a name. Returns it as the error if it is there already.
    fn add(&mut self, name: Cow<'de, str>) -> Result<(), Cow<'de, str>> {
        match self {
            Self::Few(names) if names.contains(&name) => return Err(name),
            Self::Few(names) if names.len() < NAMES_COMPARED_MAX => names.push(name),
            Self::Few(names) => {
                let names = std::mem::take(names).into_iter().chain([name]);
                *self = Self::Many(names.map(|name| (name, ())).collect());
            }
            Self::Many(names) => match names.entry(name) {
                Entry::Occupied(there) => return Err(there.key().clone()),
                Entry::Vacant(place) => {
                    place.insert(());
                }
            },
        }
        Ok(())
    }
}

/// A whole number, 0 or more. `250.0` and `25e1` are the same as `250`: many programs know only floating-point numbers.
pub fn whole_number(value: &Value) -> Option<u64> {
    // Beyond this a floating-point number may stand for several whole ones.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = |number: &f64| number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(number);
    value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_taken(text: &str) -> bool {
        check(text, ITEM_DEPTH_MAX).is_ok()
    }

    /// Each of these is understood differently by some other parser.
    #[test]
    fn ambiguous_json_is_refused() {
        let refused = [
            "",
            " ",
            "{",
            r#"{"a":1"#,
            "[1,]",
            "{\"a\":1,}",
            "nul",
            "01",
            "+1",
            ".5",
            "1.",
            "NaN",
            "Infinity",
            "'a'",
            "1 2",
            "{} x",
            "\u{feff}{}",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"x":0,"y":1,"x":0}}]"#,
            "1e309",
            "-1e400",
            "\"\\ud800\"",
            "\"\n\"",
            "\"\0\"",
            "\"\\x\"",
            "{1:2}",
        ];
        for text in refused {
            assert!(!is_taken(text), "{text:?}");
        }
        let taken = ["0", "-0.0", "1e308", "123456789012345678901234567890", r#""\u0000""#, "\"\u{2028}\u{feff}\"", " [ ] ", "null"];
        for text in taken {
            assert!(is_taken(text), "{text:?}");
        }
        let wide: Vec<String> = (0..1000).map(|i| format!("\"k{i}\":0")).collect();
        assert!(is_taken(&format!("{{{}}}", wide.join(","))));
        assert!(!is_taken(&format!("{{{},\"k999\":0}}", wide.join(","))));
    }

    /// The limit is exact, and text far beyond it uses up neither the stack nor time.
    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_taken(&nested(ITEM_DEPTH_MAX)));
        assert!(!is_taken(&nested(ITEM_DEPTH_MAX + 1)));
        assert!(!is_taken(&"[".repeat(1_000_000)));
        assert!(!is_taken(&"{\"a\":".repeat(100_000)));
        let body = format!(r#"{{"items":[{}]}}"#, nested(ITEM_DEPTH_MAX));
        assert!(object(body.as_bytes()).unwrap().is_some());
    }

    /// A million names must not cost more than a few thousand.
    #[test]
    fn members_are_limited() {
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|i| format!("\"{i}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(is_taken(&object(MEMBERS_MAX)));
        assert!(!is_taken(&object(MEMBERS_MAX + 1)));
    }

    /// Bytes that are not UTF-8 must not reach a parser that would replace them.
    #[test]
    fn only_utf8_is_text() {
        assert!(matches!(object(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8(6))));
        assert!(matches!(object(b"[1]"), Ok(None)));
    }

    proptest! {
        /// Whatever the body is, the reader only accepts or refuses it, and it accepts nothing that serde_json refuses.
        #[test]
        fn any_text_is_accepted_or_refused(text in "[\\[\\]{}:,\"a1\\\\u. eE-]{0,60}") {
            let whole = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert!(whole || !is_taken(&text));
        }
    }

    #[test]
    fn whole_numbers_may_be_written_as_floating_point() {
        let cases = [("7", Some(7)), ("7.0", Some(7)), ("-0.0", Some(0)), ("25e1", Some(250)), ("18446744073709551615", Some(u64::MAX))];
        let refused = ["7.5", "-1", "-1.0", "1e300", "18446744073709551616", "\"7\"", "null", "[7]"].map(|text| (text, None));
        for (text, expected) in cases.into_iter().chain(refused) {
            assert_eq!(whole_number(&serde_json::from_str(text).unwrap()), expected, "{text}");
        }
    }
}
