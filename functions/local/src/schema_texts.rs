//! Finds what a JSON Schema says only of numbers, booleans and null, where nothing says that a text is to be read as one.
//! If all values are text, such a keyword checks nothing: `{"minimum": 18}` without a `type` accepts the text `4`.
//!
//! A text is converted only if the schema refuses it otherwise. An `if` or a `not` that asks for another type than text
//! refuses nothing by that: it is not true of a text, and nobody would notice.
//!
//! As in [`schema_columns`](crate::schema_columns), only what is certain is said: a `type` anywhere beside the keyword, behind
//! a reference, or in another part of the schema for the same member, is enough.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Keywords that check only numbers.
const OF_NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/// The types that a text is converted to.
const CONVERTED: [&str; 4] = ["null", "boolean", "integer", "number"];
/// How far references are followed.
const DEPTH_MAX: usize = 32;

/// What texts are not compared with, and what to do: one entry for each member.
#[must_use]
pub fn unread(schema: &Value) -> Vec<String> {
    let mut reader = Reader { root: schema, members: BTreeMap::new(), rest: Vec::new(), read: BTreeSet::new() };
    reader.walk(schema, &Step { at: "/schema", member: None, decides: Decides::No, depth: 0 });
    let Reader { members, rest, .. } = reader;
    let is_asked = |at: &String| members.get(at).is_some_and(|member| member.is_asked);
    let is_asked_by_rest = |name: &String| rest.iter().any(|rest| !rest.except.contains(name) && rest.at != *name && is_asked(&rest.at));
    let unread = members.iter().filter(|(name, member)| !member.is_asked && !is_asked_by_rest(name));
    unread.filter_map(|(name, member)| warning(name, member)).collect()
}

/// What is said of a member of the items.
#[derive(Default)]
struct Member {
    /// True if something says which type a text is to be converted to.
    is_asked: bool,
    /// True if a `type` allows text.
    may_be_text: bool,
    /// True if an empty cell may be converted to null, though the member may be text: for a rule for texts, or for an `enum`.
    may_be_emptied: bool,
    /// The first keyword that checks no text.
    unread: Option<Unread>,
}

struct Unread {
    at: String,
    keyword: String,
    /// The types that are most likely meant. None if texts are meant, too.
    meant: Vec<String>,
    /// The first value that is no text.
    value: Option<Value>,
    decides: Decides,
}

/// A schema on the way.
#[derive(Clone, Copy)]
struct Step<'a> {
    at: &'a str,
    /// The member that it is about; `None` for the item itself.
    member: Option<&'a str>,
    decides: Decides,
    depth: usize,
}

/// Whether a schema only decides: a text is converted for it only if the item is invalid otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decides {
    No,
    If,
    Not,
}

/// A schema of members that have no name in it.
struct Rest {
    /// Its place, which is its name among the members.
    at: String,
    /// It is certain that it is not for these.
    except: BTreeSet<String>,
}

