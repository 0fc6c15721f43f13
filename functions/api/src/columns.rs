//! Values in columns of their own: a column for each member that objects have, in the order in which they are first
//! seen. What has no column goes into the column `_item`: a value that is no object, members beyond the limits, and a member that its
//! object has already, as an endpoint may answer.

use std::borrow::{Borrow, Cow};
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::invisible::{hidden_in_name, is_blank};

/// The column of what has no other.
pub const REST: &str = "_item";
/// Columns with a meaning of their own. A member with such a name has no column.
const OWN: [&str; 9] = ["_index", "_id", "_error", "_status", "_correction", "_kind", "_code", "_attempts", REST];

/// The columns of a table of values.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
    bytes: usize,
    /// True if there is the column `_item`.
    pub has_rest: bool,
    most: usize,
    bytes_most: usize,
    /// True if a member may have a column with any name.
    any_name: bool,
}

/// The members of an object, in their order.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl Columns {
    /// At most this many columns, whose names have at most this many bytes together.
    pub fn at_most(columns: usize, bytes: usize) -> Self {
        Self { most: columns, bytes_most: bytes, ..Self::default() }
    }

    /// The same, where no column has a meaning of its own.
    #[must_use]
    pub fn with_any_name(self) -> Self {
        Self { any_name: true, ..self }
    }

    /// With exactly these columns.
    pub fn named(names: Vec<String>, has_rest: bool) -> Self {
        let places = names.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect();
        Self { names, places, has_rest, ..Self::default() }
    }

    /// Makes sure that there are columns for this value.
    pub fn add(&mut self, value: &RawValue) {
        let Some(Members(members)) = members(value) else {
            self.has_rest = true;
            return;
        };
        let mut seen = HashSet::new();
        for (name, member) in &members {
            self.has_rest |= !seen.insert(name) || !can_be_cell(&text_of(member));
        }
        for (name, _) in members {
            if self.places.contains_key(&name) {
                continue;
            }
            let fits = self.names.len() < self.most && self.bytes + name.len() <= self.bytes_most;
            if !fits || !can_be_named(&name) || (!self.any_name && OWN.contains(&name.as_str())) {
                self.has_rest = true;
                continue;
            }
            self.bytes += name.len();
            self.places.insert(name.clone(), self.names.len());
            self.names.push(name);
        }
    }

    /// The names of the members that have a column.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The header: these columns first, then those of the values.
    pub fn header<'a>(&'a self, first: &[&'a str]) -> Vec<&'a str> {
        let rest = self.has_rest.then_some(REST);
        first.iter().copied().chain(self.names.iter().map(String::as_str)).chain(rest).collect()
    }

    /// A cell for each column. Texts are as they are, other values are JSON; a member that is missing is empty.
    pub fn cells<'a>(&self, value: Option<&'a RawValue>) -> Vec<Cow<'a, str>> {
        let mut cells = vec![Cow::Borrowed(""); self.names.len() + usize::from(self.has_rest)];
        let (Some(value), columns) = (value, self.names.len()) else { return cells };
        let mut set = |place: usize, cell| {
            if let Some(place) = cells.get_mut(place) {
                *place = cell;
            }
        };
        let Some(Members(members)) = members(value) else {
            set(columns, rest_of(value));
            return cells;
        };
        let (mut rest, mut set_before) = (Vec::new(), HashSet::new());
        for (name, member) in members {
            let text = text_of(member);
            match self.places.get(&name) {
                Some(place) if !self.has_rest || can_be_cell(&text) && set_before.insert(*place) => set(*place, text),
                _ => rest.push((name, member)),
            }
        }
        if !rest.is_empty() {
            set(columns, Cow::Owned(object(&rest)));
        }
        cells
    }
}

/// The members of an object; `None` for any other value.
pub fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// A value as the text of a cell: a text is as it is, everything else is JSON.
pub fn text_of(value: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(value.get()),
    }
}

/// A value that is no object, as it is in the column `_item`: like [`text_of`], but a text that cannot be a cell is JSON.
pub fn rest_of(value: &RawValue) -> Cow<'_, str> {
    let text = text_of(value);
    if can_be_cell(&text) { text } else { Cow::Borrowed(value.get()) }
}

/// True if a reader of CSV reads the cell as this text. The command refuses a NUL, a byte-order mark at the beginning, and
/// what looks like an escape sequence of another character set, since they are signs of a damaged file.
pub fn can_be_cell(text: &str) -> bool {
    !text.starts_with('\u{feff}') && !["\0", "\u{1b}$", "\u{1b}(J"].into_iter().any(|part| text.contains(part))
}

/// An object of these members.
pub fn object<V: Borrow<RawValue>>(members: &[(String, V)]) -> String {
    let name = |name: &str| serde_json::Value::from(name).to_string();
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{}:{}", name(key), value.borrow().get())).collect();
    format!("{{{}}}", members.join(","))
}

/// A name that a reader of CSV takes for the name of a column.
fn can_be_named(name: &str) -> bool {
    !is_blank(name) && hidden_in_name(name).is_none() && can_be_cell(name)
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn table(values: &[&str], most: usize) -> Vec<Vec<String>> {
        let mut columns = Columns::at_most(most, 1_000);
        values.iter().for_each(|value| columns.add(&raw(value)));
        let header = columns.header(&[]).into_iter().map(str::to_owned).collect();
        let row = |value: &&str| columns.cells(Some(&raw(value))).into_iter().map(Cow::into_owned).collect();
        std::iter::once(header).chain(values.iter().map(row)).collect()
    }

    #[test]
    fn a_member_has_a_column_in_the_order_first_seen() {
        let rows = table(&[r#"{"b":"x","a":1.0e2}"#, r#"{"c":[1, 2],"a":null}"#, "{}", r#"{"b":"","a":true}"#], 9);
        let expected = [["b", "a", "c"], ["x", "1.0e2", ""], ["", "null", "[1, 2]"], ["", "", ""], ["", "true", ""]];
        assert_eq!(rows, expected);
    }

    /// Bug found: only the last of them was in the table.
    #[test]
    fn a_member_that_is_there_twice_is_not_lost() {
        let rows = table(&[r#"{"a":1,"a":2,"b":"","b":3,"a":1}"#, r#"{"a":4}"#], 9);
        assert_eq!(rows, [["a", "b", "_item"], ["1", "", r#"{"a":2,"b":3,"a":1}"#], ["4", "", ""]]);
    }

    #[test]
    fn what_has_no_column_is_not_lost() {
        let rows = table(&["\"a\u{1F980}\"", "7", r#"{"_index":1,"x":2,"":3,"y":4,"\u0022":5}"#, "[{}]"], 1);
        let texts =
            table(&[r#"{"a":"x","b":"\u0000"}"#, r#"{"a":"\ufeffx","b":"y"}"#, r#""\u001b$B""#, r#"{"\u0000":1}"#, "{\"a\u{200b}\":1}"], 9);
        let expected = [
            ["a", "b", "_item"],
            ["x", "", r#"{"b":"\u0000"}"#],
            ["", "y", r#"{"a":"\ufeffx"}"#],
            ["", "", r#""\u001b$B""#],
            ["", "", r#"{"\u0000":1}"#],
            ["", "", "{\"a\u{200b}\":1}"],
        ];
        assert_eq!(texts, expected);
        let expected = [["x", "_item"], ["", "a\u{1F980}"], ["", "7"], ["2", r#"{"_index":1,"":3,"y":4,"\"":5}"#], ["", "[{}]"]];
        assert_eq!(rows, expected);
    }
}
