//! What of a schema is refused before it is compiled, and what is not.

use serde_json::json;

use super::*;

fn refused(schema: Value) -> Vec<String> {
    read(schema, &SchemaDigits::default()).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// A typing error must not silently turn off a check.
#[test]
fn unchecked_parts_are_refused_with_their_place() {
    let d7 = "http://json-schema.org/draft-07/schema#";
    let table = [
        (json!({"requried": ["a"]}), r#"/requried: "requried" is not a keyword of draft 2020-12: required is"#),
        (
            json!({"properties": {"a": {"min_length": 1}}}),
            "/properties/a/min_length: \"min_length\" is not a keyword of draft 2020-12: minLength is",
        ),
        (json!({"items": {"nullable": true}}), "/items/nullable: \"nullable\" is not a keyword of draft 2020-12 and would not be checked"),
        (json!({"allOf": [{}, {"id": "x"}]}), "/allOf/1/id: id is a keyword of draft 4, not of draft 2020-12"),
        (json!({"$schema": d7, "prefixItems": []}), "/prefixItems: prefixItems is a keyword of draft 2020-12, not of draft 7"),
        (json!({"additionalItems": false}), "/additionalItems: additionalItems is a keyword of draft 4 to draft 2019-09"),
        (json!({"contentEncoding": "base64"}), "/contentEncoding: contentEncoding is not checked in draft 2020-12"),
        (json!({"$vocabulary": {}}), "/$vocabulary: custom vocabularies are not supported"),
        (json!({"$schema": "http://example.com/mine"}), "/$schema: \"http://example.com/mine\" is not known here"),
        (
            json!({"$schema": "https://json-schema.org/draft-07/schema#"}),
            "/$schema: \"https://json-schema.org/draft-07/schema#\" is not spelled as draft 7 has it: write \"http://json-schema.org/draft-07/schema#\"",
        ),
        (
            json!({"$schema": "http://json-schema.org/draft/2020-12/schema"}),
            "/$schema: \"http://json-schema.org/draft/2020-12/schema\" is not spelled as draft 2020-12 has it: write \"https://json-schema.org/draft/2020-12/schema\"",
        ),
        (
            json!({"$schema": "http://www.json-schema.org/draft-7/schema/"}),
            "/$schema: \"http://www.json-schema.org/draft-7/schema/\" is not spelled as draft 7",
        ),
        (json!({"$schema": "json-schema.org/draft-04/schema"}), "/$schema: \"json-schema.org/draft-04/schema\" is not spelled as draft 4"),
        (
            json!({"$schema": "http://json-schema.org/draft-06/schema#", "format": "idn-email"}),
            "/format: \"idn-email\" is not a format that is checked in draft 6",
        ),
        // Bug found: the validator goes by the outer draft there.
        (
            json!({"items": {"$schema": d7, "contentEncoding": "base64"}}),
            "/items/$schema: draft 7 applies only in a schema with an id of its own, and here it is draft 2020-12: leave $schema out",
        ),
        (json!({"$schema": "http://json-schema.org/schema#"}), "/$schema: \"http://json-schema.org/schema#\" is not known here"),
        (json!({"$schema": d7, "$ref": "#/definitions/a", "maxLength": 1}), "/maxLength: maxLength has no effect beside $ref in draft 7"),
        (json!({"$ref": "#/enum/0"}), "/$ref: #/enum/0 leads to a place where no schema can be"),
        (json!({"$ref": "#/x-mine/a"}), "/$ref: #/x-mine/a leads to"),
        // Bug found: what is no index or escape of a JSON pointer was resolved.
        (json!({"allOf": [{}, {}], "not": {"$ref": "#/allOf/01"}}), "/not/$ref: #/allOf/01 leads to"),
        (json!({"allOf": [{}], "not": {"$ref": "#/allOf/+0"}}), "/not/$ref: #/allOf/+0 leads to"),
        (json!({"allOf": [{}], "not": {"$ref": "#/allOf/"}}), "/not/$ref: #/allOf/ leads to"),
        (json!({"$ref": "#/$defs/~2", "$defs": {"~2": {}}}), "/$ref: #/$defs/~2 is not a JSON pointer: after ~ comes 0 or 1"),
        (json!({"$ref": "#/$defs/a~", "$defs": {"a~": {}}}), "/$ref: #/$defs/a~ is not a JSON pointer"),
        (json!({"$ref": "#/$defs/%7E2", "$defs": {"~2": {}}}), "/$ref: #/$defs/%7E2 is not a JSON pointer"),
        (json!({"$ref": "other#/enum/0"}), "/$ref: other#/enum/0 is another document, and none is fetched"),
        (json!({"$id": "http://x/s", "enum": [{}], "not": {"$ref": "http://x/s#/enum/0"}}), "/not/$ref: http://x/s#/enum/0 leads to"),
        (json!({"$dynamicRef": "#/%64efault"}), "/$dynamicRef: #/%64efault leads to"),
        // Bug found: the validator passes over an empty reference, and reports what is not encoded without its place.
        (json!({"items": {"$ref": ""}}), "/items/$ref: is empty: write # for the whole schema"),
        (json!({"$ref": "#/$defs/a%2", "$defs": {"a%2": {}}}), "/$ref: #/$defs/a%2 has a % without two hexadecimal digits after it"),
        (json!({"not": {"$ref": "a%zz"}}), "/not/$ref: a%zz has a % without two"),
        (json!({"not": {"$ref": "#/$defs/%ff"}}), "/not/$ref: what follows # is not UTF-8"),
        // Bug found: what is no URI was refused without its place, in the words of a library.
        (json!({"items": {"$ref": "#/$defs/a b"}}), "/items/$ref: #/$defs/a b is not a URI reference (RFC 3986): write #/$defs/a%20b"),
        (
            json!({"not": {"$ref": "#/definitions/List«é»"}}),
            "/not/$ref: #/definitions/List«é» is not a URI reference (RFC 3986): write #/definitions/List%C2%AB%C3%A9%C2%BB",
        ),
        (json!({"$defs": {"a": {"$id": "http://a b/"}}}), "/$defs/a/$id: http://a b/ is not a URI reference"),
        (json!({"$dynamicRef": "#a<b>"}), "/$dynamicRef: #a<b> is not a URI reference (RFC 3986): write #a%3Cb%3E"),
        (json!({"$ref": "http://[bad"}), "/$ref: http://[bad is not a URI reference (RFC 3986)"),
        (json!({"pattern": "(?i)a"}), "/pattern: not a regular expression of ECMA-262"),
        // Far from every keyword: no guess helps.
        (json!({"foo": 1}), "/foo: \"foo\" is not a keyword of draft 2020-12 and would not be checked"),
        (json!({"X-note": 1}), "/X-note: \"X-note\" is not a keyword of draft 2020-12 and would not be checked. Notes of your own begin"),
        (json!({"": 1}), "/: \"\" is not a keyword of draft 2020-12 and would not be checked"),
        (json!({"typ": 1}), "/typ: \"typ\" is not a keyword of draft 2020-12: type is"),
        // Two schemas with one name.
        (json!({"$defs": {"a": {"$anchor": "n"}, "b": {"$anchor": "n"}}}), "/$defs/b/$anchor: another schema in it is called n too"),
        (
            json!({"$defs": {"a": {"$anchor": "n"}, "b": {"$dynamicAnchor": "n"}}}),
            "/$defs/b/$dynamicAnchor: another schema in it is called n too",
        ),
        (json!({"$id": "urn:x", "items": {"$id": "urn:x"}}), "/items/$id: another schema in it is called urn:x too"),
        (
            json!({"$schema": d7, "definitions": {"a": {"$id": "#n"}, "b": {"$id": "#n"}}}),
            "/definitions/b/$id: another schema in it is called #n too",
        ),
        (json!({"patternProperties": {"[": {}}}), "/patternProperties/[: not a regular expression of ECMA-262"),
    ];
    for (schema, expected) in table {
        let all = refused(schema.clone());
        assert!(all.len() == 1 && all[0].starts_with(expected), "{schema}: {all:?}");
    }
    let many: Map<_, _> = (0..50).map(|i| (format!("k{i}"), json!(1))).collect();
    assert_eq!(refused(many.into()).len(), REFUSALS_MAX);
}

#[test]
fn notes_and_known_keywords_are_accepted() {
    let d7 = "http://json-schema.org/draft-07/schema#";
    let table = [
        json!({"properties": {"requried": {}, "nullable": true}, "x-mine": {"requried": []}, "default": {"requried": 1}}),
        json!({"$schema": d7, "$id": "http://example.com/x", "$ref": "#/definitions/a", "title": "t", "definitions": {"a": {"contentEncoding": "base64"}}}),
        json!({"enum": [{"pattern": "["}], "const": {"requried": 1}, "examples": [{"$ref": 1}]}),
        json!({"items": {"$ref": "#/$defs/a/items/allOf/0"}, "$defs": {"a": {"items": {"allOf": [{}]}}}, "dependencies": {"a": ["b"], "c": {}}}),
        json!({"$defs": {"a": {"$schema": "http://json-schema.org/draft-04/schema#", "id": "urn:x"}}}),
        json!({"$schema": d7, "$defs": {"a": {"$schema": d7, "contentEncoding": "base64"}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#"}}}}),
        json!({"$ref": "#/$defs/01~0~1", "$defs": {"01~/": {"allOf": [{}]}}, "not": {"$ref": "#/$defs/01~0~1/allOf/0"}}),
        json!({"$id": "urn:x", "$anchor": "n", "$defs": {"a": {"$id": "urn:y", "$anchor": "n"}, "b": {"$id": "urn:z", "$defs": {"c": {"$anchor": "n"}}}}}),
        json!({"enum": [{"$id": "urn:x"}, {"$id": "urn:x"}], "properties": {"$id": {}, "then": {}}}),
        json!(true),
    ];
    for schema in table {
        assert_eq!(refused(schema.clone()), Vec::<String>::new(), "{schema}");
    }
}
