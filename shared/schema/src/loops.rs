//! Finds schemas that lead back to themselves for the same value. Checking such a schema would never end, and JSON Schema
//! forbids it (core 2020-12, 9.4.1). A way back that goes into the value first, as through `properties` or `items`, ends
//! where the value ends, and is fine.
//!
//! References are followed by the resolver that the validator uses, each in its dynamic scope. What it cannot resolve is
//! left out here: the validator refuses it.

use std::collections::HashMap;

use referencing::{Registry, Resolver, uri};
use serde_json::Value;

use crate::dialect::{Draft, IN_PLACE, KeywordContent, declared, has_any};
use crate::pointer::join;
use crate::refusal::Refusal;

/// References that depend on the schemas they were reached through, and what makes a `$ref` depend on them.
const DYNAMIC: [&str; 3] = ["$dynamicRef", "$dynamicAnchor", "$recursiveRef"];
/// The base of a schema without an id, as the validator has it.
const BASE: &str = "json-schema:///";
const WHY: &str = "leads back to itself for the same value, so checking it would never end: refer to a schema that ends, or go into \
                   the value first, as with properties or items";

/// The refusal of a schema whose check would never end.
pub(crate) fn refusal(schema: &Value) -> Option<Refusal> {
    let draft = declared(schema).and_then(Draft::named).unwrap_or(Draft::DEFAULT);
    let resource = of_resolver(draft).create_resource_ref(schema);
    let base = uri::from_str(resource.id().unwrap_or(BASE)).ok()?;
    let registry = Registry::new().draft(of_resolver(draft)).add(base.as_str(), resource).ok()?.prepare().ok()?;
    let resolver = registry.resolver(base).in_subresource(resource).ok()?;
    let mut search = Search { is_dynamic: has_any(schema, &DYNAMIC), seen: HashMap::new(), ahead: vec![Place { schema, draft, resolver }] };
    while let Some(place) = search.ahead.pop() {
        if let Err((holder, keyword)) = search.walk(&place, None) {
            return Some(Refusal::new(join(&pointer_of(schema, holder).unwrap_or_default(), keyword), WHY));
        }
    }
    None
}

/// A schema, and how references in it are resolved.
struct Place<'r> {
    schema: &'r Value,
    draft: Draft,
    resolver: Resolver<'r>,
}

/// A reference: the schema that has it, and its keyword.
type Reference<'r> = (&'r Value, &'r str);
/// A schema by its place in memory, its base, and the other resources that its dynamic references may lead to.
type State = (*const Value, String, Vec<String>);

struct Search<'r> {
    is_dynamic: bool,
    /// The schemas that were reached; true while the schemas that they apply to the same value are searched.
    seen: HashMap<State, bool>,
    /// Schemas for values within, to be searched on their own.
    ahead: Vec<Place<'r>>,
}

impl<'r> Search<'r> {
    /// Follows the schemas that are applied to the same value. The error is the last reference before a schema comes again.
    fn walk(&mut self, place: &Place<'r>, via: Option<Reference<'r>>) -> Result<(), Reference<'r>> {
        let Value::Object(members) = place.schema else { return Ok(()) };
        let state = self.state(place);
        match (self.seen.get(&state), via) {
            (Some(true), Some(via)) => return Err(via),
            (Some(_), _) => return Ok(()),
            (None, _) => self.seen.insert(state.clone(), true),
        };
        let alone = place.draft.ref_excludes_others() && members.contains_key("$ref");
        for (name, value) in members.iter().filter(|(name, _)| !alone || *name == "$ref") {
            match place.draft.keyword(name) {
                Some(KeywordContent::Reference) => {
                    if let Some(target) = place.target(name, value) {
                        self.walk(&target, Some((place.schema, name)))?;
                    }
                }
                Some(content) => {
                    for below in schemas_in(content, value).into_iter().filter_map(|schema| place.below(schema)) {
                        match IN_PLACE.contains(&name.as_str()) {
                            true => self.walk(&below, via)?,
                            false => self.ahead.push(below),
                        }
                    }
                }
                None => {}
            }
        }
        self.seen.insert(state, false);
        Ok(())
    }

    fn state(&self, place: &Place<'r>) -> State {
        let mut scope: Vec<String> = Vec::new();
        if self.is_dynamic {
            // The outermost resource that has the anchor is the target, so only the first of each counts.
            let inner_first: Vec<String> = place.resolver.dynamic_scope().iter().map(ToString::to_string).collect();
            for resource in inner_first.into_iter().rev() {
                if !scope.contains(&resource) {
                    scope.push(resource);
                }
            }
        }
        (std::ptr::from_ref(place.schema), place.resolver.base_uri().to_string(), scope)
    }
}

