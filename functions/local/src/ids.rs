//! Checks the ids of a file's items before anything is sent: each item has a valid one, and no two are the same.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use headway_core::item_id::id_of;
use headway_core::limits::ID_CHARS_MAX;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::input::{InputError, Opened, Place};

/// The ids so far. Only their hashes are kept, so that ten million take about 150 MB. If a hash occurs again, the id is
/// looked up in the file.
#[derive(Debug)]
pub struct Ids {
    field: String,
    seen: HashSet<u64>,
    state: RandomState,
    items: u64,
}

impl Ids {
    /// Without any ids yet.
    #[must_use]
    pub fn new(field: &str) -> Ids {
        Ids { field: field.to_owned(), seen: HashSet::new(), state: RandomState::new(), items: 0 }
    }

    /// Checks the next item.
    ///
    /// # Errors
    ///
    /// If it has no valid id, or one that occurred before.
    pub fn push(&mut self, item: &[u8], place: Place, opened: &Opened) -> Result<(), InputError> {
        self.push_or(item, place, opened, "each item needs an id of its own")
    }

    /// The same, with what to do about an id that occurred before.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_or(&mut self, item: &[u8], place: Place, opened: &Opened, remedy: &str) -> Result<(), InputError> {
        let id = self.id(item).map_err(|what| InputError::At { place, what })?;
        if !self.seen.insert(self.state.hash_one(&id))
            && let Some(first) = self.first_with(&id, opened)?
        {
            let what = format!("the item's {:?} is {id:?}, the same as that of the item at {first}: {remedy}", self.field);
            return Err(InputError::At { place, what });
        }
        self.items += 1;
        Ok(())
    }

    /// The item's id.
    ///
    /// # Errors
    ///
    /// If it has no valid one.
    pub fn id(&self, item: &[u8]) -> Result<String, String> {
        let field = &self.field;
        let raw: &RawValue = serde_json::from_slice(item).map_err(|error| error.to_string())?;
        match id_of(raw, field) {
            None => Err(match value_of(item, field) {
                Some(value) => format!("the item's {field:?} is {value}, but an id is a string or an integer"),
                None => format!("the item has no {field:?} that is a string or an integer, which --id-field requires{}", known(item)),
            }),
            Some(id) if id.is_empty() => Err(format!("the item's {field:?} is empty, but an id must not be")),
            Some(id) if id.chars().count() > ID_CHARS_MAX => {
                Err(format!("the item's {field:?} is longer than {ID_CHARS_MAX} characters, the most of an id"))
            }
            Some(id) => Ok(id),
        }
    }

    /// The place of the first item so far with this id; `None` if only the hashes are equal.
    fn first_with(&self, id: &str, opened: &Opened) -> Result<Option<Place>, InputError> {
        let (mut items, mut item) = (opened.again()?, Vec::new());
        for _ in 0..self.items {
            let Some(place) = items.next(&mut item)? else { break };
            if self.id(&item).is_ok_and(|other| other == id) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

/// The member's JSON, cut off if it is long.
fn value_of(item: &[u8], field: &str) -> Option<String> {
    const SHOWN_CHARS_MAX: usize = 40;
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(item).ok()?;
    let value = members.get(field)?.get();
    let more = if value.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    Some(value.chars().take(SHOWN_CHARS_MAX).chain(more.chars()).collect())
}

/// The item's members, in case the name was mistyped.
fn known(item: &[u8]) -> String {
    const SHOWN_MAX: usize = 8;
    match serde_json::from_slice::<Names>(item) {
        Err(_) => "; it is not an object".to_owned(),
        Ok(Names(names)) => {
            let more = if names.len() > SHOWN_MAX { ", …" } else { "" };
            format!("; its members are {}{more}", names[..names.len().min(SHOWN_MAX)].join(", "))
        }
    }
}

/// The names of an object's members, in their order.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some((name, IgnoredAny)) = members.next_entry()? {
            names.push(name);
        }
        Ok(Names(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page checks ids by the same rules: tests/browser/columns.test.js reads the same table.
    #[test]
    fn an_id_is_a_text_or_an_integer_of_which_no_digit_is_lost() {
        let cases: Vec<Vec<Option<String>>> = serde_json::from_str(include_str!("ids/cases.json")).unwrap();
        for case in cases {
            let item = case[0].as_deref().unwrap();
            match (Ids::new("id").id(item.as_bytes()), &case[1]) {
                (Ok(id), expected) => assert_eq!(Some(&id), expected.as_ref(), "{item}"),
                (Err(words), expected) => {
                    let says = case.get(2).and_then(Option::as_deref).unwrap_or("is an id");
                    assert!(expected.is_none() && words.contains(says), "{item}: {words}");
                }
            }
        }
    }
}
