use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

mod alternatives;

fn typed(schema: &Value, item: &str) -> Result<String, String> {
    let program = Program::compile(&schema.to_string(), true).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
    match program.check(item, &mut || {}) {
        Verdict::Fits => Ok(item.to_owned()),
        Verdict::Typed(typed) => Ok(typed),
        Verdict::Misfit(misfit) => Err(misfit.code),
    }
}

/// Whatever way a schema uses to want a type, text is converted to it, and only where the schema wants it.
#[test]
fn text_is_converted_to_what_the_schema_wants() {
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
            "a union of text and null, with a rule for texts",
            json!({"properties": {"a": {"type": ["string", "null"], "format": "email"}, "b": {"type": ["string", "null"], "minLength": 1}}}),
            r#"{"a":"","b":""}"#,
            r#"{"a":null,"b":null}"#,
        ),
        (
            "the same with a media type",
            json!({"$schema": d7, "properties": {"a": {"type": ["string", "null"], "contentMediaType": "application/json"}}}),
            r#"{"a":""}"#,
            r#"{"a":null}"#,
        ),
        (
            "the same, and an empty text that the rule allows",
            json!({"properties": {"a": {"type": ["string", "null"], "pattern": "^x?$"}, "b": {"type": ["integer", "null"]}}}),
            r#"{"a":"","b":""}"#,
            r#"{"a":"","b":null}"#,
        ),
        (
            "the same in alternatives",
            json!({"anyOf": [{"properties": {"a": {"type": ["string", "null"], "minLength": 2}, "b": {"const": 1}}}, {"required": ["c"]}]}),
            r#"{"a":"","b":"1"}"#,
            r#"{"a":null,"b":1}"#,
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

/// A text is never converted to avoid what the schema says about texts.
#[test]
fn an_invalid_text_stays_invalid() {
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

/// An `if` or a `not` refuses nothing by asking for a type: only what the members are says whether a text is converted
/// before it decides.
#[test]
fn a_condition_alone_converts_nothing() {
    let i = json!({"type": "integer"});
    let large = json!({"properties": {"q": {"type": "integer", "minimum": 10}}, "required": ["q"]});
    let empty = json!({"properties": {"q": {"const": null}}});
    let then = json!({"required": ["x"]});
    let text = |item: &str| Ok(item.to_owned());
    let missing = || Err("/x required".to_owned());
    for (schema, item, expected) in [
        (json!({"if": large, "then": then}), r#"{"q":"12"}"#, text(r#"{"q":"12"}"#)),
        (json!({"if": large, "then": then, "properties": {"q": {"type": ["integer", "string"]}}}), r#"{"q":"12"}"#, text(r#"{"q":"12"}"#)),
        (json!({"if": large, "then": then, "properties": {"q": i}}), r#"{"q":"12"}"#, missing()),
        (json!({"if": large, "then": then, "properties": {"q": i}}), r#"{"q":"9"}"#, text(r#"{"q":9}"#)),
        (json!({"if": empty, "then": then}), r#"{"q":""}"#, text(r#"{"q":""}"#)),
        (json!({"if": empty, "then": then, "properties": {"q": {"type": ["integer", "null"]}}}), r#"{"q":""}"#, missing()),
        (json!({"if": {"properties": {"q": {"const": ""}}}, "then": then}), r#"{"q":""}"#, missing()),
        (json!({"properties": {"q": {"not": {"type": "null"}}}}), r#"{"q":""}"#, text(r#"{"q":""}"#)),
        (json!({"properties": {"q": {"not": {"const": ""}}}}), r#"{"q":""}"#, Err("/q not".to_owned())),
    ] {
        assert_eq!(typed(&schema, item), expected, "{schema} {item}");
    }
}

/// A column that is valid when converted is not blamed because another one is wrong.
#[test]
fn only_the_wrong_columns_are_reported() {
    let i = json!({"type": "integer"});
    let defs = |mut schema: Value| {
        schema["$defs"] = json!({"i": i});
        schema
    };
    let r = json!({"$ref": "#/$defs/i"});
    let two = json!({"minLength": 2});
    let many: serde_json::Map<_, _> = (0..100).map(|at| (format!("c{at}"), r.clone())).collect();
    let mut row: serde_json::Map<_, _> = (0..100).map(|at| (format!("c{at}"), json!("5"))).collect();
    row.insert("c50".to_owned(), json!("x"));
    row.insert("c60".to_owned(), json!("y"));
    let row = Value::Object(row).to_string();
    let table = [
        (json!({"properties": {"a": r, "b": {"minLength": 3}}}), r#"{"a":"5","b":"x"}"#, "/b minLength", vec!["/b"]),
        (json!({"properties": {"b": r, "a": {"minLength": 3}}}), r#"{"a":"x","b":"5"}"#, "/a minLength", vec!["/a"]),
        (json!({"patternProperties": {"^n": i, "^s": two}}), r#"{"n1":"5","s1":"x"}"#, "/s1 minLength", vec!["/s1"]),
        (json!({"properties": {"s": two}, "additionalProperties": i}), r#"{"n":"5","s":"x"}"#, "/s minLength", vec!["/s"]),
        (json!({"patternProperties": {"^n": i}, "additionalProperties": two}), r#"{"n":"5","s":"x"}"#, "/s minLength", vec!["/s"]),
        (
            json!({"allOf": [{"properties": {"a": i}}, {"properties": {"z": r}}], "unevaluatedProperties": false}),
            r#"{"a":"5","z":"7","q":"x"}"#,
            "/q unevaluatedProperties",
            vec!["/q"],
        ),
        (
            json!({"allOf": [{"properties": {"a": i}}, {"properties": {"z": r}}], "unevaluatedProperties": false}),
            r#"{"a":"five","z":"7"}"#,
            "/a type",
            vec!["/a"],
        ),
        (json!({"properties": {"a": r}, "propertyNames": {"maxLength": 1}}), r#"{"a":"5","bb":"x"}"#, "propertyNames", vec![""]),
        (json!({"properties": {"a": r, "b": r, "c": r}}), r#"{"a":"5","b":"x","c":"6"}"#, "/b type", vec!["/b"]),
        (json!({"properties": {"a": {"$ref": "#/$defs/i", "minimum": 9}, "b": r}}), r#"{"a":"5","b":"6"}"#, "/a minimum", vec!["/a"]),
        (json!({"properties": many}), &*row, "/c50 type", vec!["/c50", "/c60"]),
        (
            json!({"if": {"properties": {"k": {"const": 1}}}, "then": {"properties": {"n": i}}, "else": false, "required": ["x"]}),
            r#"{"k":"1","n":"2"}"#,
            "/x required",
            vec!["/x"],
        ),
    ];
    for (schema, item, code, pointers) in table {
        let schema = defs(schema);
        let program = Program::compile(&schema.to_string(), true).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
        let Verdict::Misfit(misfit) = program.check(item, &mut || {}) else { panic!("{schema} fits {item}") };
        let told: Vec<_> = misfit.violations.iter().map(|violation| &*violation.pointer).collect();
        assert_eq!((&*misfit.code, told), (code, pointers), "{schema}: {:?}", misfit.violations);
    }
}

/// A pattern of ECMA-262 that is too large is reported as too large, not as invalid.
#[test]
fn a_pattern_that_is_too_large_is_reported_as_such() {
    for (schema, count) in [
        (json!({"pattern": r"(\p{L}{200}){201}"}), "{201} (at character 13)"),
        (json!({"patternProperties": {"^a{1000000}$": {}}}), "{1000000} (at character 3)"),
    ] {
        let refusals = Program::compile(&schema.to_string(), false).err().unwrap_or_default();
        let limit = "compiled, one may take 16 MB, and all of a schema 48 MB together";
        let expected =
            format!("the regular expression is too large: {limit}. Write * or + for {count}, and check the length with maxLength");
        assert_eq!(refusals.len(), 1, "{schema}");
        assert_eq!(refusals[0].detail, expected, "{schema}");
    }
}

/// What people write for names, addresses and lines of text is accepted, alone and in 30 columns.
#[test]
fn ordinary_patterns_that_count_classes_are_accepted() {
    for (pattern, fits, other) in [
        (r"^\p{Lu}\p{L}{0,30}$", "Étienne", "étienne"),
        (r"^\p{Lu}[\p{L}\p{M}' .-]{0,99}$", "O'Brien", "1"),
        (r"^\s*\p{L}{1,25}\s*$", " é ", "é!"),
        (r"^(?!x)\p{L}{1,50}$", "é", "xé"),
        (r"^\p{L}{1,50}@\p{L}{1,50}$", "é@é", "é@"),
        (r"^(?:\p{L}{1,50} ){1,5}\p{L}{1,50}$", "Ana María", "Ana"),
        (r"^\S{1,100}( \S{1,100}){0,20}$", "a b", "a  b"),
        (r"^(?:.{1,72}\n){0,50}$", "a\nb\n", "a"),
        (r"^a.{1,500}b.{1,500}$", "a-b-", "a-b"),
        (r"^ID-\p{N}{1,107}$", "ID-½", "ID-"),
    ] {
        let program = Program::compile(&json!({"pattern": pattern}).to_string(), true).unwrap_or_else(|refusals| panic!("{refusals:?}"));
        assert_eq!(program.check(&json!(fits).to_string(), &mut || {}), Verdict::Fits, "{pattern}");
        assert!(matches!(program.check(&json!(other).to_string(), &mut || {}), Verdict::Misfit(_)), "{pattern}");
    }
    for pattern in [r"^.{0,255}\n.{0,255}", r"^\p{Lu}\p{L}{0,30}"] {
        let columns: Map<_, _> = (0..30).map(|i| (format!("c{i}"), json!({"pattern": format!("{pattern}{i}$")}))).collect();
        let refused = Program::compile(&json!({"properties": columns}).to_string(), true).err();
        assert_eq!(refused, None, "{pattern}");
    }
}

/// A number in a schema may be as long as the params.
#[test]
fn a_long_number_of_the_schema_is_cut() {
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        let sign = if keyword.ends_with("aximum") { "-" } else { "" };
        let schema = format!(r#"{{"{keyword}": {sign}7{}.5}}"#, "1".repeat(250));
        let program = Program::compile(&schema, false).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
        let Verdict::Misfit(misfit) = program.check("1", &mut || {}) else { panic!("{schema}") };
        let reason = &misfit.violations[0].reason;
        assert!(reason.chars().count() < 100, "{reason}");
    }
}

proptest! {
    /// Whatever the item is, the output is JSON that the schema allows, and converting it again changes nothing more.
    #[test]
    fn a_typed_item_fits_and_stays_the_same(text in ".*", number in any::<f64>(), whole in any::<i64>(), empty in prop::bool::ANY) {
        let schema = json!({"additionalProperties": {"anyOf": [{"type": ["number", "boolean"]}, {"enum": [null]}, {"maxLength": 3}]}});
        let more = if empty { "" } else { "TRUE" };
        let item = json!({"a": text, "b": number.to_string(), "c": whole.to_string(), "": more}).to_string();
        if let Ok(once) = typed(&schema, &item) {
            prop_assert!(serde_json::from_str::<Value>(&once).is_ok());
            prop_assert_eq!(typed(&schema, &once), Ok(once));
        }
    }
}

/// The violation is correct: it says which name is wrong, and whether there are too few or too many.
#[test]
fn a_violation_says_what_is_wrong() {
    let contains = json!({"contains": {"type": "integer"}, "minContains": 2, "maxContains": 2});
    for (schema, item, expected) in [
        (json!({"contains": {"type": "integer"}}), "[]", "no item is as required"),
        (contains.clone(), "[1]", "too few items are as required"),
        (contains, "[1,2,3]", "too many items are as required"),
        (json!({"enum": []}), "1", "no value is allowed, as enum is empty: 1"),
        (json!({"minLength": 1e20}), r#""a""#, "shorter than minLength, which no text can be as long as: \"a\""),
        (json!({"minItems": 1e20}), "[1]", "fewer items than minItems, which no array can have"),
        (json!({"minProperties": 1e20}), "{}", "fewer members than minProperties, which no object can have"),
        (json!({"propertyNames": {"maxLength": 2}}), r#"{"ab":1,"abc":1}"#, "the member's name \"abc\": longer than 2 characters"),
    ] {
        let program = Program::compile(&schema.to_string(), false).unwrap();
        let Verdict::Misfit(misfit) = program.check(item, &mut || {}) else { panic!("{schema} takes {item}") };
        assert_eq!(misfit.violations[0].reason, expected, "{schema} {item}");
    }
}

/// Each member and element that is not allowed is named with its value and the keyword, whether the schema names others or not.
#[test]
fn what_is_not_allowed_is_named_by_its_keyword() {
    let told = |schema: &Value, item: &str| {
        let program = Program::compile(&schema.to_string(), false).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
        let Verdict::Misfit(misfit) = program.check(item, &mut || {}) else { panic!("{schema} takes {item}") };
        let violations: Vec<String> = misfit.violations.iter().map(ToString::to_string).collect();
        (misfit.code, violations.join("; "))
    };
    let closed = json!({"additionalProperties": false});
    let items = json!({"unevaluatedItems": false});
    for (schema, item, code, message) in [
        (closed.clone(), r#"{"x":1,"y":2}"#, "/x additionalProperties", "/x: not a known member: 1; /y: not a known member: 2"),
        (json!({"properties": {"o": closed}}), r#"{"o":{"x":[1]}}"#, "/o/x additionalProperties", "/o/x: not a known member: [1]"),
        (json!({"allOf": [closed]}), r#"{"x":1}"#, "/x additionalProperties", "/x: not a known member: 1"),
        (json!({"items": closed}), r#"[{"x":1}]"#, "/*/x additionalProperties", "/0/x: not a known member: 1"),
        (json!({"$ref": "#/$defs/a", "$defs": {"a": closed}}), r#"{"x":1}"#, "/x additionalProperties", "/x: not a known member: 1"),
        (json!({"propertyNames": false}), r#"{"a":1,"b":2}"#, "/a propertyNames", "/a: not allowed: 1; /b: not allowed: 2"),
        (items.clone(), "[1,2]", "/* unevaluatedItems", "/0: not allowed: 1; /1: not allowed: 2"),
        (json!({"prefixItems": [true], "allOf": [items]}), "[5]", "/* unevaluatedItems", "/0: not allowed: 5"),
        (
            json!({"prefixItems": [true], "unevaluatedItems": false}),
            "[1,1,1.50]",
            "/* unevaluatedItems",
            "/1: not allowed: 1; /2: not allowed: 1.50",
        ),
        (
            json!({"contains": {"const": 1}, "unevaluatedItems": false}),
            "[2,1,2]",
            "/* unevaluatedItems",
            "/0: not allowed: 2; /2: not allowed: 2",
        ),
        // A member may be called like a keyword.
        (
            json!({"properties": {"additionalProperties": false, "propertyNames": false}}),
            r#"{"additionalProperties":{"a":1},"propertyNames":{"b":1}}"#,
            "/additionalProperties falseSchema",
            r#"/additionalProperties: not allowed: {"a":1}; /propertyNames: not allowed: {"b":1}"#,
        ),
    ] {
        assert_eq!(told(&schema, item), (code.to_owned(), message.to_owned()), "{schema} on {item}");
    }
}
