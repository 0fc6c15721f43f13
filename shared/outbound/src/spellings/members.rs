//! The values of JSON members, for texts that are spread over them: `["s", "3"]`, `{"0": "s", "1": "3"}`,
//! `[{"at": 0, "is": "s"}, {"at": 1, "is": "3"}]`.
//!
//! Any text can be read in this way, also one that is not JSON or repeats names.

use std::collections::HashMap;

use super::escapes::unquoted;

/// A text with more values is not read by them: it would take a hundred times its size in memory. The largest output has
/// fewer.
const VALUES_MAX: usize = 300_000;

/// What a value is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Name<'a> {
    Member(&'a [u8]),
    Place(usize),
}

/// All values in their order, and all values with the first one's name, then all with the next name, and so on.
/// `None` if there are too many.
pub(super) fn values(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<&[u8]>> = Vec::new();
    let values = named_values(text)?;
    for (name, value) in &values {
        let place = *places.entry(*name).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(*value);
    }
    let in_order: Vec<&[u8]> = values.into_iter().map(|(_, value)| value).collect();
    Some((in_order.join(&b' '), groups.concat().join(&b' ')))
}

/// The values that are texts with brackets in them, as a JSON document in a JSON text has. `None` if there are too many values.
pub(crate) fn documents(text: &[u8]) -> Option<Vec<u8>> {
    let has_brackets = |value: &&[u8]| value.iter().any(|byte| b"[{".contains(byte));
    let documents = named_values(text)?.into_iter().map(|(_, value)| value).filter(has_brackets);
    Some(documents.map(unquoted).collect::<Vec<_>>().join(&b'\n'))
}

/// Each value with its member's name or its place in an array. Texts are without quotes, but with escapes.
fn named_values(text: &[u8]) -> Option<Vec<(Name<'_>, &[u8])>> {
    let mut values = Vec::new();
    let mut places = vec![0];
    let mut member = None;
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'[' | b'{' => {
                places.push(0);
                member = None;
                after
            }
            b']' | b'}' => {
                places.pop();
                after
            }
            b',' => {
                member = None;
                places.last_mut().into_iter().for_each(|place| *place += 1);
                after
            }
            b':' | b' ' | b'\t' | b'\r' | b'\n' => after,
            _ => {
                let (value, after) = value(rest);
                if *byte == b'"' && after.trim_ascii_start().starts_with(b":") {
                    member = Some(Name::Member(value));
                } else {
                    let place = Name::Place(places.last().copied().unwrap_or_default());
                    values.push((member.unwrap_or(place), value));
                    if values.len() > VALUES_MAX {
                        return None;
                    }
                }
                after
            }
        };
    }
    Some(values)
}

/// A text or another scalar, and what follows it.
fn value(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(inside) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| b"[]{},:\" \t\r\n".contains(byte)).unwrap_or(text.len());
        return text.split_at(end);
    };
    let mut end = 0;
    while end < inside.len() && inside[end] != b'"' {
        end += if inside[end] == b'\\' { 2 } else { 1 };
    }
    let end = end.min(inside.len());
    (&inside[..end], inside.get(end + 1..).unwrap_or_default())
}
