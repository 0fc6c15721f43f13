//! Item ids: a top-level member of the item, a string or an integer, unique in a request.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::error::Violation;
use crate::limits::VIOLATIONS_MAX;

/// The item's id in the member `field`: its string, or its integer's digits. `None` if it has no such member.
pub fn id_of(item: &RawValue, field: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(item.get()).ok()?;
    let raw = members.get(field)?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'-' | b'0'..=b'9' if raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) => Some(raw.to_owned()),
        _ => None,
    }
}

/// What is wrong with the ids of a request's items; no more entries than are reported.
pub(crate) fn violations(items: &[Box<RawValue>], field: &str, base: &str, chars_max: usize) -> Vec<Violation> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut violations = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let detail = match id_of(item, field) {
            None => Some(format!("has no {field:?} that is a string or an integer")),
            Some(id) if id.is_empty() || id.chars().count() > chars_max => {
                Some(format!("its {field:?} is empty or longer than {chars_max} characters"))
            }
            Some(id) => match seen.get(&id) {
                Some(first) => Some(format!("its {field:?} is the same as that of {base}/{first}")),
                None => {
                    seen.insert(id, i);
                    None
                }
            },
        };
        violations.extend(detail.map(|detail| Violation::new(format!("{base}/{i}"), detail)));
        if violations.len() == VIOLATIONS_MAX {
            break;
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_strings_and_integers_at_the_top_level() {
        let id = |text: &str| id_of(&RawValue::from_string(text.to_owned()).unwrap(), "id");
        assert_eq!(id(r#"{"id":"a\u0062"}"#).as_deref(), Some("ab"));
        assert_eq!(id(r#"{"id":12345678901234567890123}"#).as_deref(), Some("12345678901234567890123"));
        for none in [r#"{"id":1.5}"#, r#"{"id":null}"#, r#"{"x":{"id":1}}"#, r#"{"id":1e3}"#, "[]", "7"] {
            assert_eq!(id(none), None, "{none}");
        }
    }

    #[test]
    fn an_id_has_a_maximum_length_and_is_unique() {
        let item = |id: &str| RawValue::from_string(format!("{{\"id\":{id:?}}}")).unwrap();
        let items = [item(""), item("ééé"), item("éééé"), item("a"), item("ééé")];
        let found = violations(&items, "id", "/items", 3);
        let pointers: Vec<&str> = found.iter().map(|violation| violation.pointer.as_str()).collect();
        assert_eq!(pointers, ["/items/0", "/items/2", "/items/4"]);
        assert!(found[2].detail.ends_with("the same as that of /items/1"), "{}", found[2].detail);
    }
}
