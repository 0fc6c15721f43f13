//! Everything that is wrong with a schema, at once. What reads and compiles a schema stops at the first fault of some kinds, so
//! each part that was refused is cut out, and the rest is looked at again.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::dialect;
use crate::exact::SchemaDigits;
use crate::pointer::{is_at_or_within, unescaped};
use crate::reading::{self, ReadSchema};
use crate::refusal::{REFUSALS_MAX, Refusal};

/// Once this has computed for so long, no further fault is searched for: the first ones are more important than all.
const COMPUTED_MAX: Duration = Duration::from_millis(500);
/// How often the rest is looked at.
const LOOKS_MAX: usize = 3 * REFUSALS_MAX;

/// Completes what is wrong with a schema. `refusal` finds the first fault of a schema that was read, and is given both.
pub(crate) fn complete(schema: &Value, first: Vec<Refusal>, refusal: impl Fn(ReadSchema, &Value) -> Option<Refusal>) -> Vec<Refusal> {
    let mut all = first;
    let mut rest = schema.clone();
    all.iter().for_each(|refused| cut_out(&mut rest, &refused.pointer));
    let until = computed() + COMPUTED_MAX;
    for _ in 0..LOOKS_MAX {
        if all.len() >= REFUSALS_MAX || computed() > until {
            break;
        }
        // All of this kind are known: what is refused now is so only since something was cut out.
        let read = match reading::read(rest.clone(), &SchemaDigits::default()) {
            Ok(read) => read,
            Err(unreadable) => {
                unreadable.iter().for_each(|refused| cut_out(&mut rest, &refused.pointer));
                continue;
            }
        };
        let Some(refused) = refusal(read, &rest) else { break };
        let led_to_cut_out = leads_to_cut_out(schema, &rest, &refused.pointer);
        cut_out(&mut rest, &refused.pointer);
        if !led_to_cut_out && !all.iter().any(|known| is_at_or_within(&refused.pointer, &known.pointer)) {
            all.push(refused);
        }
    }
    all.truncate(REFUSALS_MAX);
    all
}

/// For how long this process has computed.
fn computed() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// True for a reference to a place that only the rest does not have.
fn leads_to_cut_out(schema: &Value, rest: &Value, pointer: &str) -> bool {
    let target = rest.pointer(pointer).and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.is_some_and(|target| schema.pointer(target).is_some() && rest.pointer(target).is_none())
}

