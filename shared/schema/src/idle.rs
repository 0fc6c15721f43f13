//! Keywords that do nothing where they are. They are refused, since whoever wrote them takes them for checked.

use serde_json::{Map, Value};

use crate::dialect::{Draft, IN_PLACE, has_any};
use crate::pointer::cut;
use crate::text::Types;

/// Keywords that do nothing unless another one is beside them.
const NEEDS: &[(&str, &str)] =
    &[("then", "if"), ("else", "if"), ("minContains", "contains"), ("maxContains", "contains"), ("additionalItems", "items")];
/// Keywords of which one value alone is checked.
const ONE_VALUE: &[(&str, &str)] = &[("contentEncoding", "base64"), ("contentMediaType", "application/json")];
/// Keywords that check values of one type and pass over all others.
const OF_ONE_TYPE: &[(Types, &str, &[&str])] = &[
    (Types::NUMBERS, "numbers", &["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    (Types::STRINGS, "strings", &["minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"]),
    (
        Types::ARRAYS,
        "arrays",
        &[
            "items",
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            "contains",
            "minContains",
            "maxContains",
            "minItems",
            "maxItems",
            "uniqueItems",
        ],
    ),
    (
        Types::OBJECTS,
        "objects",
        &[
            "properties",
            "patternProperties",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
            "required",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "dependencies",
        ],
    ),
];
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// What is known of the values that a schema is applied to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) draft: Draft,
    /// The types that the values can have.
    types: Types,
    /// True if an `unevaluated…` depends on what the schema has looked at.
    is_observed: bool,
}

impl Around {
    /// The schema of the whole. Where references lead, and what depends on them, is not followed.
    pub(crate) fn whole(schema: &Value) -> Self {
        let is_observed = has_any(schema, &UNEVALUATED) && has_any(schema, &REFERENCES);
        Self { draft: Draft::DEFAULT, types: Types::ALL, is_observed }
    }

    /// In a schema with these keywords, whose draft is known.
    pub(crate) fn in_schema(self, draft: Draft, members: &Map<String, Value>) -> Self {
        // A type that is not valid is told as such.
        let own = members.get("type").and_then(Types::of_keyword).filter(|types| !types.is_none()).unwrap_or(Types::ALL);
        let observes = |name: &&str| members.contains_key(*name) && draft.keyword(name).is_some();
        Self { draft, types: self.types.both(own), is_observed: self.is_observed || UNEVALUATED.iter().any(observes) }
    }

    /// In the schemas of this keyword. `whole` is what is known of the schema of the whole.
    pub(crate) fn in_keyword(self, name: &str, whole: Self) -> Self {
        match name {
            // A `not` tells nobody what it has looked at.
            "not" => Self { is_observed: whole.is_observed, ..self },
            name if IN_PLACE.contains(&name) => self,
            "propertyNames" => Self { types: Types::STRINGS, is_observed: whole.is_observed, ..self },
            _ => Self { types: Types::ALL, is_observed: whole.is_observed, ..self },
        }
    }

    /// Why a keyword does nothing in this schema, beside these others.
    pub(crate) fn idle(self, name: &str, value: &Value, beside: &Map<String, Value>) -> Option<String> {
        self.draft.keyword(name)?;
        self.needs_another(name, beside)
            .or_else(|| self.hidden_by_another(name, beside))
            .or_else(|| self.of_another_type(name))
            .or_else(|| self.unchecked_value(name, value))
    }

    fn needs_another(self, name: &str, beside: &Map<String, Value>) -> Option<String> {
        if name == "if" && !self.is_observed && !beside.contains_key("then") && !beside.contains_key("else") {
            return Some("if has no effect without then or else beside it: add one of them, or leave if out".to_owned());
        }
        let (_, needed) = NEEDS.iter().find(|(known, _)| *known == name)?;
        let list = if name == "additionalItems" { " that is a list" } else { "" };
        let has = beside.get(*needed).is_some_and(|other| list.is_empty() || other.is_array());
        (!has).then(|| format!("{name} has no effect without {needed}{list} beside it: add {needed}, or leave {name} out"))
    }

    fn hidden_by_another(self, name: &str, beside: &Map<String, Value>) -> Option<String> {
        let is_schema = |keyword: &str| beside.get(keyword).is_some_and(|value| !value.is_array());
        match name {
            "contains" if !self.is_observed && !beside.contains_key("maxContains") => {
                let least = beside.get("minContains").and_then(Value::as_f64)?;
                let why = "contains has no effect with minContains 0 and without maxContains: leave both out, or add maxContains";
                (least == 0.0).then(|| why.to_owned())
            }
            "unevaluatedProperties" if beside.contains_key("additionalProperties") => Some(all_taken(name, "additionalProperties")),
            "unevaluatedItems" if is_schema("items") => Some(all_taken(name, "items")),
            "unevaluatedItems" if beside.contains_key("items") && beside.contains_key("additionalItems") => {
                Some(all_taken(name, "additionalItems"))
            }
            _ => None,
        }
    }

    fn of_another_type(self, name: &str) -> Option<String> {
        let (types, values, _) = OF_ONE_TYPE.iter().find(|(.., keywords)| keywords.contains(&name))?;
        let (allowed, is_idle) = (self.types, !self.types.meet(*types));
        let only = if allowed.is_none() { "no type".to_owned() } else { format!("only {allowed}") };
        is_idle.then(|| format!("{name} checks {values}, but {only} is allowed here: leave {name} out, or correct the type"))
    }

    fn unchecked_value(self, name: &str, value: &Value) -> Option<String> {
        if name == "format" && value == "idn-email" && self.draft < Draft::D7 {
            return Some(format!("\"idn-email\" is not a format that is checked in {}", self.draft.name()));
        }
        let (_, checked) = ONE_VALUE.iter().find(|(known, _)| *known == name)?;
        let other = value.as_str().filter(|value| value != checked)?;
        let shown = cut(other, 60);
        Some(format!("of {name} only {checked:?} is checked, {shown:?} is not: leave it out"))
    }
}

fn all_taken(name: &str, by: &str) -> String {
    format!("{name} has no effect beside {by}, which leaves nothing unevaluated: leave one of them out")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::exact::SchemaDigits;
    use crate::reading;

    use super::*;

    fn refused(schema: Value) -> Vec<String> {
        reading::read(schema, &SchemaDigits::default()).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_keyword_that_does_nothing_is_refused() {
        let d4 = "http://json-schema.org/draft-04/schema#";
        let d7 = "http://json-schema.org/draft-07/schema#";
        let d2019 = "https://json-schema.org/draft/2019-09/schema";
        for (schema, expected) in [
            (json!({"not": {"then": false}}), "/not/then: then has no effect without if beside it: add if, or leave then out"),
            (json!({"else": {}}), "/else: else has no effect without if"),
            (json!({"if": {"type": "string"}}), "/if: if has no effect without then or else beside it: add one of them"),
            (json!({"$schema": d7, "items": {"if": true}}), "/items/if: if has no effect without then or else"),
            (json!({"properties": {"a": {"if": true}}, "unevaluatedProperties": false}), "/properties/a/if: if has no effect without"),
            (json!({"not": {"if": true}, "unevaluatedProperties": false}), "/not/if: if has no effect without"),
            (json!({"minContains": 1, "items": {}}), "/minContains: minContains has no effect without contains"),
            (json!({"maxContains": 1}), "/maxContains: maxContains has no effect without contains"),
            (json!({"contains": {}, "minContains": 0}), "/contains: contains has no effect with minContains 0 and without maxContains"),
            (
                json!({"$schema": d7, "additionalItems": false, "items": {}}),
                "/additionalItems: additionalItems has no effect without items that is a list",
            ),
            (
                json!({"additionalProperties": {}, "unevaluatedProperties": false}),
                "/unevaluatedProperties: unevaluatedProperties has no effect beside additionalProperties",
            ),
            (json!({"items": {}, "unevaluatedItems": false}), "/unevaluatedItems: unevaluatedItems has no effect beside items"),
            (
                json!({"$schema": d2019, "items": [{}], "additionalItems": {}, "unevaluatedItems": false}),
                "/unevaluatedItems: unevaluatedItems has no effect beside additionalItems",
            ),
            // A keyword of which this value is not checked.
            (
                json!({"$schema": d7, "contentEncoding": "quoted-printable"}),
                "/contentEncoding: of contentEncoding only \"base64\" is checked",
            ),
            (
                json!({"$schema": d7, "contentMediaType": "text/html"}),
                "/contentMediaType: of contentMediaType only \"application/json\" is checked",
            ),
            // A keyword for values that the type does not allow.
            (
                json!({"properties": {"age": {"type": "string", "minimum": 18}}}),
                "/properties/age/minimum: minimum checks numbers, but only a string is allowed here: leave minimum out, or correct the type",
            ),
            (json!({"type": "integer", "pattern": "^[0-9]+$"}), "/pattern: pattern checks strings, but only an integer is allowed here"),
            (json!({"type": ["null", "number"], "format": "date"}), "/format: format checks strings, but only null or a number is"),
            (json!({"type": "array", "required": ["a"]}), "/required: required checks objects, but only an array is allowed here"),
            (json!({"type": "object", "items": {"type": "string"}}), "/items: items checks arrays, but only an object is allowed here"),
            (json!({"$schema": d4, "type": "string", "maximum": 3}), "/maximum: maximum checks numbers, but only a string is allowed"),
            (json!({"type": "string", "anyOf": [{}, {"allOf": [{"minimum": 1}]}]}), "/anyOf/1/allOf/0/minimum: minimum checks numbers"),
            (json!({"type": "string", "not": {"type": "number", "minimum": 1}}), "/not/minimum: minimum checks numbers, but no type is"),
            (json!({"propertyNames": {"minimum": 1}}), "/propertyNames/minimum: minimum checks numbers, but only a string is allowed"),
        ] {
            let all = refused(schema.clone());
            assert!(all.len() == 1 && all[0].starts_with(expected), "{schema}: {all:?}");
        }
    }

    #[test]
    fn a_keyword_that_does_something_is_accepted() {
        let d7 = "http://json-schema.org/draft-07/schema#";
        let d2019 = "https://json-schema.org/draft/2019-09/schema";
        for schema in [
            json!({"if": {}, "then": {}, "contains": {}, "minContains": 0, "maxContains": 2}),
            json!({"if": {}, "else": false}),
            // What an `if` has looked at counts as evaluated.
            json!({"if": {"properties": {"a": {}}}, "unevaluatedProperties": false}),
            json!({"$schema": d2019, "allOf": [{"if": {"properties": {"a": {}}}}], "unevaluatedProperties": false}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"if": {"properties": {"a": {}}}}}, "unevaluatedProperties": false}),
            json!({"contains": {}, "minContains": 0, "unevaluatedItems": false}),
            json!({"allOf": [{"additionalProperties": {}}], "unevaluatedProperties": false}),
            json!({"$schema": d2019, "items": [{}], "unevaluatedItems": false}),
            json!({"prefixItems": [{}], "unevaluatedItems": false}),
            json!({"$schema": d7, "items": [{}], "additionalItems": false, "contentEncoding": "base64", "contentMediaType": "application/json"}),
            json!({"type": ["integer", "null"], "minimum": 1, "x-mine": {"maxLength": 3}}),
            json!({"properties": {"type": {"maxLength": 3}}}),
            json!({"type": "object", "properties": {"a": {"minimum": 3, "maxLength": 4, "pattern": "a"}}, "propertyNames": {"maxLength": 4}}),
            json!({"type": ["string", "number"], "if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}),
            json!({"minimum": 3, "maxLength": 4, "required": ["a"], "items": {}}),
            json!({"type": [], "minimum": 3}),
            json!({"type": "strng", "minimum": 3}),
        ] {
            assert_eq!(refused(schema.clone()), Vec::<String>::new(), "{schema}");
        }
    }
}
