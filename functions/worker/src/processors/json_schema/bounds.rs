//! What checking one item may cost at most. A small schema whose references double at each step would be evaluated
//! for hours, and one that nests too deep would overflow the stack: both are refused before the first item.

use std::collections::HashMap;

use serde_json::Value;

use super::refs::Refs;

/// Evaluations of subschemas when every reference is written out in full, each cycle followed once.
const EVALUATIONS_MAX: u64 = 1_000_000;
/// Subschemas within each other that apply to the same place of an item. Items nest 100 deep, so the stack holds a
/// hundred times as many.
const NESTED_IN_PLACE_MAX: u32 = 64;
/// Subschemas within each other in all.
const NESTED_MAX: u32 = 400;

/// Keywords whose subschema applies to the same place, or to places within it.
const IN_PLACE: [&str; 9] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
const WITHIN: [&str; 10] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
];

/// Says what is too large about the schema.
pub(super) fn check(refs: &Refs<'_>) -> Result<(), String> {
    let mut bounds = Bounds { refs, weights: HashMap::new() };
    let weight = bounds.weigh(refs.root(), 0)?;
    if weight.evaluations > EVALUATIONS_MAX {
        return Err(format!("written out, its references come to more than {EVALUATIONS_MAX} subschemas"));
    }
    Ok(())
}

struct Bounds<'a> {
    refs: &'a Refs<'a>,
    /// By address; `None` while it is being weighed, so that a cycle ends.
    weights: HashMap<*const Value, Option<Weight>>,
}

#[derive(Clone, Copy)]
struct Weight {
    evaluations: u64,
    nested_in_place: u32,
}

impl<'a> Bounds<'a> {
    fn weigh(&mut self, schema: &'a Value, depth: u32) -> Result<Weight, String> {
        let mut weight = Weight { evaluations: 1, nested_in_place: 1 };
        let Some(members) = schema.as_object() else { return Ok(weight) };
        if let Some(known) = self.weights.insert(schema, None) {
            self.weights.insert(schema, known);
            return Ok(known.unwrap_or(weight));
        }
        if depth > NESTED_MAX {
            return Err(format!("its subschemas nest more than {NESTED_MAX} deep"));
        }
        for (keyword, value) in members {
            let in_place = IN_PLACE.contains(&keyword.as_str());
            if in_place || WITHIN.contains(&keyword.as_str()) {
                for subschema in subschemas(keyword, value) {
                    let below = self.weigh(subschema, depth + 1)?;
                    weight.add(below, in_place);
                }
            } else if let Some(target) = self.target(keyword, value) {
                weight.add(self.weigh(target, depth + 1)?, true);
            }
        }
        if weight.nested_in_place > NESTED_IN_PLACE_MAX {
            return Err(format!("more than {NESTED_IN_PLACE_MAX} subschemas within each other apply to the same place"));
        }
        self.weights.insert(schema, Some(weight));
        Ok(weight)
    }

    fn target(&self, keyword: &str, value: &Value) -> Option<&'a Value> {
        let reference = matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef").then(|| value.as_str()).flatten()?;
        self.refs.resolve(reference)
    }
}

impl Weight {
    fn add(&mut self, below: Self, in_place: bool) {
        self.evaluations = self.evaluations.saturating_add(below.evaluations);
        if in_place {
            self.nested_in_place = self.nested_in_place.max(below.nested_in_place + 1);
        }
    }
}

/// The subschemas a keyword holds: itself, its elements, or its members' values.
fn subschemas<'a>(keyword: &str, value: &'a Value) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    let by_name = matches!(keyword, "properties" | "patternProperties" | "dependentSchemas" | "dependencies");
    match value {
        Value::Array(elements) => Box::new(elements.iter()),
        Value::Object(members) if by_name => Box::new(members.values()),
        single => Box::new(std::iter::once(single)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn chain(length: usize, link: impl Fn(String) -> Value) -> Value {
        let mut defs: Map<_, _> = (0..length).map(|i| (i.to_string(), link(format!("#/$defs/{}", i + 1)))).collect();
        defs.insert(length.to_string(), json!({"type": "integer"}));
        json!({"$defs": defs, "$ref": "#/$defs/0"})
    }

    fn refused(schema: &Value) -> Option<String> {
        check(&Refs::new(schema)).err()
    }

    /// Two kilobytes of schema must not buy hours of a worker, nor its stack.
    #[test]
    fn refuses_what_doubles_and_what_nests_too_deep() {
        let doubling = |r: String| json!({"properties": {"a": {"$ref": r}, "b": {"$ref": r}}});
        assert!(refused(&chain(25, doubling)).is_some_and(|e| e.contains("written out")));
        assert!(refused(&chain(100, |r| json!({"allOf": [{"$ref": r}]}))).is_some_and(|e| e.contains("same place")));
        assert!(refused(&chain(1_000, |r| json!({"items": {"$ref": r}}))).is_some_and(|e| e.contains("deep")));
    }

    #[test]
    fn takes_trees_and_what_is_shared() {
        let tree = json!({"anyOf": [{"type": "null"}, {"items": {"$ref": "#"}}, {"additionalProperties": {"$ref": "#"}}]});
        assert_eq!(refused(&tree), None);
        assert_eq!(refused(&chain(15, |r| json!({"properties": {"a": {"$ref": r}, "b": {"$ref": r}}}))), None);
        assert_eq!(refused(&json!({"$ref": "#"})), None);
    }
}