struct Reader<'s> {
    root: &'s Value,
    members: BTreeMap<String, Member>,
    rest: Vec<Rest>,
    /// The schemas that were read, by their places in memory: references may lead to one again and again.
    read: BTreeSet<(*const Value, Option<String>, Decides)>,
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
        for (name, decides) in [("if", Decides::If), ("not", Decides::Not), ("then", step.decides), ("else", step.decides)] {
            if let Some(schema) = keywords.get(name) {
                self.walk(schema, &Step { at: &format!("{at}/{name}"), decides, depth, ..*step });
            }
        }
        for dependent in ["dependentSchemas", "dependencies"] {
            for (name, schema) in keywords.get(dependent).and_then(Value::as_object).into_iter().flatten() {
                self.walk(schema, &Step { at: &format!("{at}/{dependent}/{name}"), depth, ..*step });
            }
        }
    }

    /// The schemas of an item's members.
    fn members_of(&mut self, keywords: &'s Map<String, Value>, step: &Step<'_>) {
        let (at, depth) = (step.at, step.depth + 1);
        for list in ["properties", "patternProperties"] {
            for (name, schema) in keywords.get(list).and_then(Value::as_object).into_iter().flatten() {
                let at = format!("{at}/{list}/{name}");
                let is_named = list == "properties";
                self.walk(schema, &Step { at: &at, member: Some(if is_named { name } else { &at }), depth, ..*step });
                if !is_named {
                    self.rest.push(Rest { at, except: BTreeSet::new() });
                }
            }
        }
        for name in ["additionalProperties", "unevaluatedProperties"] {
            if let Some(schema) = keywords.get(name) {
                let at = format!("{at}/{name}");
                self.walk(schema, &Step { at: &at, member: Some(&at), depth, ..*step });
                let named = keywords.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned();
                self.rest.push(Rest { at, except: named.collect() });
            }
        }
    }

    fn note(&mut self, name: &str, keywords: &Map<String, Value>, step: &Step<'_>) {
        let member = self.members.entry(name.to_owned()).or_default();
        let types: Vec<&str> = match keywords.get("type") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            other => other.and_then(Value::as_str).into_iter().collect(),
        };
        let may_be_text = types.contains(&"string");
        let mut unread = |keyword: &str, meant: Vec<&str>, value: Option<&Value>| {
            let (at, keyword, decides) = (step.at.to_owned(), keyword.to_owned(), step.decides);
            let meant = meant.into_iter().map(str::to_owned).collect();
            member.unread.get_or_insert(Unread { at, keyword, meant, value: value.cloned(), decides });
        };
        if step.decides != Decides::No && !may_be_text && types.iter().any(|name| CONVERTED.contains(name)) {
            unread("type", types.iter().copied().filter(|name| CONVERTED.contains(name)).collect(), None);
        }
        for keyword in OF_NUMBERS.into_iter().filter(|keyword| keywords.contains_key(*keyword)) {
            unread(keyword, vec!["number"], None);
        }
        let values = keywords.get("const").map(std::slice::from_ref).or_else(|| keywords.get("enum")?.as_array().map(Vec::as_slice));
        let no_text = values.and_then(|values| values.iter().find(|value| type_of(value).is_some()));
        if let (Some(meant), true) = (values.and_then(types_of_all), step.decides == Decides::No) {
            member.is_asked |= !meant.is_empty();
        } else if step.decides != Decides::No && no_text.is_some() {
            let keyword = if keywords.contains_key("const") { "const" } else { "enum" };
            unread(keyword, values.and_then(types_of_all).unwrap_or_default(), no_text);
        }
        let has = |value: &Value| values.is_some_and(|values| values.contains(value));
        let has_rule = ["format", "pattern", "minLength", "contentMediaType"].iter().any(|rule| keywords.contains_key(*rule));
        let is_emptied = has(&Value::Null) && !has(&Value::from("")) || has_rule && types.contains(&"null");
        member.may_be_emptied = member.may_be_emptied || step.decides == Decides::No && is_emptied;
        member.may_be_text = member.may_be_text || step.decides == Decides::No && may_be_text;
        member.is_asked = member.is_asked || step.decides == Decides::No && !types.is_empty() && !may_be_text;
    }
}

/// The types of these values, if a text can be converted to all of them, and none of them is a text.
fn types_of_all(values: &[Value]) -> Option<Vec<&'static str>> {
    let types: Option<BTreeSet<&'static str>> = values.iter().map(type_of).collect();
    types.filter(|types| !types.is_empty()).map(|types| types.into_iter().collect())
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
    let Unread { at, keyword, meant, .. } = member.unread.as_ref()?;
    if keyword == "type" {
        let not_converted = "the values of the file, which are text, are not converted just for an `if` or a `not`";
        return Some(format!("{at} has the `type` {}, but {not_converted}: {}", listed(meant), remedy(name, member)?));
    }
    let why = if member.may_be_text { "its `type` allows text" } else { "it has no `type`" };
    let not_compared = "so the values of the file, which are text, are not compared with it";
    Some(format!("{at} has `{keyword}`, but {why}, {not_compared}: {}", remedy(name, member)?))
}

/// What to do so that the values are compared.
fn remedy(name: &str, member: &Member) -> Option<String> {
    let Unread { keyword, meant, value, decides, .. } = member.unread.as_ref()?;
    let is_null = meant == &["null"] || meant.is_empty() && *value == Some(Value::Null);
    if is_null && member.may_be_emptied {
        return None;
    }
    // With the type null, every other text would be refused.
    if meant == &["null"] {
        return Some("an empty cell is the empty text, so write {\"const\": \"\"} here".to_owned());
    }
    if let Some(value) = value.as_ref().filter(|_| meant.is_empty()) {
        let text = if value.is_null() { String::new() } else { value.to_string() };
        return Some(format!("write {text:?} in place of {value}"));
    }
    if keyword == "type" && *decides == Decides::Not {
        return Some("compare the text here, with `pattern` or `enum`".to_owned());
    }
    let where_to = if *decides != Decides::No { format!("in the `properties` of the schema give {name:?}") } else { "give it".to_owned() };
    let only = if member.may_be_text { " without \"string\"" } else { "" };
    let or = if keyword == "type" { ", or compare the text here, with `pattern` or `enum`" } else { "" };
    Some(format!("{where_to} the `type` {}{only}{or}", listed(meant)))
}

