//! Finds what a JSON Schema says only of numbers, booleans and null, where nothing says that a text is to be read as one.
//! If all values are text, such a keyword checks nothing: `{"minimum": 18}` without a `type` accepts the text `4`.
//!
//! As in [`schema_columns`](crate::schema_columns), only what is certain is said: a `type` anywhere beside the keyword, behind
//! a reference, or in another part of the schema for the same member, is enough.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Keywords that check only numbers.
const OF_NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/// How far references are followed.
const DEPTH_MAX: usize = 32;

/// What texts are not compared with, and what to do: one entry for each member.
#[must_use]
pub fn unread(schema: &Value) -> Vec<String> {
    let mut reader = Reader { root: schema, members: BTreeMap::new(), read: BTreeSet::new() };
    reader.walk(schema, &Step { at: "/schema", member: None, decides: false, depth: 0 });
    reader.members.into_iter().filter(|(_, member)| !member.is_asked).filter_map(|(name, member)| warning(&name, &member)).collect()
}

/// What is said of a member of the items.
#[derive(Default)]
struct Member {
    /// True if something says which type a text is to be converted to.
    is_asked: bool,
    /// True if a `type` allows text.
    may_be_text: bool,
    /// The first keyword that checks no text.
    unread: Option<Unread>,
}

struct Unread {
    at: String,
    keyword: String,
    /// The type that is most likely meant.
    meant: &'static str,
    decides: bool,
}

/// A schema on the way.
#[derive(Clone, Copy)]
struct Step<'a> {
    at: &'a str,
    /// The member that it is about; `None` for the item itself.
    member: Option<&'a str>,
    /// True in `if` and `not`, which only decide: no text is converted for them.
    decides: bool,
    depth: usize,
}

struct Reader<'s> {
    root: &'s Value,
    members: BTreeMap<String, Member>,
    /// The schemas that were read, by their places in memory: references may lead to one again and again.
    read: BTreeSet<(*const Value, Option<String>, bool)>,
}

impl<'s> Reader<'s> {
    fn walk(&mut self, schema: &'s Value, step: &Step<'_>) {
        let Value::Object(keywords) = schema else { return };
        if step.depth == DEPTH_MAX || !self.read.insert((std::ptr::from_ref(schema), step.member.map(str::to_owned), step.decides)) {
            return;
        }
        match step.member {
            Some(name) => self.note(name, keywords, step),
            None => self.members_of(keywords, step),
        }
        let (at, depth) = (step.at, step.depth + 1);
        if let Some(target) = keywords.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'))
            && let Some(schema) = self.root.pointer(target)
        {
            self.walk(schema, &Step { at: &format!("/schema{target}"), depth, ..*step });
        }
        for list in ["allOf", "anyOf", "oneOf"] {
            for (place, schema) in keywords.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
                self.walk(schema, &Step { at: &format!("{at}/{list}/{place}"), depth, ..*step });
            }
        }
        for (name, decides) in [("then", step.decides), ("else", step.decides), ("if", true), ("not", true)] {
            if let Some(schema) = keywords.get(name) {
                self.walk(schema, &Step { at: &format!("{at}/{name}"), decides, depth, ..*step });
            }
        }
        for (name, schema) in keywords.get("dependentSchemas").and_then(Value::as_object).into_iter().flatten() {
            self.walk(schema, &Step { at: &format!("{at}/dependentSchemas/{name}"), depth, ..*step });
        }
    }

    /// The schemas of an item's members.
    fn members_of(&mut self, keywords: &'s Map<String, Value>, step: &Step<'_>) {
        let (at, depth) = (step.at, step.depth + 1);
        for list in ["properties", "patternProperties"] {
            for (name, schema) in keywords.get(list).and_then(Value::as_object).into_iter().flatten() {
                let at = format!("{at}/{list}/{name}");
                let member = if list == "properties" { name.as_str() } else { &at };
                self.walk(schema, &Step { at: &at, member: Some(member), depth, ..*step });
            }
        }
        for name in ["additionalProperties", "unevaluatedProperties"] {
            if let Some(schema) = keywords.get(name) {
                let at = format!("{at}/{name}");
                self.walk(schema, &Step { at: &at, member: Some(&at), depth, ..*step });
            }
        }
    }

    fn note(&mut self, name: &str, keywords: &Map<String, Value>, step: &Step<'_>) {
        let member = self.members.entry(name.to_owned()).or_default();
        let mut unread = |keyword: &str, meant| {
            let (at, keyword, decides) = (step.at.to_owned(), keyword.to_owned(), step.decides);
            member.unread.get_or_insert(Unread { at, keyword, meant, decides });
        };
        for keyword in OF_NUMBERS.into_iter().filter(|keyword| keywords.contains_key(*keyword)) {
            unread(keyword, "number");
        }
        let values = keywords.get("const").map(std::slice::from_ref).or_else(|| keywords.get("enum")?.as_array().map(Vec::as_slice));
        if let Some(meant) = values.and_then(type_of_all) {
            if step.decides {
                unread(if keywords.contains_key("const") { "const" } else { "enum" }, meant);
            } else {
                member.is_asked = true;
            }
        }
        let types: Vec<&str> = match keywords.get("type") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            other => other.and_then(Value::as_str).into_iter().collect(),
        };
        member.may_be_text = member.may_be_text || types.contains(&"string");
        member.is_asked = member.is_asked || !step.decides && !types.is_empty() && !types.contains(&"string");
    }
}

