//! Texts that several parts of a schema want as different types.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::typed;
use crate::program::{Program, Verdict, with};

/// Bug found: what is beside the type (`not`, `oneOf`) was violated by the text first, so nobody noticed that a type is wanted. A
/// valid row failed, without a reason.
#[test]
fn a_type_is_wanted_whatever_is_beside_it() {
    let n = json!({"type": "integer", "not": {"minimum": 5}});
    let with_defs = |mut schema: Value| {
        schema["$defs"] = json!({"n": n});
        schema
    };
    for schema in [
        json!({"properties": {"b": n}}),
        json!({"patternProperties": {"b$": n}}),
        json!({"properties": {"a": true}, "additionalProperties": n}),
        json!({"properties": {"a": true}, "unevaluatedProperties": n}),
        with_defs(json!({"properties": {"b": {"$ref": "#/$defs/n"}}})),
        json!({"properties": {"b": {"allOf": [n]}}}),
        json!({"allOf": [{"properties": {"b": n}}]}),
        json!({"dependentSchemas": {"a": {"properties": {"b": n}}}}),
        json!({"if": {"properties": {"a": {"const": "x"}}}, "then": {"properties": {"b": n}}}),
        json!({"if": {"properties": {"a": {"const": "y"}}}, "then": {}, "else": {"properties": {"b": n}}}),
        json!({"properties": {"b": {"not": {"minimum": 5}}}, "allOf": [{"properties": {"b": {"type": "integer"}}}]}),
        json!({"anyOf": [{"properties": {"a": {"const": "y"}}}, {"properties": {"b": n}}]}),
        json!({"anyOf": [{"properties": {"a": {"const": "y"}}}, {"properties": {"b": {"type": "integer", "not": {"multipleOf": 7}}}}]}),
        json!({"allOf": [{"properties": {"b": {"type": "number", "oneOf": [{"minimum": 0}, {"minimum": 5}]}}}]}),
    ] {
        assert_eq!(
            typed(&schema, r#"{"a":"x","b":"0"}"#).or(typed(&schema, r#"{"a":"x","b":"1"}"#)).map(|row| row.len()),
            Ok(15),
            "{schema}"
        );
        let wrong = typed(&schema, r#"{"a":"x","b":"7"}"#).unwrap_err();
        assert!(["not", "Of", "unevaluatedProperties"].iter().any(|keyword| wrong.contains(keyword)), "{schema}: {wrong}");
    }
}

/// Bug found: if the alternatives ask for other types of more than five columns, rows that one of them allows were refused.
#[test]
fn an_alternative_is_found_however_the_others_differ() {
    let types = ["string", "number", "integer", "boolean", "null"];
    let kinds = 12;
    let kind = |kind: usize| {
        let column =
            |at: usize| (format!("f{at}"), json!({"type": [types[(kind + at) % 5], types[(kind + at + 1 + (kind * at) % 4) % 5]]}));
        let mut columns: serde_json::Map<_, _> = (0..9).map(column).collect();
        columns.insert("kind".to_owned(), json!({"const": format!("k{kind}")}));
        json!({"properties": columns, "required": ["kind"]})
    };
    let alternatives: Vec<_> = (0..kinds).map(kind).collect();
    let referred: Vec<_> = (0..kinds).map(|kind| json!({"$ref": format!("#/$defs/k{kind}")})).collect();
    let defs: serde_json::Map<_, _> = alternatives.iter().enumerate().map(|(at, kind)| (format!("k{at}"), kind.clone())).collect();
    for schema in [
        json!({"oneOf": alternatives}),
        json!({"anyOf": alternatives}),
        json!({"allOf": [{"oneOf": referred}], "$defs": defs}),
        json!({"properties": {"kind": {"type": "string"}}, "anyOf": [{"oneOf": referred}, false], "$defs": defs}),
    ] {
        for (at, kind) in alternatives.iter().enumerate() {
            let cell = |name: &String| {
                let types = kind["properties"][name]["type"].as_array().map(Vec::as_slice).unwrap_or_default();
                let has = |one: &str| types.iter().any(|other| other == one);
                match name.as_str() {
                    "kind" => format!("k{at}"),
                    _ if has("string") || has("integer") || has("number") => "12".to_owned(),
                    _ if has("boolean") => "true".to_owned(),
                    _ => String::new(),
                }
            };
            let row: serde_json::Map<_, _> =
                defs["k0"]["properties"].as_object().unwrap().keys().map(|name| (name.clone(), json!(cell(name)))).collect();
            let row = Value::Object(row).to_string();
            let found = typed(&schema, &row);
            let expected = typed(kind, &row);
            assert!(found.is_ok() && found == expected, "{row}: {found:?}, not {expected:?}");
        }
        assert!(typed(&schema, r#"{"kind":"k99","f0":"1"}"#).is_err());
    }
}

/// A text that only rounding makes a number of the schema is not wanted as one, and is shown as the text that it is.
#[test]
fn a_const_and_an_enum_want_numbers_by_all_digits() {
    let shown = |schema: &str, text: &str| {
        let program = Program::compile(schema, true).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
        match program.check(&json!({"a": text}).to_string(), &mut || {}) {
            Verdict::Misfit(misfit) => misfit.violations[0].reason.clone(),
            fits => format!("{fits:?}"),
        }
    };
    let of_a = |schema: &str| format!(r#"{{"properties":{{"a":{schema}}}}}"#);
    let long = "0.1000000000000000000001";
    assert_eq!(shown(&of_a(r#"{"const":0.1}"#), long), format!("not 0.1: \"{long}\""));
    assert_eq!(shown(&of_a(r#"{"enum":[0.1,7]}"#), long), format!("not one of 0.1, 7: \"{long}\""));
    assert_eq!(shown(&of_a(&format!(r#"{{"const":{long}}}"#)), "0.1"), format!("not {long}: \"0.1\""));
    for (schema, text) in
        [(r#"{"const":0.1}"#, "0.10"), (r#"{"enum":[7,1e2]}"#, "1E2"), (r#"{"const":18446744073709551617}"#, "18446744073709551617")]
    {
        assert_eq!(shown(&of_a(schema), text), format!("Typed({:?})", format!(r#"{{"a":{text}}}"#)), "{schema}");
    }
    assert_eq!(shown(&of_a(&format!(r#"{{"const":{long}}}"#)), long), format!("Typed({:?})", format!(r#"{{"a":{long}}}"#)));
}

/// Bug found: a row too large for the search failed as if all its readings had been tried.
#[test]
fn a_row_too_large_for_the_search_says_that_not_all_was_tried() {
    for (columns, is_said) in [(20, false), (300, true)] {
        let name = |at: usize| format!("c{at}");
        let number = json!({"anyOf": [{"type": "integer", "minimum": 10}, {"const": "x"}]});
        let properties: serde_json::Map<_, _> = (0..columns).map(|at| (name(at), number.clone())).collect();
        let program =
            Program::compile(&json!({"properties": properties}).to_string(), true).unwrap_or_else(|refusals| panic!("{refusals:?}"));
        for (text, is_wanted) in [("5", true), ("y", false)] {
            let row: serde_json::Map<_, _> = (0..columns).map(|at| (name(at), json!(if at == 7 { text } else { "x" }))).collect();
            let Verdict::Misfit(misfit) = program.check(&Value::Object(row).to_string(), &mut || {}) else { panic!("{text} fits") };
            let said = misfit.violations.iter().any(|violation| violation.reason.contains("in more ways than are tried"));
            assert_eq!(said, is_said && is_wanted, "{columns} columns, {text}: {misfit:?}");
        }
    }
}

/// A schema of a value, without conditions, which convert nothing, and without alternatives that would only be too many as text.
fn of_value() -> impl Strategy<Value = Value> {
    let plain = prop::sample::select(vec![
        json!({"type": "integer"}),
        json!({"type": ["number", "null"]}),
        json!({"type": "boolean"}),
        json!({"type": "string", "maxLength": 2}),
        json!({"type": ["boolean", "string"]}),
        json!({"const": 5}),
        json!({"const": "5"}),
        json!({"enum": [true, null, "a", 2.5]}),
        json!({"type": "integer", "minimum": 6}),
        json!({"type": "number", "multipleOf": 2.5}),
        json!({"$ref": "#/$defs/p"}),
        json!({"$ref": "#/$defs/q"}),
    ]);
    plain.prop_recursive(2, 6, 2, |inner| {
        let keyword = prop::sample::select(vec!["anyOf", "allOf"]);
        (keyword, prop::collection::vec(inner, 2..4)).prop_map(|(keyword, parts)| json!({keyword: parts}))
    })
}

/// A schema of rows with the columns `a` to `g`.
fn of_row() -> impl Strategy<Value = Value> {
    let columns = || prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g"]), of_value(), 1..7);
    let plain = prop_oneof![
        columns().prop_map(|columns| json!({"properties": columns})),
        of_value().prop_map(|value| json!({"patternProperties": {"[b-d]": value}})),
        of_value().prop_map(|value| json!({"properties": {"a": true}, "additionalProperties": value})),
        of_value().prop_map(|value| json!({"allOf": [{"properties": {"a": {}, "b": {}, "c": {}}}], "unevaluatedProperties": value})),
        columns().prop_map(|columns| json!({"dependentSchemas": {"a": {"properties": columns}}})),
        prop::collection::vec(columns(), 2..4).prop_map(|kinds| {
            let kind = |(at, columns)| json!({"properties": columns, "allOf": [{"properties": {"kind": {"const": format!("k{at}")}}}]});
            json!({"oneOf": kinds.into_iter().enumerate().map(kind).collect::<Vec<_>>()})
        }),
    ];
    plain.prop_recursive(2, 8, 3, |inner| {
        let keyword = prop::sample::select(vec!["anyOf", "allOf"]);
        (keyword, prop::collection::vec(inner, 2..4)).prop_map(|(keyword, parts)| json!({keyword: parts}))
    })
}

proptest! {
    // A case checks 256 readings.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.div_ceil(4), ..ProptestConfig::default() })]

    /// A row fits if any of its readings does, and then its output is one of these.
    #[test]
    fn a_row_fits_exactly_if_one_of_its_readings_does(
        mut schema in of_row(),
        cells in prop::collection::vec(prop::sample::select(vec!["", "a", "5", "5.0", "7", "2.50", "true", "FALSE", "007", "-3", "null"]), 7),
        kind in prop::sample::select(vec!["k0", "k1"]),
    ) {
        schema["$defs"] = json!({"p": {"type": "integer", "not": {"maximum": 6}}, "q": {"type": ["boolean", "null"]}});
        let row: serde_json::Map<_, _> = ["a", "b", "c", "d", "e", "f", "g"].into_iter().map(str::to_owned).zip(cells.into_iter().map(Value::from)).collect();
        let mut row = Value::Object(row);
        row["kind"] = kind.into();
        let strict = Program::compile(&schema.to_string(), false).unwrap_or_else(|refusals| panic!("{schema}: {refusals:?}"));
        let is_valid = |item: &str| matches!(strict.check(item, &mut || {}), Verdict::Fits);
        let pointers: Vec<String> = row.as_object().into_iter().flatten().map(|(name, _)| format!("/{name}")).collect();
        let readings = (0_u32..1 << pointers.len()).map(|chosen| {
            let texts: Vec<&String> = pointers.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, pointer)| pointer).collect();
            with(&row, &texts).to_string()
        });
        let one_fits = readings.collect::<std::collections::BTreeSet<_>>().iter().any(|item| is_valid(item));
        match typed(&schema, &row.to_string()) {
            Ok(output) => prop_assert!(is_valid(&output), "{schema} makes {output} of {row}"),
            Err(code) => {
                prop_assert!(!one_fits, "{schema} refuses {row}: {code}");
                prop_assert!(!code.is_empty());
            }
        }
    }
}

/// Bug found: a row of a thousand columns took more time or memory than one item may, or more tries than there are.
#[test]
fn a_row_of_many_columns_is_read_as_one_of_few() {
    let nullable = json!({"additionalProperties": {"type": ["integer", "null"]}});
    let choice =
        json!([{"type": "integer", "minimum": 5}, {"type": ["integer", "null"], "maximum": 4}, {"type": "number", "minimum": 100.1}]);
    let one_of = json!({"additionalProperties": {"oneOf": choice}});
    for (schema, columns) in [(&nullable, 5_000), (&one_of, 8), (&one_of, 700)] {
        let texts = |texts: [&str; 3]| {
            let cells: Vec<_> = (0..columns).map(|n| format!("\"c{n}\":{}", texts[n % 3])).collect();
            format!("{{{}}}", cells.join(","))
        };
        assert_eq!(typed(schema, &texts(["\"1\"", "\"\"", "\"7\""])), Ok(texts(["1", "null", "7"])), "{columns}");
    }
}
