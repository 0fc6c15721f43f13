//! Where a `$ref` leads within its own document. Only that: no reference is ever fetched.

use std::collections::HashMap;

use serde_json::Value;

/// A schema document and the names in it.
pub(super) struct Refs<'a> {
    root: &'a Value,
    named: HashMap<&'a str, &'a Value>,
}

impl<'a> Refs<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        let mut named = HashMap::new();
        let mut open = vec![root];
        while let Some(schema) = open.pop() {
            for key in ["$anchor", "$dynamicAnchor", "$id", "id"] {
                if let Some(name) = schema.get(key).and_then(Value::as_str) {
                    named.insert(name.trim_start_matches('#'), schema);
                }
            }
            open.extend(children(schema));
        }
        Self { root, named }
    }

    pub(super) fn root(&self) -> &'a Value {
        self.root
    }

    /// What `reference` names: by JSON pointer, anchor or `$id`. `None` is for the validator to complain about.
    pub(super) fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let name = reference.strip_prefix('#').unwrap_or(reference);
        if name.is_empty() || (reference.starts_with('#') && name.starts_with('/')) {
            return self.root.pointer(&percent_decoded(name));
        }
        self.named.get(name).copied()
    }
}

/// The values directly within `value`.
pub(super) fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(elements) => Box::new(elements.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten().and_then(hex_byte);
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A reference that is not followed would leave its columns text, and its weight unseen.
    #[test]
    fn finds_pointers_anchors_and_ids() {
        let schema = json!({"$defs": {"a b/c": {"$anchor": "short"}, "d": {"$id": "item"}}});
        let refs = Refs::new(&schema);
        let found = |reference: &str| refs.resolve(reference).cloned();
        assert_eq!(found("#"), Some(schema.clone()));
        assert_eq!(found("#/$defs/a%20b~1c"), Some(schema["$defs"]["a b/c"].clone()));
        assert_eq!(found("#short"), Some(schema["$defs"]["a b/c"].clone()));
        assert_eq!(found("item"), Some(schema["$defs"]["d"].clone()));
        assert_eq!(found("http://example.com/x"), None);
        assert_eq!(found("#/$defs/100%"), None);
    }
}