/// Takes the part at this place out of a schema. In the place of a schema remains one that allows everything, since
/// references may lead there.
fn cut_out(schema: &mut Value, pointer: &str) {
    let Some((around, name)) = pointer.rsplit_once('/') else {
        *schema = Value::Bool(true);
        return;
    };
    // Without its draft nothing in a schema can be judged.
    if name == "$schema" {
        return cut_out(schema, around);
    }
    // A name that is refused goes with its schema.
    let is_schema = dialect::leads_to_schema(pointer) && !around.ends_with("/patternProperties");
    match schema.pointer_mut(pointer) {
        Some(part) if is_schema && *part != true => *part = Value::Bool(true),
        Some(_) => match schema.pointer_mut(around) {
            Some(Value::Object(members)) => {
                members.remove(&unescaped(name));
            }
            _ => cut_out(schema, around),
        },
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::program::Program;

    use super::*;

    fn pointers(schema: &Value) -> Vec<String> {
        let refusals = Program::compile(&schema.to_string(), false).err().unwrap_or_default();
        refusals.into_iter().map(|refused| refused.pointer).collect()
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let d7 = "http://json-schema.org/draft-07/schema#";
        for (schema, expected) in [
            (
                json!({"properties": {"a": {"nullable": true, "type": "strng"}, "b": {"format": "int32"}}, "reqired": ["a"]}),
                vec!["/properties/a/nullable", "/reqired", "/properties/a/type", "/properties/b/format"],
            ),
            (
                json!({"properties": {
                    "a": {"pattern": "("}, "b": {"minimum": "3"}, "c": {"$ref": "#/$defs/none"}, "d": {"$ref": "#nowhere"},
                    "e": {"$ref": "http://example.com/other"}, "f": {"required": "x"}, "g": 5,
                }}),
                vec![
                    "/properties/a/pattern",
                    "/properties/b/minimum",
                    "/properties/c/$ref",
                    "/properties/d/$ref",
                    "/properties/e/$ref",
                    "/properties/f/required",
                    "/properties/g",
                ],
            ),
            // A fault does not bring others with it.
            (json!({"$defs": {"a": 5}, "$ref": "#/$defs/a"}), vec!["/$defs/a"]),
            (
                json!({"$ref": "#/$defs/a/items", "$defs": {"a": {"$schema": "http://example.com/mine", "items": {}}}}),
                vec!["/$defs/a/$schema"],
            ),
            (json!({"contains": 5, "minContains": 2}), vec!["/contains"]),
            (json!({"if": 5, "then": {}, "else": {"nullable": 1}}), vec!["/else/nullable", "/if"]),
            (json!({"$schema": "http://example.com/mine", "nullable": 1}), vec!["/$schema"]),
            (json!({"allOf": [{"$schema": "http://example.com/mine"}, {"nullable": 1}]}), vec!["/allOf/0/$schema", "/allOf/1/nullable"]),
            (json!({"patternProperties": {"(": {"type": 5}, "a": {"type": 5}}}), vec!["/patternProperties/(", "/patternProperties/a/type"]),
            (json!({"required": [1, 2], "type": ["integer", "strng"]}), vec!["/required", "/type"]),
            (json!({"anyOf": [{"$ref": "#"}], "not": {"$ref": "#"}, "a": 1}), vec!["/a", "/anyOf/0/$ref", "/not/$ref"]),
            (
                json!({"$schema": d7, "definitions": {"x": {"enum": 5}}, "items": [{"$ref": "#/definitions/x", "type": "integer"}]}),
                vec!["/items/0/type", "/definitions/x/enum"],
            ),
            (json!(5), vec![""]),
        ] {
            let mut found = pointers(&schema);
            for pointer in &mut found {
                // A list is judged as a whole.
                *pointer = pointer.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('/').to_owned();
            }
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{schema}");
        }
    }

    #[test]
    fn no_more_than_the_most_are_told() {
        let properties: serde_json::Map<_, _> = (0..50).map(|i| (format!("k{i}"), json!({"type": i, "nullable": true}))).collect();
        assert_eq!(pointers(&json!({"properties": properties})).len(), REFUSALS_MAX);
        let formats: serde_json::Map<_, _> = (0..50).map(|i| (format!("k{i}"), json!({"format": format!("f{i}")}))).collect();
        assert_eq!(pointers(&json!({"properties": formats})).len(), REFUSALS_MAX);
    }

    /// A part of a schema, right or wrong.
    fn part() -> impl Strategy<Value = Value> {
        let parts = [
            json!({"type": "integer", "minimum": 3}),
            json!({"type": "strng"}),
            json!({"nullable": true}),
            json!({"format": "int32", "title": 5}),
            json!({"pattern": "(", "maxLength": "x"}),
            json!({"patternProperties": {"^[\\w-.]": {"type": 5}, "a": {"format": "x"}}}),
            json!({"$ref": "#/$defs/none"}),
            json!({"$ref": "#nowhere"}),
            json!({"$ref": "http://example.com/other"}),
            json!({"not": {"$ref": "#"}}),
            json!({"minimum": "3", "maximum": []}),
            json!({"if": {"minLength": -1}}),
            json!({"items": 5, "required": [1, 1]}),
            json!({"enum": 5, "const": {"nullable": 1}}),
            json!({"type": "string", "minimum": 3, "properties": 5}),
            json!({"anyOf": [], "oneOf": [5, {"type": "x"}]}),
            json!({"$id": 5, "$anchor": "%"}),
            json!({"multipleOf": 0, "uniqueItems": 1, "dependentRequired": {"a": 1}}),
            json!(5),
            json!(true),
        ];
        prop::sample::select(parts.to_vec()).prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| {
                    json!({"properties": all.into_iter().enumerate().map(|(at, part)| (format!("p{at}"), part)).collect::<serde_json::Map<_, _>>()})
                }),
                prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
                inner.clone().prop_map(|part| json!({"items": part, "description": 7})),
                (inner.clone(), inner).prop_map(|(one, other)| json!({"if": one, "then": other, "$defs": {"d": {"typ": 1}}})),
            ]
        })
    }

    proptest! {
        /// Whoever corrects all that is told has a schema that is taken.
        #[test]
        fn nothing_is_left_once_all_is_corrected(schema in part()) {
            let told = Program::compile(&schema.to_string(), false).err().unwrap_or_default();
            let places: BTreeSet<(&str, &str)> = told.iter().map(|refused| (&*refused.pointer, &*refused.detail)).collect();
            prop_assert_eq!(places.len(), told.len(), "told twice: {:?}", told);
            prop_assert!(told.iter().all(|refused| schema.pointer(&refused.pointer).is_some()), "{:?}", told);
            let mut corrected = schema.clone();
            told.iter().for_each(|refused| cut_out(&mut corrected, &refused.pointer));
            let left = Program::compile(&corrected.to_string(), false).err().unwrap_or_default();
            // What needs something that was cut out is left, and beyond the most nothing is told.
            let is_new = |refused: &Refusal| !refused.detail.contains("has no effect");
            prop_assert!(told.len() == REFUSALS_MAX || !left.iter().any(is_new), "{} tells {:?}, and then {:?}", schema, told, left);
        }
    }
}
