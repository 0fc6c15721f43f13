//! Changes the types of texts in an item by editing its bytes. Everything else is kept as it is: digits, order and
//! spaces.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::pointer::escaped;
use crate::text::reading;

/// The most levels of an item, as deep as JSON is read at all.
const DEPTH_MAX: usize = 128;

/// The item, with the texts at these pointers replaced by their other reading.
pub(crate) fn retype(item: &str, texts: &HashSet<String>) -> String {
    let mut walk = Walk { item, texts, edits: Vec::new() };
    walk.value(item, &mut String::new(), 0);
    walk.edited()
}

/// A walk over an item that records what to replace.
struct Walk<'i> {
    item: &'i str,
    texts: &'i HashSet<String>,
    edits: Vec<(Range<usize>, String)>,
}

impl<'i> Walk<'i> {
    fn value(&mut self, raw: &'i str, pointer: &mut String, depth: usize) {
        let mut from = serde_json::Deserializer::from_str(raw);
        match raw.trim_start().as_bytes().first() {
            Some(b'"') if self.texts.contains(pointer.as_str()) => self.text(raw),
            Some(b'{') if depth < DEPTH_MAX => {
                for (name, value) in from.deserialize_map(Members).unwrap_or_default() {
                    self.below(&escaped(&name), value, pointer, depth);
                }
            }
            Some(b'[') if depth < DEPTH_MAX => {
                for (index, value) in from.deserialize_seq(Elements).unwrap_or_default().into_iter().enumerate() {
                    self.below(&index.to_string(), value, pointer, depth);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, segment: &str, value: &'i RawValue, pointer: &mut String, depth: usize) {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(segment);
        self.value(value.get(), pointer, depth + 1);
        pointer.truncate(length);
    }

    fn text(&mut self, raw: &'i str) {
        let Ok(Text(text)) = serde_json::from_str(raw) else { return };
        if let Some(other) = reading(&text) {
            let start = raw.as_ptr() as usize - self.item.as_ptr() as usize;
            self.edits.push((start..start + raw.len(), other.json(&text).to_owned()));
        }
    }

    fn edited(self) -> String {
        let mut typed = String::with_capacity(self.item.len());
        let mut kept = 0;
        for (at, json) in self.edits {
            typed.push_str(&self.item[kept..at.start]);
            typed.push_str(&json);
            kept = at.end;
        }
        typed.push_str(&self.item[kept..]);
        typed
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
