//! `json-schema` as a job uses it: prepared from params, item by item.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;

use headway_core::{Item, ItemError, ItemProcessor, JobId, Output, UserId};
use headway_worker::processors::JsonSchema;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

fn prepared(params: &Value) -> Result<Arc<dyn ItemProcessor>, ItemError> {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_worker"));
    let params = RawValue::from_string(params.to_string()).unwrap();
    JsonSchema::new().prepare(&params).map(Option::unwrap)
}

fn parts(error: ItemError) -> (String, String) {
    match error {
        ItemError::Permanent { code, message } => (code, message),
        retryable => panic!("{retryable:?}"),
    }
}

async fn run(processor: &Arc<dyn ItemProcessor>, item: &str) -> Result<String, ItemError> {
    let item = Item {
        job_id: JobId::parse("7c9e6679-7425-40de-944b-e07fc1f90ae7").unwrap(),
        user_id: UserId::new("u-17").unwrap(),
        index: 0,
        id: None,
        attempt: 1,
        round: 1,
        value: RawValue::from_string(item.to_owned()).unwrap(),
        params: RawValue::from_string("{}".to_owned()).unwrap().into(),
    };
    match processor.process(item).await? {
        Output::Json(json) => Ok(json.get().to_owned()),
        Output::None | Output::Omitted => panic!("the typed item is the output"),
    }
}

/// The README's main example: exactly the rows without a year fail, and all others are output with types.
#[tokio::test]
async fn planes_come_out_as_the_readme_says() {
    let params: Value = serde_json::from_str(include_str!("../../../examples/planes.schema.json")).unwrap();
    let processor = prepared(&params).unwrap();
    let mut rows = csv::Reader::from_reader(&include_bytes!("../../../examples/planes.csv")[..]);
    let names = rows.headers().unwrap().clone();
    let (mut processed, mut failed) = (0, 0);
    for row in rows.records() {
        let row = row.unwrap();
        let item: Map<_, _> = names.iter().map(str::to_owned).zip(row.iter().map(Value::from)).collect();
        match run(&processor, &json!(item).to_string()).await {
            Ok(typed) => {
                let typed: Value = serde_json::from_str(&typed).unwrap();
                assert_eq!(typed["year"].as_u64().unwrap().to_string(), row[1]);
                assert!(typed["model"].is_string());
                processed += 1;
            }
            Err(error) => {
                assert_eq!(&row[1], "NA");
                assert_eq!(parts(error), ("/year type".to_owned(), "/year: not an integer: \"NA\"".to_owned()));
                failed += 1;
            }
        }
    }
    assert_eq!((processed, failed), (3_252, 70));
}