impl<'r> Place<'r> {
    /// A schema within this one.
    fn below(&self, schema: &'r Value) -> Option<Place<'r>> {
        let draft = declared(schema).and_then(Draft::named).unwrap_or(self.draft);
        let resolver = self.resolver.in_subresource(of_resolver(draft).create_resource_ref(schema)).ok()?;
        Some(Place { schema, draft, resolver })
    }

    fn target(&self, keyword: &str, reference: &Value) -> Option<Place<'r>> {
        let resolved = match keyword {
            "$recursiveRef" => self.resolver.lookup_recursive_ref(),
            _ => self.resolver.lookup(reference.as_str()?),
        };
        let (schema, resolver, draft) = resolved.ok()?.into_inner();
        let draft = declared(schema).and_then(Draft::named).or_else(|| from_resolver(draft))?;
        Some(Place { schema, draft, resolver })
    }
}

/// The schemas in a keyword's value.
fn schemas_in(content: KeywordContent, value: &Value) -> Vec<&Value> {
    match (content, value) {
        (KeywordContent::Schema | KeywordContent::SchemaOrSchemas, Value::Object(_)) => vec![value],
        (KeywordContent::Schemas | KeywordContent::SchemaOrSchemas, Value::Array(schemas)) => schemas.iter().collect(),
        (KeywordContent::Map | KeywordContent::PatternMap | KeywordContent::Dependencies, Value::Object(schemas)) => {
            schemas.values().collect()
        }
        _ => Vec::new(),
    }
}

/// Where a part of a value is.
fn pointer_of(value: &Value, part: &Value) -> Option<String> {
    let below = |segment: &str, value: &Value| Some(format!("{}{}", join("", segment), pointer_of(value, part)?));
    match value {
        _ if std::ptr::eq(value, part) => Some(String::new()),
        Value::Object(members) => members.iter().find_map(|(name, value)| below(name, value)),
        Value::Array(elements) => elements.iter().enumerate().find_map(|(index, value)| below(&index.to_string(), value)),
        _ => None,
    }
}

fn of_resolver(draft: Draft) -> referencing::Draft {
    match draft {
        Draft::D4 => referencing::Draft::Draft4,
        Draft::D6 => referencing::Draft::Draft6,
        Draft::D7 => referencing::Draft::Draft7,
        Draft::D2019 => referencing::Draft::Draft201909,
        Draft::D2020 => referencing::Draft::Draft202012,
    }
}

