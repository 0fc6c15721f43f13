//! Schemas and items that an attacker might submit.

use serde_json::{Map, Value, json};

/// A schema, an item, and the possible results.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) schema: Value,
    pub(crate) text: bool,
    pub(crate) item: String,
    /// Any of these: which limit is exceeded first depends on the machine.
    pub(crate) expected: &'static [&'static str],
}

const TIME: &[&str] = &["schema time"];
/// On a busy machine the time may be over before the memory is full.
const MEMORY: &[&str] = &["schema memory", "schema time"];
/// Too much for any schema to compile.
const USELESS: &[&str] = &["refused: schema memory", "refused: schema stack", "refused: schema time"];
const REFUSED: &[&str] = &["refused: schema"];
/// Cheap enough, or cut off: it ends either way.
const ENDS: &[&str] =
    &["fits", "schema time", "schema memory", "schema stack", "refused: schema memory", "refused: schema time", "refused: schema stack"];

fn case(name: &'static str, schema: Value, item: impl Into<String>, expected: &'static [&'static str]) -> Case {
    Case { name, schema, text: false, item: item.into(), expected }
}

/// `$defs` from 0 to `length`, each built from the reference to the next.
fn chain(length: usize, to: &str, link: impl Fn(String) -> Value, last: Value) -> Value {
    let mut defs: Map<_, _> = (0..length).map(|i| (i.to_string(), link(format!("{to}#/$defs/{}", i + 1)))).collect();
    defs.insert(length.to_string(), last);
    json!({"$defs": defs, "$ref": format!("{to}#/$defs/0")})
}

fn with(mut schema: Value, name: &str, value: Value) -> Value {
    schema[name] = value;
    schema
}

fn nested(levels: usize, core: &str) -> String {
    format!("{}{core}{}", "[".repeat(levels), "]".repeat(levels))
}

fn list(of: &str, times: usize) -> String {
    format!("[{}]", vec![of; times].join(","))
}

fn members(times: usize, value: &str) -> String {
    let members: Vec<_> = (0..times).map(|i| format!("\"k{i}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn text(of: &str, times: usize) -> String {
    format!("\"{}\"", of.repeat(times))
}

pub(crate) fn cases() -> Vec<Case> {
    [references(), shapes(), sizes(), patterns(), numbers(), texts()].into_iter().flatten().collect()
}

/// References in every form, so that no walk over the schema could follow all of them.
fn references() -> Vec<Case> {
    let closed = |r: String| json!({"allOf": [{"$ref": r}], "unevaluatedProperties": false});
    let doubled = |r: String| json!({"allOf": [{"$ref": r}, {"$ref": r}]});
    let ids = ["a:b", "http://example.com/a%20b/c", "HTTP://EXAMPLE.com:80/x", "urn:uuid:deadbeef-1234-0000-0000-4321feebdaed"];
    let deep = |id: &'static str| case("600 references by an id", with(chain(600, id, closed, json!({})), "$id", json!(id)), "{}", USELESS);
    let d2019 = "https://json-schema.org/draft/2019-09/schema";
    let mut cases: Vec<_> = ids.map(deep).into();
    cases.extend([
        case("1,500 references by a pointer", chain(1_500, "", closed, json!({})), "{}", USELESS),
        case("a reference that doubles 60 times", chain(60, "", doubled, json!({})), "1", ENDS),
        case("that in percent signs", with(chain(60, "", doubled, json!({})), "$ref", json!("#/%24defs/%30")), "1", ENDS),
        case("that by a relative id", with(chain(60, "b", doubled, json!({})), "$id", json!("http://example.com/a/b")), "1", ENDS),
        case(
            "that by anchors",
            json!({"$defs": (0..60).map(|i| (format!("d{i}"), json!({"$anchor": format!("a{i}"), "allOf": [{"$ref": format!("#a{}", i + 1)}, {"$ref": format!("#a{}", i + 1)}]})))
                .chain([("last".to_owned(), json!({"$anchor": "a60"}))]).collect::<Map<_, _>>(), "$ref": "#a0"}),
            "1",
            ENDS,
        ),
        case(
            "that by $dynamicRef",
            json!({"$dynamicAnchor": "node", "anyOf": [{"type": "null"}, {"items": {"$dynamicRef": "#node"}, "type": "array"}, {"items": {"$dynamicRef": "#node"}, "minItems": 1}]}),
            nested(40, "1"),
            ENDS,
        ),
        case(
            "that by $recursiveRef",
            json!({"$schema": d2019, "$recursiveAnchor": true, "type": "array", "anyOf": [{"items": {"$recursiveRef": "#"}}, {"items": {"$recursiveRef": "#"}}]}),
            nested(40, "1"),
            MEMORY,
        ),
        case("a reference to itself", json!({"$ref": "#"}), "1", &["fits", "refused: schema"]),
        case("two that refer to each other", json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}), "1", &["fits", "refused: schema"]),
        case("a reference to nowhere", json!({"$ref": "#/$defs/a"}), "1", REFUSED),
        case("a reference out of the schema", json!({"$ref": "http://127.0.0.1:9/a"}), "1", REFUSED),
        case("a reference to a file", json!({"$ref": "file:///proc/self/environ"}), "1", REFUSED),
    ]);
    cases
}

/// Small schemas with much to do.
fn shapes() -> Vec<Case> {
    let branch = json!({"items": {"$ref": "#"}});
    let tree = |keyword: &str| json!({"$defs": {}, keyword: [branch, branch], "type": "array"});
    let (any, one) = (tree("anyOf"), tree("oneOf"));
    vec![
        case("206 bytes that double at each level", any.clone(), nested(30, "1"), MEMORY),
        case("that as deep as items are", any, nested(100, "1"), MEMORY),
        case("that with oneOf", one, nested(40, "1"), &["misfit oneOf", "schema time", "schema memory"]),
        case(
            "31 levels of unevaluatedItems",
            chain(31, "", |r| json!({"allOf": [{"$ref": r}], "unevaluatedItems": false}), json!({"items": true})),
            "[1]",
            TIME,
        ),
        case(
            "31 levels of unevaluatedProperties",
            chain(
                31,
                "",
                |r| json!({"anyOf": [{"$ref": r}, {"$ref": r}], "unevaluatedProperties": false}),
                json!({"additionalProperties": true}),
            ),
            r#"{"a":1}"#,
            ENDS,
        ),
        case(
            "40 conditions that double",
            chain(40, "", |r| json!({"if": {"$ref": r}, "then": {"$ref": r}, "else": {"$ref": r}}), json!({"minimum": 1})),
            "0",
            &["misfit minimum", "schema time", "refused: schema time"],
        ),
        case(
            "40 times not, doubled",
            chain(40, "", |r| json!({"not": {"allOf": [{"$ref": r}, {"not": {"$ref": r}}]}}), json!({})),
            "0",
            ENDS,
        ),
        case(
            "dependentSchemas that double",
            chain(40, "", |r| json!({"dependentSchemas": {"a": {"$ref": r}, "b": {"$ref": r}}}), json!({})),
            r#"{"a":1,"b":2}"#,
            ENDS,
        ),
        case(
            "propertyNames of names of names",
            json!({"propertyNames": {"allOf": vec![json!({"pattern": "^k[0-9]*$"}); 2_000]}}),
            members(3_000, "1"),
            ENDS,
        ),
        case(
            "contains of contains",
            chain(5, "", |r| json!({"contains": {"$ref": r}, "items": {"$ref": r}}), json!({"const": 1})),
            nested(4, &list("0", 10_000)),
            &["misfit /*/*/*/*/* const", "schema time"],
        ),
        case("a deep item for a schema of itself", json!({"items": {"$ref": "#"}, "uniqueItems": true}), nested(120, ""), &["fits"]),
    ]
}

/// Large.
fn sizes() -> Vec<Case> {
    let big: Vec<Value> = (0..9_000).map(|i| json!({"n": i})).collect();
    let numbers: Vec<String> = (0..20_000).map(|i| format!("{{\"a\":{i}}}")).collect();
    let words: Vec<Value> = (0..9_000).map(|i| json!(format!("w{i}"))).collect();
    vec![
        case(
            "3,000 types over 24,000 elements",
            json!({"items": {"allOf": vec![json!({"type": "string"}); 3_000]}}),
            list("1", 24_000),
            &["misfit /* type"],
        ),
        case(
            "that, as alternatives",
            json!({"items": {"anyOf": vec![json!({"type": "string"}); 3_000]}}),
            list("1", 24_000),
            &["misfit /* anyOf", "schema time", "schema memory"],
        ),
        case(
            "allOf of 30,000",
            json!({"allOf": vec![json!({"minimum": 1}); 30_000]}),
            "0",
            &["misfit minimum", "schema time", "refused: schema time"],
        ),
        case(
            "allOf of 30,000 over 4,000 members",
            json!({"allOf": vec![json!({"required": ["x"]}); 3_000]}),
            members(4_000, "0"),
            &["misfit /x required", "schema time"],
        ),
        case("an enum of 9,000 objects over many", json!({"items": {"enum": big}}), list(r#"{"n":8999}"#, 4_000), ENDS),
        case(
            "an enum of 9,000 words over many, none of which it has",
            json!({"items": {"enum": words}}),
            list(r#""none""#, 8_000),
            &["misfit /* enum", "schema time"],
        ),
        case("a const as large as params may be", json!({"const": text("x", 90_000)}), text("x", 40_000), &["misfit const"]),
        case("uniqueItems over 20,000 objects", json!({"uniqueItems": true}), format!("[{}]", numbers.join(",")), ENDS),
        case(
            "uniqueItems over 3,000 lists alike but for the last",
            json!({"uniqueItems": true}),
            format!("[{}]", (0..3_000).map(|i| format!("[0,0,0,0,0,0,0,{i}]")).collect::<Vec<_>>().join(",")),
            ENDS,
        ),
        case(
            "9,000 patterns of names over 4,000 members",
            json!({"patternProperties": (0..9_000).map(|i| (format!("^k{i}x"), json!(false))).collect::<Map<_, _>>()}),
            members(4_000, "0"),
            &["fits", "schema time", "refused: schema memory", "refused: schema time"],
        ),
        case(
            "3,000 formats over one text",
            json!({"allOf": vec![json!({"format": "idn-hostname"}); 3_000]}),
            text("a.", 120),
            &["misfit format", "schema time", "fits"],
        ),
    ]
}

fn patterns() -> Vec<Case> {
    let pattern = |name, pattern: &str, item: String, expected| case(name, json!({"pattern": pattern}), item, expected);
    let words: Vec<String> = (0..5_000).map(|i| format!("word{i}")).collect();
    vec![
        pattern("nested quantifiers", r"^(a+)+$", text("a", 40_000), &["fits"]),
        pattern("nested quantifiers that fail", r"^(a*)*b$", text("a", 40_000), &["misfit pattern"]),
        pattern("nested quantifiers with a look-ahead", r"^(?=(a+)+b)", text("a", 40), &["misfit pattern", "schema time"]),
        pattern("a look-behind without end", r"(?<=a.*)b", text("a", 40_000), &["misfit pattern", "schema time", "refused: schema"]),
        pattern("a back-reference", r"^(a|b|ab)*(.*)\2c$", text("ab", 15_000), &["misfit pattern", "schema time", "refused: schema"]),
        pattern("counts within counts", r"(\p{L}{200}){200}", text("a", 10), REFUSED),
        pattern("counts within counts of a small class", r"(\w{200}){200}", text("a", 40_000), &["fits", "schema time"]),
        pattern(
            "counts within counts that match anywhere",
            r"(?:\p{L}{1,10}){1,30}1$",
            text("é", 40_000),
            &["misfit pattern", "schema time", "schema memory"],
        ),
        case(
            "60 patterns as large as they may be",
            json!({"allOf": (0..60).map(|i| json!({"pattern": format!(r"^\p{{L}}{{1,{}}}[^{i}]", 100 + i)})).collect::<Vec<_>>()}),
            text("é", 1_000),
            &["fits", "refused: schema", "refused: schema memory", "refused: schema time", "schema time", "schema memory"],
        ),
        case(
            "2,000 patterns that are just small",
            json!({"allOf": (0..2_000).map(|i| json!({"pattern": format!(r"\p{{L}}{{1,4}}.*{i}.*")})).collect::<Vec<_>>()}),
            text("é", 1_000),
            &["misfit pattern", "refused: schema", "refused: schema memory", "refused: schema time", "schema time", "schema memory"],
        ),
        pattern("a class counted a thousand times", r"^\p{L}{1000}$", text("é", 1_000), &["fits", "refused: schema"]),
        pattern("a count of a billion", r"^a{1000000000}$", text("a", 10), REFUSED),
        pattern(
            "5,000 words",
            &format!("^(?:{})$", words.join("|")),
            text("word4999", 1),
            &["fits", "refused: schema", "refused: schema memory"],
        ),
        pattern(
            "5,000 words behind a look-ahead",
            &format!("(?!x)(?:{})$", words.join("|")),
            text("w", 45_000),
            &["misfit pattern", "schema time", "refused: schema", "refused: schema memory"],
        ),
        pattern(
            "30,000 groups",
            &"()".repeat(30_000),
            text("a", 1),
            &["fits", "refused: schema", "refused: schema memory", "refused: schema stack", "refused: schema time"],
        ),
        pattern(
            "20,000 open parentheses",
            &format!("{}{}", "(".repeat(20_000), ")".repeat(20_000)),
            text("a", 1),
            &["fits", "refused: schema", "refused: schema memory", "refused: schema stack", "refused: schema time"],
        ),
        case(
            "1,000 patterns of large classes",
            json!({"allOf": (0..1_000).map(|i| json!({"pattern": format!(r"^\p{{L}}+[\p{{Lu}}\p{{N}}]{{{}}}$", i % 50)})).collect::<Vec<_>>()}),
            text("é", 1_000),
            &["misfit pattern", "refused: schema", "refused: schema memory", "refused: schema time", "schema time"],
        ),
        case(
            "names that are patterns of look-ahead",
            json!({"patternProperties": {"^(?=(k+)+z)": false}}),
            format!("{{\"{}\":1}}", "k".repeat(60)),
            &["fits", "schema time", "misfit patternProperties"],
        ),
    ]
}

fn numbers() -> Vec<Case> {
    let far = format!("1{}", "0".repeat(40_000));
    vec![
        case("a multiple of next to nothing", json!({"multipleOf": 1e-300}), "1e300", &["fits", "misfit multipleOf", "schema time"]),
        case("a multiple of 1e308", json!({"multipleOf": 1e308}), "1e-308", &["misfit multipleOf"]),
        case("a number of 40,000 digits", json!({"maximum": 1}), far, &["malformed", "misfit malformed"]),
        case("a number of 300 digits", json!({"multipleOf": 0.1}), format!("1{}.5", "0".repeat(300)), &["fits", "misfit multipleOf"]),
        case(
            "a fraction of 40,000 digits",
            json!({"multipleOf": 0.000_001}),
            format!("0.{}1", "0".repeat(40_000)),
            &["fits", "misfit multipleOf"],
        ),
        case("a length beyond all", json!({"minLength": 18_446_744_073_709_551_615_u64}), "\"a\"", &["misfit minLength"]),
    ]
}

/// Conversions are tried in more than one way.
fn texts() -> Vec<Case> {
    let all: Map<_, _> = (0..2_000).map(|i| (format!("k{i}"), json!({"type": ["integer", "null"], "minimum": 5}))).collect();
    let any = json!({"additionalProperties": {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]}});
    let as_text = |case| Case { text: true, ..case };
    vec![
        as_text(case(
            "2,000 columns that are typed and wrong",
            json!({"properties": all}),
            members(2_000, "\"1\""),
            &["misfit /k0 minimum", "schema time", "refused: schema time"],
        )),
        as_text(case("2,000 columns that may be either", any, members(2_000, "\"1\""), &["misfit /k0 anyOf", "schema time"])),
        as_text(case(
            "20 columns, one of which decides",
            json!({"oneOf": (0..20).map(|i| json!({"properties": {format!("k{i}"): {"const": 1}}})).collect::<Vec<_>>()}),
            members(20, "\"1\""),
            &["typed"],
        )),
    ]
}
