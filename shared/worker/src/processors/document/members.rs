//! The members of a JSON object, each as the text that it has there. Values are not parsed, so an invalid value does not affect
//! the other members.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, in order, including repeated ones.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The member is there more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twice;

impl<'a> Members<'a> {
    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The members in this text; `None` if it is not an object.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The member with this name, if the object has it. A member that is `null` counts as present.
    pub(super) fn get(&self, name: &str) -> Result<Option<&'a RawValue>, Twice> {
        let mut found = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| *value);
        let value = found.next();
        if found.next().is_some() { Err(Twice) } else { Ok(value) }
    }

    /// The same; `null` counts as absent.
    pub(super) fn given(&self, name: &str) -> Result<Option<&'a RawValue>, Twice> {
        Ok(self.get(name)?.filter(|value| value.get() != "null"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Name<'de>, &RawValue>()? {
            members.push((name.0, value));
        }
        Ok(Members(members))
    }
}

/// A name, borrowed unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