fn from_resolver(draft: referencing::Draft) -> Option<Draft> {
    [Draft::D4, Draft::D6, Draft::D7, Draft::D2019, Draft::D2020].into_iter().find(|ours| of_resolver(*ours) == draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The validator takes such a way back for valid: `{"anyOf": [{"$ref": "#"}, …]}` accepted everything, and
    /// `{"not": {"$ref": "#"}}` refused everything.
    #[test]
    fn a_schema_that_leads_back_to_itself_for_the_same_value_is_refused() {
        let d7 = "http://json-schema.org/draft-07/schema#";
        let d2019 = "https://json-schema.org/draft/2019-09/schema";
        for (schema, at) in [
            (json!({"$ref": "#"}), "/$ref"),
            (json!({"$ref": "#", "type": "integer"}), "/$ref"),
            (json!({"allOf": [{"$ref": "#"}, {"type": "integer"}]}), "/allOf/0/$ref"),
            (json!({"anyOf": [{"type": "integer"}, {"$ref": "#"}]}), "/anyOf/1/$ref"),
            (json!({"oneOf": [{"$ref": "#"}, {"type": "integer"}]}), "/oneOf/0/$ref"),
            (json!({"not": {"$ref": "#"}}), "/not/$ref"),
            (json!({"if": {"$ref": "#"}, "then": {}}), "/if/$ref"),
            (json!({"if": {}, "then": {"$ref": "#"}}), "/then/$ref"),
            (json!({"if": {}, "else": {"$ref": "#/else"}}), "/else/$ref"),
            (json!({"dependentSchemas": {"a": {"$ref": "#"}}}), "/dependentSchemas/a/$ref"),
            (json!({"$schema": d7, "dependencies": {"b": ["c"], "a/b": {"$ref": "#"}}}), "/dependencies/a~1b/$ref"),
            (
                json!({"title": "t", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/%24defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
                "/$defs/b/$ref",
            ),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}),
                "/$defs/b/allOf/0/$ref",
            ),
            // Behind a step into the value.
            (
                json!({"properties": {"a": {"$ref": "#n"}}, "$defs": {"a": {"$anchor": "n", "anyOf": [{"$ref": "#n"}]}}}),
                "/$defs/a/anyOf/0/$ref",
            ),
            (json!({"items": {"allOf": [{"not": {"$ref": "#/items"}}]}}), "/items/allOf/0/not/$ref"),
            // A schema that is reached within before the one around it.
            (json!({"properties": {"a": {"$ref": "#/allOf/0"}}, "allOf": [{"$ref": "#"}]}), "/allOf/0/$ref"),
            // By its id, and by anchors that depend on the way.
            (json!({"$id": "http://example.com/s", "anyOf": [{"$ref": "http://example.com/s"}]}), "/anyOf/0/$ref"),
            (json!({"$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}]}), "/anyOf/0/$dynamicRef"),
            (
                json!({
                    "$id": "http://example.com/outer", "$dynamicAnchor": "n", "$ref": "inner",
                    "$defs": {"i": {"$id": "inner", "$dynamicAnchor": "m", "not": {"$dynamicRef": "#n"}, "$defs": {"n": {"$dynamicAnchor": "n"}}}},
                }),
                "/$ref",
            ),
            (json!({"$schema": d2019, "$recursiveAnchor": true, "anyOf": [{"$recursiveRef": "#"}]}), "/anyOf/0/$recursiveRef"),
        ] {
            let refused = refusal(&schema).unwrap_or_else(|| panic!("{schema} is accepted"));
            assert_eq!((&*refused.pointer, &*refused.detail), (at, WHY), "{schema}");
        }
    }

    #[test]
    fn a_way_back_through_the_value_is_fine() {
        let d7 = "http://json-schema.org/draft-07/schema#";
        for schema in [
            json!({"properties": {"a": {"$ref": "#"}}, "type": "object"}),
            json!({"items": {"$ref": "#"}, "prefixItems": [{"$ref": "#"}], "contains": {"$ref": "#"}}),
            json!({"additionalProperties": {"anyOf": [{"$ref": "#"}, {"type": "integer"}]}}),
            json!({"patternProperties": {"^a": {"$ref": "#"}}, "propertyNames": {"$ref": "#"}, "unevaluatedProperties": {"$ref": "#"}}),
            json!({"$dynamicAnchor": "n", "properties": {"a": {"$dynamicRef": "#n"}}}),
            // One schema twice for the same value, without a way back.
            json!({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {}}}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}, "unused": {"$ref": "#/$defs/unused"}}}),
            // Beside a `$ref` nothing else counts in the older drafts.
            json!({"$schema": d7, "properties": {"a": {"$ref": "#/definitions/i", "definitions": {"x": {"$ref": "#"}}}}, "definitions": {"i": {}}}),
            // What does not resolve is refused elsewhere.
            json!({"$ref": "#/$defs/none"}),
            json!({"$ref": "http://example.com/other"}),
            json!(true),
        ] {
            assert_eq!(refusal(&schema), None, "{schema}");
        }
    }
}