/// The type of these values, if a text can be converted to it, and none of them is a text.
fn type_of_all(values: &[Value]) -> Option<&'static str> {
    let types: Option<Vec<&str>> = values.iter().map(type_of).collect();
    types?.first().copied()
}

fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => Some("null"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(_) => Some("number"),
        _ => None,
    }
}

fn warning(name: &str, member: &Member) -> Option<String> {
    let Unread { at, keyword, meant, decides } = member.unread.as_ref()?;
    let why = if member.may_be_text { "its `type` allows text" } else { "it has no `type`" };
    let where_to = if *decides { format!("in the `properties` of the schema give {name:?}") } else { "give it".to_owned() };
    let only = if member.may_be_text { " without \"string\"" } else { "" };
    Some(format!(
        "{at} has `{keyword}`, but {why}, so the values of the file, which are text, are not compared with it: {where_to} the `type` \"{meant}\"{only}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_texts_are_not_compared_with_is_said_with_what_to_do() {
        let d = json!({"type": "integer"});
        for (schema, places) in [
            (json!({"properties": {"age": {"minimum": 18}}}), &["/schema/properties/age has `minimum`, but it has no `type`"][..]),
            (
                json!({"properties": {"a": {"multipleOf": 2}, "b": {"exclusiveMaximum": 5}}}),
                &["/schema/properties/a has `multipleOf`", "/schema/properties/b has `exclusiveMaximum`"],
            ),
            (
                json!({"properties": {"a": {"type": ["number", "string"], "minimum": 1}}}),
                &["/schema/properties/a has `minimum`, but its `type` allows text"],
            ),
            (json!({"properties": {"a": {"not": {"const": 5}}}}), &["/schema/properties/a/not has `const`"]),
            (json!({"properties": {"a": {"not": {"enum": [1, null]}}}}), &["/schema/properties/a/not has `enum`"]),
            (json!({"not": {"properties": {"a": {"minimum": 3}}}}), &["/schema/not/properties/a has `minimum`"]),
            (
                json!({"if": {"properties": {"on": {"const": true}}}, "then": {"required": ["x"]}}),
                &[
                    "/schema/if/properties/on has `const`, but it has no `type`, so the values of the file, which are text, are not compared with it: in the `properties` of the schema give \"on\" the `type` \"boolean\"",
                ],
            ),
            (json!({"additionalProperties": {"maximum": 3}}), &["/schema/additionalProperties has `maximum`"]),
            (json!({"patternProperties": {"^n": {"maximum": 3}}}), &["/schema/patternProperties/^n has `maximum`"]),
            (json!({"properties": {"a": {"$ref": "#/$defs/m"}}, "$defs": {"m": {"minimum": 3}}}), &["/schema/$defs/m has `minimum`"]),
            (
                json!({"allOf": [{"properties": {"a": {"anyOf": [{"minimum": 3}, {"maximum": 1}]}}}]}),
                &["/schema/allOf/0/properties/a/anyOf/0 has `minimum`"],
            ),
            // A type, wherever it is said.
            (json!({"properties": {"a": {"type": "integer", "minimum": 1}, "b": {"type": ["number", "null"], "maximum": 3}}}), &[]),
            (json!({"properties": {"a": {"$ref": "#/$defs/d", "minimum": 9}}, "$defs": {"d": d}}), &[]),
            (json!({"properties": {"a": {"allOf": [d, {"minimum": 9}]}}}), &[]),
            (json!({"allOf": [{"properties": {"a": d}}, {"properties": {"a": {"minimum": 9}}}]}), &[]),
            (json!({"properties": {"on": {"type": "boolean"}}, "if": {"properties": {"on": {"const": true}}}}), &[]),
            // What is converted, or is about texts.
            (json!({"properties": {"a": {"const": 5}, "b": {"enum": [1, 2]}, "c": {"enum": [1, "x"]}, "d": {"const": "5"}}}), &[]),
            (json!({"properties": {"a": {"not": {"const": "x"}}, "b": {"minLength": 3}, "c": {"not": {"type": "string"}}}}), &[]),
            // No schema, or an endless one.
            (json!({"$ref": "#", "properties": [], "allOf": 7}), &[]),
            (json!(true), &[]),
            (json!({"properties": {"a": {"$ref": "#/properties/a", "minimum": 1}}}), &["/schema/properties/a has `minimum`"]),
        ] {
            let said = unread(&schema);
            assert!(
                said.len() == places.len() && said.iter().zip(places).all(|(said, place)| said.starts_with(place)),
                "{schema}: {said:?}"
            );
        }
    }
}