/// Failures are grouped by code, and people read the messages: both are part of the API.
#[tokio::test]
async fn violations_have_pointers_codes_and_words() {
    let row = json!({"items": {"properties": {"n": {"type": ["number", "null"]}}}});
    let long = format!(r#"{{"a":"{}"}}"#, "é".repeat(200));
    let cut = format!("/a: longer than 1 character: \"{}…", "é".repeat(59));
    let table = [
        (
            json!({"properties": {"iata": {"maxLength": 3}}}),
            r#"{"iata":"ZRHX"}"#,
            "/iata maxLength",
            r#"/iata: longer than 3 characters: "ZRHX""#,
        ),
        (json!({"properties": {"a": {"minLength": 1}}}), r#"{"a":""}"#, "/a minLength", r#"/a: empty: """#),
        (json!({"properties": {"a": {"maxLength": 1}}}), &long, "/a maxLength", &cut),
        (json!({"required": ["a/b"]}), "{}", "/a~1b required", "/a~1b: missing"),
        (json!({"required": ["a", "b"]}), "{}", "/a required", "/a: missing; /b: missing"),
        (
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            r#"{"x":1}"#,
            "/x additionalProperties",
            "/x: not a known member: 1",
        ),
        (json!({"type": "object"}), "[]", "type", "not an object"),
        (row, r#"[{"n":1},{"n":"x"}]"#, "/*/n type", r#"/1/n: not null or a number: "x""#),
        (
            json!({"properties": {"zip": {"type": "integer"}}}),
            r#"{"zip":"007"}"#,
            "/zip type",
            r#"/zip: not an integer (JSON numbers have no leading zeros): "007""#,
        ),
        (json!({"properties": {"n": {"type": "integer", "minimum": 5}}}), r#"{"n":4}"#, "/n minimum", "/n: less than 5: 4"),
        (json!({"properties": {"n": {"exclusiveMaximum": 4}}}), r#"{"n":4}"#, "/n exclusiveMaximum", "/n: not less than 4: 4"),
        (json!({"maximum": 9_007_199_254_740_992_i64}), "9007199254740993", "maximum", "greater than 9007199254740992: 9007199254740993"),
        (json!({"properties": {"c": {"enum": ["EUR", "CHF"]}}}), r#"{"c":"USD"}"#, "/c enum", r#"/c: not one of "EUR", "CHF": "USD""#),
        (json!({"properties": {"c": {"const": 1}}}), r#"{"c":2}"#, "/c const", "/c: not 1: 2"),
        (json!({"properties": {"c": {"pattern": "^[A-Z]+$"}}}), r#"{"c":"usd"}"#, "/c pattern", r#"/c: does not match ^[A-Z]+$: "usd""#),
        (json!({"properties": {"c": {"pattern": "\\bé(?=x)"}}}), r#"{"c":"é"}"#, "/c pattern", r#"/c: does not match \bé(?=x): "é""#),
        (json!({"properties": {"m": {"format": "email"}}}), r#"{"m":"me"}"#, "/m format", r#"/m: not in the format email: "me""#),
        (json!({"properties": {"t": {"minItems": 1}}}), r#"{"t":[]}"#, "/t minItems", "/t: fewer than 1 item: []"),
        (json!({"properties": {"t": {"uniqueItems": true}}}), r#"{"t":[1,1]}"#, "/t uniqueItems", "/t: two items are equal: [1,1]"),
        (json!({"contains": {"type": "null"}}), "[1]", "contains", "no item is as required"),
        (json!({"multipleOf": 5}), "7", "multipleOf", "not a multiple of 5: 7"),
        (json!({"anyOf": [{"type": "null"}, {"type": "boolean"}]}), "7", "anyOf", "fits none of the 2 alternatives: 7"),
        (json!({"not": {}}), "7", "not", "fits what is not allowed: 7"),
        (json!({"propertyNames": {"maxLength": 1}}), r#"{"ab":1}"#, "propertyNames", "the member's name \"ab\": longer than 1 character"),
        (json!({"properties": {"a": false}}), r#"{"a":1}"#, "/a falseSchema", "/a: not allowed: 1"),
    ];
    for (schema, item, code, message) in table {
        let processor = prepared(&json!({"schema": schema})).unwrap();
        let found = parts(run(&processor, item).await.unwrap_err());
        assert_eq!(found, (code.to_owned(), message.to_owned()), "{schema} on {item}");
    }
}

/// A code is cut to 64 characters when it is kept. The keyword must survive that.
#[tokio::test]
async fn a_long_pointer_keeps_its_end_and_keyword() {
    let processor = prepared(&json!({"schema": {"additionalProperties": {"maxLength": 1}}})).unwrap();
    let item = json!({format!("{}end", "é".repeat(100)): "hush"}).to_string();
    let (code, _) = parts(run(&processor, &item).await.unwrap_err());
    assert!(code.starts_with('…') && code.ends_with("end maxLength"), "{code}");
    assert_eq!(code.chars().count(), 64);
}

/// A message that a person can read completely: it says if something was cut off.
#[tokio::test]
async fn twenty_violations_are_reported() {
    let processor = prepared(&json!({"schema": {"items": {"type": "null"}}})).unwrap();
    let (code, message) = parts(run(&processor, &json!(vec![1; 100]).to_string()).await.unwrap_err());
    assert_eq!(code, "/* type");
    assert_eq!(message.matches("not null").count(), 20);
    assert!(message.ends_with("/19: not null: 1; and more"), "{message}");
    // Bug found: it ended amid a violation, and nothing said that there were more.
    let item: serde_json::Map<_, _> = (10..28).map(|n| (format!("{}{n}", "é".repeat(100)), json!(1))).collect();
    let processor = prepared(&json!({"schema": {"additionalProperties": {"type": "null"}}})).unwrap();
    let (_, message) = parts(run(&processor, &json!(item).to_string()).await.unwrap_err());
    let said: Vec<_> = message.split("; ").collect();
    assert!(said.len() == 9 && said[..8].iter().all(|violation| violation.ends_with(": not null: 1")), "{said:?}");
    assert_eq!((said[8], message.chars().count() <= 1_000), ("and more", true));
}

/// JSON is checked as it is. Text is converted only if the params say that all values are text.
#[tokio::test]
async fn text_is_converted_only_where_the_params_say_so() {
    let schema = json!({"properties": {"n": {"type": "integer"}, "t": {"type": "string"}}});
    let item = r#"{ "n": "5", "t": "5" }"#;
    for params in [json!({"schema": schema}), json!({"schema": schema, "text": false})] {
        let found = parts(run(&prepared(&params).unwrap(), item).await.unwrap_err());
        assert_eq!(found, ("/n type".to_owned(), r#"/n: not an integer: "5""#.to_owned()));
    }
    let typed = run(&prepared(&json!({"schema": schema, "text": true})).unwrap(), item).await.unwrap();
    assert_eq!(typed, r#"{ "n": 5, "t": "5" }"#);
}

/// A schema that cannot be used fails the job. The message must say which place of it to correct.
#[test]
fn an_unusable_schema_is_named_by_pointer() {
    let table = [
        (json!({"properties": {"a": {"type": "intger"}}}), r#"/schema/properties/a/type: "intger" is not a type"#),
        (json!({"properties": {"a": {"minLength": -1}}}), "/schema/properties/a/minLength: less than 0"),
        (json!({"properties": {"a": {"pattern": "("}}}), "/schema/properties/a/pattern: not a regular expression"),
        (json!({"pattern": "(\\p{L}{200}){200}"}), "/schema/pattern: the regular expression is too large"),
        (json!({"properties": {"a": {"$ref": "http://127.0.0.1:9/s"}}}), "/schema/properties/a/$ref: http://127.0.0.1:9/s is another"),
        (json!({"properties": {"a": {"$ref": "other.json"}}}), "is another document, and none is fetched"),
        (json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}), "file:///etc/passwd is another document"),
        (json!({"properties": {"a": {"$ref": "#/$defs/no"}}}), "/schema/properties/a/$ref: there is no /$defs/no"),
        (json!({"$schema": "http://127.0.0.1:9/meta"}), "http://127.0.0.1:9/meta"),
        (json!({"properties": {"a": {"format": "phone"}}}), r#"/schema/properties/a/format: "phone" is not a format that is checked"#),
        (json!({"items": {"requried": []}}), r#"/schema/items/requried: "requried" is not a keyword of draft 2020-12: required is"#),
        (json!("object"), "/schema: not"),
    ];
    for (schema, expected) in table {
        let (code, message) = parts(prepared(&json!({"schema": schema})).err().unwrap());
        assert_eq!(code, "schema", "{message}");
        assert!(message.starts_with("params: /schema") && message.contains(expected), "{message}");
    }
    let (code, message) = parts(prepared(&json!({"shcema": {}})).err().unwrap());
    assert_eq!(code, "params");
    assert!(message.contains("unknown field `shcema`"), "{message}");
}

/// The deepest item with a schema that is deep at each of its levels: a child's stack must be large enough.
#[tokio::test]
async fn the_deepest_item_fits_the_stack() {
    let links = 31;
    let link = |i| (format!("{i}"), json!({"allOf": [{"$ref": format!("#/$defs/{}", i + 1)}]}));
    let mut defs: Map<_, _> = (0..links).map(link).collect();
    defs.insert(links.to_string(), json!({"items": {"$ref": "#/$defs/0"}}));
    let params = json!({"schema": {"$defs": defs, "$ref": "#/$defs/0"}});
    let item = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(run(&prepared(&params).unwrap(), &item).await.unwrap(), item);
}

/// Items that no API lets through are refused.
#[tokio::test]
async fn an_unreadable_item_is_malformed() {
    let processor = prepared(&json!({"schema": {"items": {"$ref": "#"}}})).unwrap();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for item in [deep.as_str(), "1e999", r#""\ud800""#] {
        assert_eq!(parts(run(&processor, item).await.unwrap_err()).0, "malformed");
    }
}

/// Exceeding a limit fails only the item or schema itself, and the code says which limit it was. The kinds of excess
/// are tested where the limits are implemented.
#[tokio::test]
async fn an_excessive_item_fails_with_its_limit() {
    let branch = json!({"items": {"$ref": "#"}});
    let processor = prepared(&json!({"schema": {"type": "array", "anyOf": [branch, branch]}})).unwrap();
    let item = format!("{}1{}", "[".repeat(30), "]".repeat(30));
    let (code, message) = parts(run(&processor, &item).await.unwrap_err());
    assert_eq!(code, "schema memory");
    assert_eq!(message, "the item does not fit, and saying why takes more than 96 MB of memory");
    assert_eq!(run(&processor, "[[]]").await.unwrap(), "[[]]", "the next item has a fresh child");

    let link = |i| (format!("{i}"), json!({"allOf": [{"$ref": format!("a:b#/$defs/{}", i + 1)}], "unevaluatedProperties": false}));
    let mut defs: Map<_, _> = (0..600).map(link).collect();
    defs.insert("600".to_owned(), json!({}));
    let (code, message) = parts(prepared(&json!({"schema": {"$id": "a:b", "$defs": defs, "$ref": "a:b#/$defs/0"}})).err().unwrap());
    assert!(["schema memory", "schema stack", "schema time"].contains(&code.as_str()), "{code}");
    assert!(message.starts_with("params: /schema: compiling the schema takes more than "), "{message}");
}
