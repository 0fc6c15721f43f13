use proptest::prelude::*;
use serde_json::json;

use super::*;

fn typed(schema: &Value, item: &str) -> Result<String, String> {
    let program = Program::compile(&schema.to_string(), true).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
    match program.check(item, &mut || {}) {
        Verdict::Fits => Ok(item.to_owned()),
        Verdict::Typed(typed) => Ok(typed),
        Verdict::Misfit(misfit) => Err(misfit.code),
    }
}

/// Whatever way a schema has of asking for a type, text is turned into it, and only where it asks.
#[test]
fn text_is_turned_into_what_the_schema_asks_for() {
    let d7 = "http://json-schema.org/draft-07/schema#";
    let table = [
        ("type", json!({"properties": {"a": {"type": "integer"}, "b": {}}}), r#"{"a":"5","b":"5"}"#, r#"{"a":5,"b":"5"}"#),
        ("a union", json!({"properties": {"a": {"type": ["integer", "null"]}}}), r#"{"a":""}"#, r#"{"a":null}"#),
        (
            "a union with text",
            json!({"properties": {"a": {"type": ["integer", "string"]}, "b": {"type": "null"}}}),
            r#"{"a":"5","b":""}"#,
            r#"{"a":"5","b":null}"#,
        ),
        (
            "patternProperties",
            json!({"patternProperties": {"^n": {"type": "number"}}, "additionalProperties": {"type": "string"}}),
            r#"{"n1":"1.50","x":"1.50"}"#,
            r#"{"n1":1.50,"x":"1.50"}"#,
        ),
        (
            "additionalProperties",
            json!({"properties": {"x": {}}, "additionalProperties": {"type": "boolean"}}),
            r#"{"x":"true","y":"TRUE"}"#,
            r#"{"x":"true","y":true}"#,
        ),
        (
            "unevaluatedProperties",
            json!({"allOf": [{"properties": {"x": {}}}], "unevaluatedProperties": {"type": "integer"}}),
            r#"{"x":"1","y":"1"}"#,
            r#"{"x":"1","y":1}"#,
        ),
        (
            "a reference by the schema's own id",
            json!({"$id": "http://example.com/s", "$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "http://example.com/s#/$defs/n"}}}),
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
        ),
        (
            "a reference by an anchor",
            json!({"$defs": {"n": {"$anchor": "n", "type": "integer"}}, "properties": {"a": {"$ref": "#n"}}}),
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
        ),
        (
            "a dynamic reference",
            json!({"$defs": {"n": {"$dynamicAnchor": "n", "type": "integer"}}, "properties": {"a": {"$dynamicRef": "#n"}}}),
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
        ),
        ("const", json!({"properties": {"a": {"const": 5}, "b": {"const": "5"}}}), r#"{"a":"5","b":"5"}"#, r#"{"a":5,"b":"5"}"#),
        ("a const of the whole item", json!({"const": {"a": false, "b": "x"}}), r#"{"a":"false","b":"x"}"#, r#"{"a":false,"b":"x"}"#),
        (
            "enum",
            json!({"properties": {"a": {"enum": [1, null, "x"]}, "b": {"enum": [1, null, "x"]}, "c": {"enum": [1, null, "x"]}}}),
            r#"{"a":"1","b":"","c":"x"}"#,
            r#"{"a":1,"b":null,"c":"x"}"#,
        ),
        (
            "allOf",
            json!({"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "boolean"}}}]}),
            r#"{"a":"1","b":"true"}"#,
            r#"{"a":1,"b":true}"#,
        ),
        (
            "anyOf of an item",
            json!({"anyOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "integer"}}}]}),
            r#"{"a":"x","b":"1"}"#,
            r#"{"a":"x","b":1}"#,
        ),
        (
            "oneOf told apart by a column",
            json!({"oneOf": [{"properties": {"k": {"const": "a"}, "n": {"type": "integer"}}}, {"properties": {"k": {"const": "b"}, "n": {"type": "string"}}}]}),
            r#"{"k":"a","n":"1"}"#,
            r#"{"k":"a","n":1}"#,
        ),
        (
            "and the other way",
            json!({"oneOf": [{"properties": {"k": {"const": "a"}, "n": {"type": "integer"}}}, {"properties": {"k": {"const": "b"}, "n": {"type": "string"}}}]}),
            r#"{"k":"b","n":"1"}"#,
            r#"{"k":"b","n":"1"}"#,
        ),
        (
            "dependentSchemas",
            json!({"dependentSchemas": {"a": {"properties": {"b": {"type": "integer"}}}}}),
            r#"{"a":"1","b":"1"}"#,
            r#"{"a":"1","b":1}"#,
        ),
        (
            "dependencies",
            json!({"$schema": d7, "dependencies": {"a": {"properties": {"b": {"type": "integer"}}}}}),
            r#"{"a":"1","b":"1"}"#,
            r#"{"a":"1","b":1}"#,
        ),
        (
            "then",
            json!({"if": {"properties": {"k": {"const": "a"}}}, "then": {"properties": {"n": {"type": "integer"}}}}),
            r#"{"k":"a","n":"1"}"#,
            r#"{"k":"a","n":1}"#,
        ),
        ("an if that asks", json!({"if": {"properties": {"k": {"const": 1}}}, "else": false}), r#"{"k":"1"}"#, r#"{"k":1}"#),
        (
            "two that lead to each other",
            json!({"if": {"properties": {"k": {"const": 1}}}, "then": {"properties": {"n": {"type": "integer"}}}, "else": false}),
            r#"{"k":"1","n":"2"}"#,
            r#"{"k":1,"n":2}"#,
        ),
        ("not", json!({"properties": {"a": {"not": {"type": "string"}}}}), r#"{"a":"1"}"#, r#"{"a":1}"#),
        (
            "one alternative too many",
            json!({"properties": {"a": {"oneOf": [{"type": "string"}, {"minimum": 2}]}}}),
            r#"{"a":"3"}"#,
            r#"{"a":3}"#,
        ),
        (
            "lists and what is within",
            json!({"properties": {"l": {"items": {"type": "integer"}}, "o": {"properties": {"p": {"type": "null"}}}}}),
            r#"{"l":["1","2"],"o":{"p":""}}"#,
            r#"{"l":[1,2],"o":{"p":null}}"#,
        ),
        ("contains", json!({"properties": {"l": {"contains": {"const": 2}}}}), r#"{"l":["1","2"]}"#, r#"{"l":["1",2]}"#),
        ("what is typed already", json!({"properties": {"a": {"type": "integer"}}}), r#"{"a":5}"#, r#"{"a":5}"#),
        ("a text that is the item", json!({"type": "integer"}), r#""5""#, "5"),
        (
            "bytes around it",
            json!({"properties": {"n": {"type": "integer"}}, "additionalProperties": {}}),
            " { \"big\":0.1000000000000000000000001, \"n\" : \"\\u0031\\u0032\", \"z\":1e2 }",
            " { \"big\":0.1000000000000000000000001, \"n\" : 12, \"z\":1e2 }",
        ),
        (
            "many digits",
            json!({"properties": {"n": {"type": "integer"}}}),
            r#"{"n":"123456789012345678901234567890"}"#,
            r#"{"n":123456789012345678901234567890}"#,
        ),
    ];
    for (what, schema, item, expected) in table {
        assert_eq!(typed(&schema, item).as_deref(), Ok(expected), "{what}");
    }
}

/// A text is never turned into something else to get around what the schema says of texts.
#[test]
fn what_is_wrong_as_text_stays_wrong() {
    let zip = json!({"pattern": "^[0-9]{5}$"});
    let table = [
        (json!({"properties": {"zip": zip}}), r#"{"zip":"8001"}"#, "/zip pattern"),
        (json!({"properties": {"zip": {"minLength": 5}}}), r#"{"zip":"8001"}"#, "/zip minLength"),
        (json!({"properties": {"zip": {"format": "date"}}}), r#"{"zip":"8001"}"#, "/zip format"),
        (
            json!({"if": {"properties": {"zip": {"pattern": "^9"}}}, "else": {"required": ["state"]}}),
            r#"{"zip":"8001"}"#,
            "/state required",
        ),
        (json!({"anyOf": [{"properties": {"zip": zip}}, {"properties": {"zip": {"type": "null"}}}]}), r#"{"zip":"8001"}"#, "anyOf"),
        (json!({"properties": {"a": {"type": "integer"}}}), r#"{"a":"1E+05"}"#, "/a type"),
        (json!({"properties": {"a": {"const": 100000}}}), r#"{"a":"1E+05"}"#, "/a const"),
        (json!({"properties": {"a": {"type": "integer", "minimum": 5}}}), r#"{"a":"4"}"#, "/a minimum"),
        (json!({"required": ["b"], "properties": {"a": {"type": "integer"}}}), r#"{"a":"4"}"#, "/b required"),
    ];
    for (schema, item, code) in table {
        assert_eq!(typed(&schema, item), Err(code.to_owned()), "{schema}");
    }
}

proptest! {
    /// Whatever the item, what comes out is JSON that the schema allows, and typing it again changes nothing more.
    #[test]
    fn what_is_typed_fits_and_stays(text in ".*", number in any::<f64>(), whole in any::<i64>(), empty in prop::bool::ANY) {
        let schema = json!({"additionalProperties": {"anyOf": [{"type": ["number", "boolean"]}, {"enum": [null]}, {"maxLength": 3}]}});
        let more = if empty { "" } else { "TRUE" };
        let item = json!({"a": text, "b": number.to_string(), "c": whole.to_string(), "": more}).to_string();
        if let Ok(once) = typed(&schema, &item) {
            prop_assert!(serde_json::from_str::<Value>(&once).is_ok());
            prop_assert_eq!(typed(&schema, &once), Ok(once));
        }
    }
}