/// Types as in a schema.
fn listed(types: &[String]) -> String {
    match types {
        [one] => format!("{one:?}"),
        several => format!("[{}]", several.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")),
    }
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
            // Bug found: an `if` with nothing but a type was passed over, and was never true.
            (
                json!({"if": {"properties": {"qty": {"type": "integer", "minimum": 10}}}, "then": {"required": ["x"]}}),
                &[
                    "/schema/if/properties/qty has the `type` \"integer\", but the values of the file, which are text, are not converted just for an `if` or a `not`: in the `properties` of the schema give \"qty\" the `type` \"integer\", or compare the text here, with `pattern` or `enum`",
                ],
            ),
            (
                json!({"properties": {"q": {"type": ["integer", "string"]}}, "if": {"properties": {"q": {"type": "integer"}}}}),
                &[
                    "/schema/if/properties/q has the `type` \"integer\", but the values of the file, which are text, are not converted just for an `if` or a `not`: in the `properties` of the schema give \"q\" the `type` \"integer\" without \"string\", or",
                ],
            ),
            (
                json!({"properties": {"a": {"if": {"type": ["integer", "null", "array"]}, "then": {"minimum": 3}}}}),
                &[
                    "/schema/properties/a/if has the `type` [\"integer\", \"null\"], but the values of the file, which are text, are not converted just for an `if` or a `not`: in the `properties` of the schema give \"a\" the `type` [\"integer\", \"null\"], or",
                ],
            ),
            (
                json!({"properties": {"a": {"not": {"type": "boolean"}}}}),
                &[
                    "/schema/properties/a/not has the `type` \"boolean\", but the values of the file, which are text, are not converted just for an `if` or a `not`: compare the text here, with `pattern` or `enum`",
                ],
            ),
            (
                json!({"properties": {"a": {"not": {"$ref": "#/$defs/n"}}}, "$defs": {"n": {"type": "null"}}}),
                &[
                    "/schema/$defs/n has the `type` \"null\", but the values of the file, which are text, are not converted just for an `if` or a `not`: an empty cell is the empty text, so write {\"const\": \"\"} here",
                ],
            ),
            // Bug found: with the type null, every other row would fail.
            (
                json!({"if": {"properties": {"a": {"const": null}}}, "then": {"required": ["b"]}}),
                &[
                    "/schema/if/properties/a has `const`, but it has no `type`, so the values of the file, which are text, are not compared with it: an empty cell is the empty text, so write {\"const\": \"\"} here",
                ],
            ),
            (
                json!({"properties": {"a": {"type": ["string", "null"]}}, "if": {"properties": {"a": {"enum": [null]}}}}),
                &[
                    "/schema/if/properties/a has `enum`, but its `type` allows text, so the values of the file, which are text, are not compared with it: an empty cell is the empty text, so write {\"const\": \"\"} here",
                ],
            ),
            (
                json!({"if": {"properties": {"a": {"enum": [null, 1]}}}}),
                &[
                    "/schema/if/properties/a has `enum`, but it has no `type`, so the values of the file, which are text, are not compared with it: in the `properties` of the schema give \"a\" the `type` [\"null\", \"number\"]",
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
            (json!({"properties": {"q": {"type": ["integer", "null"]}}, "if": {"properties": {"q": {"type": "integer"}}}}), &[]),
            (json!({"if": {"type": "object", "properties": {"a": {"type": ["null", "string"]}, "b": {"type": "array"}}}}), &[]),
            (json!({"properties": {"a": {"type": ["integer", "null"]}}, "if": {"properties": {"a": {"const": null}}}}), &[]),
            // What is converted, or is about texts.
            (json!({"properties": {"a": {"const": 5}, "b": {"enum": [1, 2]}, "c": {"enum": [1, "x"]}, "d": {"const": "5"}}}), &[]),
            (json!({"properties": {"a": {"not": {"const": "x"}}, "b": {"minLength": 3}, "c": {"not": {"type": "string"}}}}), &[]),
            // A type may come from a schema of members without a name.
            (json!({"patternProperties": {"^n$": d}, "properties": {"n": {"maximum": 9}}}), &[]),
            (json!({"allOf": [{"additionalProperties": d}, {"properties": {"n": {"maximum": 9}}}]}), &[]),
            (json!({"additionalProperties": d, "properties": {"n": {"maximum": 9}}}), &["/schema/properties/n has `maximum`"]),
            (json!({"dependencies": {"a": {"properties": {"n": d}}, "b": ["a"]}, "properties": {"n": {"maximum": 9}}}), &[]),
            // An empty cell may be converted for another reason. Bug found: the advice made a condition that never applied.
            (
                json!({"properties": {"d": {"type": ["string", "null"], "format": "date"}}, "if": {"properties": {"d": {"type": "null"}}}}),
                &[],
            ),
            (json!({"properties": {"d": {"enum": ["a", null]}}, "not": {"properties": {"d": {"const": null}}}}), &[]),
            (
                json!({"properties": {"d": {"enum": ["", null]}}, "if": {"properties": {"d": {"const": null}}}}),
                &["/schema/if/properties/d has `const`"],
            ),
            // Bug found: nothing was said of some of the values.
            (
                json!({"if": {"properties": {"a": {"enum": ["yes", true, 12]}}}}),
                &[
                    "/schema/if/properties/a has `enum`, but it has no `type`, so the values of the file, which are text, are not compared with it: write \"true\" in place of true",
                ],
            ),
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
