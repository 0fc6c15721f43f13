use serde_json::json;

use super::*;
use crate::program::{Program, Verdict};

#[test]
fn what_a_double_cannot_stand_for_is_found() {
    for held in [
        "5",
        "-0.0",
        "0.1",
        "18446744073709551615",
        "-9223372036854775808",
        "1e22",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "9007199254740993",
    ] {
        assert!(ExactNumbers::of(&format!("[{held}]"), false).unwrap().is_empty(), "{held}");
    }
    for not_held in [
        "18446744073709551616",
        "-9223372036854775809",
        "100000000000000000000",
        "100000000000000000000.5",
        "9007199254740993.0",
        "0.1000000000000000000001",
        "1e-400",
        "1.23456789e-320",
        "1234567890123456789e-5",
    ] {
        let numbers = ExactNumbers::of(&format!(r#"{{"a/b":[true,{not_held}]}}"#), false).unwrap();
        assert_eq!(numbers.literals().collect::<Vec<_>>(), [("/a~1b/1", not_held)]);
        let text = format!(r#"{{"a":"{not_held}"}}"#);
        let of = |texts| ExactNumbers::of(&text, texts).unwrap();
        assert!(of(false).is_empty() && of(true).literals().any(|(at, _)| at == "/a"));
    }
    assert_eq!(ExactNumbers::of("[1e-1000000001]", false).unwrap_err(), "/0");
}

#[test]
fn a_place_in_a_schema_is_found_as_it_is_written() {
    let schema = r#"{"a":{"enum":[1, {"b":0.10000000000000000001}, 12345678901234567890123]},"minimum":1}"#;
    let digits = SchemaDigits::of(schema).unwrap();
    assert_eq!(digits.within("/a/enum"), Some(r#"[1, {"b":0.10000000000000000001}, 12345678901234567890123]"#));
    assert_eq!((digits.within("/minimum"), digits.within("/a/en")), (None, None));
}

/// The verdict, or the first violation.
fn verdict(schema: &str, item: &str, text: bool) -> String {
    match Program::compile(schema, text) {
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
        Ok(program) => match program.check(item, &mut || {}) {
            Verdict::Fits => "fits".to_owned(),
            Verdict::Typed(typed) => typed,
            Verdict::Misfit(misfit) => format!("{} | {}", misfit.code, misfit.violations[0].reason),
        },
    }
}

/// Bug found: each of these was judged after the numbers had been rounded.
#[test]
fn numbers_are_judged_by_all_their_digits() {
    let tiny = "0.1000000000000000000001";
    let d4 = r##""$schema": "http://json-schema.org/draft-04/schema#""##;
    for (schema, item, expected) in [
        (r#"{"type": "integer"}"#.to_owned(), "100000000000000000000.5", "type | not an integer: 100000000000000000000.5"),
        (r#"{"type": ["integer", "null"]}"#.to_owned(), "1e-400", "type | not an integer or null: 1e-400"),
        // The types in one order, however an item is judged.
        (r#"{"type": ["object", "null", "array"]}"#.to_owned(), "1e-400", "type | not an array or null or an object: 1e-400"),
        (r#"{"type": ["object", "null", "array"]}"#.to_owned(), "1.5", "type | not an array or null or an object: 1.5"),
        (r#"{"type": "integer"}"#.to_owned(), "123456789012345678901234567890.000", "fits"),
        (format!(r#"{{{d4}, "type": "integer"}}"#), "123456789012345678901234567890", "fits"),
        (
            format!(r#"{{{d4}, "type": "integer"}}"#),
            "123456789012345678901234567890.0",
            "type | not an integer: 123456789012345678901234567890.0",
        ),
        (r#"{"maximum": 0.1}"#.to_owned(), tiny, "maximum | greater than 0.1: 0.1000000000000000000001"),
        (r#"{"exclusiveMinimum": 0.1}"#.to_owned(), tiny, "fits"),
        (format!(r#"{{"minimum": {tiny}}}"#), "0.1", "minimum | less than 0.1000000000000000000001: 0.1"),
        (format!(r#"{{"exclusiveMaximum": {tiny}}}"#), "0.1", "fits"),
        (
            format!(r#"{{"exclusiveMaximum": {tiny}}}"#),
            tiny,
            "exclusiveMaximum | not less than 0.1000000000000000000001: 0.1000000000000000000001",
        ),
        (
            format!(r#"{{{d4}, "minimum": {tiny}, "exclusiveMinimum": true}}"#),
            tiny,
            "minimum | not greater than 0.1000000000000000000001: 0.1000000000000000000001",
        ),
        (format!(r#"{{{d4}, "minimum": {tiny}, "exclusiveMinimum": false}}"#), tiny, "fits"),
        (
            r#"{"const": 100000000000000000000}"#.to_owned(),
            "100000000000000000001",
            "const | not 100000000000000000000: 100000000000000000001",
        ),
        (r#"{"const": {"a": [100000000000000000000]}}"#.to_owned(), r#"{"a": [1e20]}"#, "fits"),
        (
            r#"{"enum": [1, 100000000000000000001]}"#.to_owned(),
            "100000000000000000000",
            "enum | not one of 1, 100000000000000000001: 100000000000000000000",
        ),
        (r#"{"multipleOf": 1}"#.to_owned(), "100000000000000000000.5", "multipleOf | not a multiple of 1: 100000000000000000000.5"),
        (r#"{"multipleOf": 0.01}"#.to_owned(), "100000000000000000000.55", "fits"),
        (r#"{"multipleOf": 9007199254740993}"#.to_owned(), "9007199254740993", "fits"),
        (
            r#"{"multipleOf": 9007199254740993}"#.to_owned(),
            "9007199254740992",
            "multipleOf | not a multiple of 9007199254740993: 9007199254740992",
        ),
        (r#"{"multipleOf": 2.5}"#.to_owned(), "9007199254740995", "fits"),
        // Bugs found: few digits, but no double is this number.
        (r#"{"multipleOf": 5}"#.to_owned(), "1e23", "fits"),
        (r#"{"multipleOf": 3}"#.to_owned(), "3e40", "fits"),
        (r#"{"multipleOf": 3}"#.to_owned(), "-1e300", "multipleOf | not a multiple of 3: -1e300"),
        (r#"{"multipleOf": 1e22}"#.to_owned(), "100000000000000000000000.0", "fits"),
        (r#"{"multipleOf": 1e-7}"#.to_owned(), "0.0000123", "fits"),
        (r#"{"multipleOf": 3}"#.to_owned(), "1e-1000000000", "multipleOf | not a multiple of 3: 1e-1000000000"),
        (
            r#"{"multipleOf": 12345678901234567890123}"#.to_owned(),
            "1",
            "/multipleOf: has more digits than 64 bits hold: items cannot be divided by it",
        ),
        (r#"{"uniqueItems": true}"#.to_owned(), "[100000000000000000000, 100000000000000000001]", "fits"),
        (r#"{"uniqueItems": true}"#.to_owned(), "[100000000000000000000, {}, 1e20]", "uniqueItems | two items are equal"),
        (
            r##"{"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"maximum": 18446744073709551616}}}"##.to_owned(),
            r#"{"a": 18446744073709551617}"#,
            "/a maximum | greater than 18446744073709551616: 18446744073709551617",
        ),
        // Bug found: who looked for the value that was shown, 1.5, did not find it in the file.
        (r#"{"type": "integer"}"#.to_owned(), "1.50", "type | not an integer: 1.50"),
        (r#"{"type": "string"}"#.to_owned(), " 1E2 ", "type | not a string: 1E2"),
        (r#"{"items": {"maximum": 5}}"#.to_owned(), "[1, 5e0, 0.06e2]", "/* maximum | greater than 5: 0.06e2"),
        (r#"{"properties": {"a/b": {"maximum": 5}}}"#.to_owned(), r#"{"a/b": 60.0e-1, "c": 7}"#, "/a~1b maximum | greater than 5: 60.0e-1"),
        (r#"{"properties": {"a": {"maximum": 5}}}"#.to_owned(), r#"{"a": 7.0, "a": 6.0}"#, "/a maximum | greater than 5: 6.0"),
        (
            r#"{"properties": {"a": {"maxItems": 0}}}"#.to_owned(),
            r#"{"a": [1.50, {"c \" d\\": [ 1E2 ]},	0.1000000000000000000001]}"#,
            r#"/a maxItems | more than 0 items: [1.50,{"c \" d\\":[1E2]},0.1000000000000000000001]"#,
        ),
        (r#"{"minimum": 0}"#.to_owned(), "1e-1000000001", "number | a number with an exponent below -1,000,000,000, which is not read"),
        (r#"{"minimum": 1e-1000000001}"#.to_owned(), "1", "/minimum: has an exponent below -1,000,000,000, which is not read"),
        // What the schema says in that member is the user's own.
        (
            r#"{"maximum": 5, "x-headway-digits": {"maximum": "7"}}"#.to_owned(),
            "6.00000000000000000001",
            "maximum | greater than 5: 6.00000000000000000001",
        ),
    ] {
        assert_eq!(verdict(&schema, item, false), expected, "{schema} of {item}");
    }
}

/// The same for texts, which keep their digits.
#[test]
fn texts_are_converted_and_judged_by_all_their_digits() {
    let of = |rule: serde_json::Value| json!({"properties": {"a": rule}}).to_string();
    for (rule, text, expected) in [
        (json!({"type": "integer"}), "123456789012345678901234567890", r#"{"a":123456789012345678901234567890}"#),
        (json!({"type": "integer"}), "100000000000000000000.5", r#"/a type | not an integer: "100000000000000000000.5""#),
        (json!({"type": "number", "maximum": 0.1}), "0.1000000000000000000001", "/a maximum | greater than 0.1: 0.1000000000000000000001"),
        (json!({"type": "number", "minimum": 0.1}), "0.1000000000000000000001", r#"{"a":0.1000000000000000000001}"#),
        (
            json!({"type": "number", "multipleOf": 0.5}),
            "100000000000000000000.25",
            "/a multipleOf | not a multiple of 0.5: 100000000000000000000.25",
        ),
        (json!({"type": "number"}), "-1e309", r#"/a type | not a number (it is beyond the range of a double): "-1e309""#),
        (json!({"type": "number", "maximum": 5}), "7.50", "/a maximum | greater than 5: 7.50"),
        (json!({"type": "number"}), "1e3O9", r#"/a type | not a number: "1e3O9""#),
        (json!({"type": "string"}), "100000000000000000000.25", "fits"),
        (json!({"type": "string"}), "1e-1000000001", "fits"),
        (json!({"type": "number"}), "1e-1000000001", r#"/a type | not a number: "1e-1000000001""#),
    ] {
        assert_eq!(verdict(&of(rule.clone()), &json!({"a": text}).to_string(), true), expected, "{rule} of {text}");
    }
}
