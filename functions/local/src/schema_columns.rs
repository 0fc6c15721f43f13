//! Compares the columns of a file with the members that a JSON Schema asks for: what makes every row fail, and what looks
//! like a mistyped name. It is found before the first row is sent.
//!
//! Only what the top level of the schema says for certain is used: `type`, `properties`, `required`, `additionalProperties`,
//! `unevaluatedProperties`, `propertyNames`, `maxProperties` and `minProperties`, and the same behind `$ref` and in `allOf`. Members that are
//! named elsewhere are only known not to be mistyped.

mod impossible;

use std::collections::{BTreeMap, BTreeSet};

use headway_api::normal_form::is_same_text;
use headway_core::counted;
use serde_json::{Map, Value};

/// How far references are followed.
const DEPTH_MAX: usize = 16;
/// Shorter names are similar to too many others.
const SIMILAR_CHARS_MIN: usize = 3;
/// So many names of a kind are told.
const TOLD_MAX: usize = 20;
/// So many columns that the schema does not name are compared with the names that it has: each comparison takes a while.
const COMPARED_MAX: usize = 50;
/// Keywords by which members beside those in `properties` count as evaluated.
const EVALUATE_MORE: [&str; 9] =
    ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "additionalProperties", "$recursiveRef"];

/// What is wrong with the columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFault {
    /// True if no row of the file can be valid.
    pub fails_every_row: bool,
    /// What is wrong, and what to do.
    pub words: String,
}

/// What is wrong with these columns, the worst first.
#[must_use]
pub fn faults(schema: &Value, columns: &[String]) -> Vec<ColumnFault> {
    if let Some(words) = impossible::no_row(schema, schema) {
        return vec![every_row(words)];
    }
    let mut wanted = Wanted::default();
    wanted.collect(schema, schema, 0);
    let in_file: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let unknown: Vec<&String> = columns.iter().filter(|name| !wanted.named.contains(*name)).collect();
    let missing = |name: &&String| !in_file.contains(name.as_str());
    let lacking: Vec<&String> = wanted.required.iter().filter(missing).collect();
    let mut faults: Vec<ColumnFault> = lacking.iter().take(TOLD_MAX).map(|name| required(name, &unknown, columns)).collect();
    if let Some(more) = lacking.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        faults.push(every_row(format!("the schema requires {more} more that the file does not have")));
    }
    faults.extend(wanted.number_of(columns));
    let meant: Vec<&String> = wanted.required.iter().chain(&wanted.named).filter(missing).collect();
    let (before, mut compared, mut untold) = (faults.len(), 0, 0_u64);
    for name in columns {
        let refused = wanted.refused(name);
        if faults.len() - before >= TOLD_MAX {
            untold += u64::from(refused.is_some());
            continue;
        }
        let is_compared = !wanted.named.contains(name) && compared < COMPARED_MAX;
        compared += usize::from(is_compared);
        let similar = is_compared.then(|| similar_to(name, &meant)).flatten();
        match (refused, similar) {
            (Some(Refused::Forbidden(keyword)), _) => faults.push(forbidden(name, keyword, similar, columns)),
            (Some(Refused::NeverValid(why)), _) => faults.push(never_valid(name, why, columns)),
            (None, Some(similar)) if !wanted.required.contains(similar) => faults.push(mistyped(name, similar, columns)),
            (None, _) => {}
        }
    }
    if untold > 0 {
        faults.push(every_row(format!("{} more cannot be valid, so every row fails", counted(untold, "column"))));
    }
    faults.sort_by_key(|fault| !fault.fails_every_row);
    faults
}

/// Why no row with a column can be valid.
enum Refused<'a> {
    /// The keyword that allows no such member.
    Forbidden(&'static str),
    /// Why no cell fits.
    NeverValid(&'a str),
}

/// What a schema says about the members of an item.
#[derive(Default)]
struct Wanted {
    required: BTreeSet<String>,
    /// Members that the schema names anywhere.
    named: BTreeSet<String>,
    /// For each schema that allows no other members, the keyword that says so, and those that it allows.
    closed: Vec<(&'static str, BTreeSet<String>)>,
    /// Members that no cell can be, and why.
    impossible: BTreeMap<String, String>,
    /// The most and the fewest members that an item may have.
    most: Option<u64>,
    fewest: Option<u64>,
    /// The schemas that were read, by their places in memory: references may lead to one again and again.
    read: BTreeSet<*const Value>,
}

impl Wanted {
    fn collect(&mut self, schema: &Value, root: &Value, depth: usize) {
        let Value::Object(members) = schema else { return };
        if !self.read.insert(std::ptr::from_ref(schema)) {
            return;
        }
        let own: BTreeSet<String> = names(members.get("properties"));
        self.named.extend(own.iter().cloned());
        let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
        self.required.extend(required.filter_map(Value::as_str).map(str::to_owned));
        self.closed.extend(closed_to(members, own));
        for (name, schema) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.impossible.extend(impossible::no_cell(schema, root).map(|why| (name.clone(), why)));
        }
        let number = |keyword: &str| members.get(keyword).and_then(Value::as_u64);
        self.most = self.most.into_iter().chain(number("maxProperties")).min();
        self.fewest = self.fewest.into_iter().chain(number("minProperties")).max();
        if depth == DEPTH_MAX {
            return;
        }
        let target = members.get("$ref").and_then(Value::as_str).and_then(|target| root.pointer(target.strip_prefix('#')?));
        let all = members.get("allOf").and_then(Value::as_array).into_iter().flatten();
        target.into_iter().chain(all).for_each(|schema| self.collect(schema, root, depth + 1));
        for name in ["anyOf", "oneOf", "if", "then", "else", "dependentSchemas"] {
            self.name_only(members.get(name), depth);
        }
    }

    /// Why no row with this column can be valid; none if some can.
    fn refused(&self, name: &str) -> Option<Refused<'_>> {
        let closed = self.closed.iter().find(|(_, allowed)| !allowed.contains(name));
        closed.map(|(keyword, _)| Refused::Forbidden(keyword)).or_else(|| self.impossible.get(name).map(|why| Refused::NeverValid(why)))
    }

    /// What is wrong with the number of columns.
    fn number_of(&self, columns: &[String]) -> Option<ColumnFault> {
        let count = columns.len() as u64;
        let has = format!("the file has {}", counted(count, "column"));
        if let Some(most) = self.most.filter(|most| count > *most) {
            return Some(every_row(format!("{has}, and the schema allows at most {most} (`maxProperties`), so every row fails")));
        }
        let fewest = self.fewest.filter(|fewest| count < *fewest)?;
        Some(every_row(format!("{has}, and the schema asks for at least {fewest} (`minProperties`), so every row fails")))
    }

    /// Members that some rows may have.
    fn name_only(&mut self, schemas: Option<&Value>, depth: usize) {
        match schemas {
            _ if depth == DEPTH_MAX => {}
            Some(Value::Array(schemas)) => schemas.iter().for_each(|schema| self.name_only(Some(schema), depth + 1)),
            Some(Value::Object(members)) => {
                self.named.extend(names(members.get("properties")));
                members.values().for_each(|inner| self.name_only(Some(inner), depth + 1));
            }
            _ => {}
        }
    }
}

/// The members that a schema allows, if it allows no others, with the keyword that says so. `own` are those in its `properties`.
fn closed_to(members: &Map<String, Value>, own: BTreeSet<String>) -> Vec<(&'static str, BTreeSet<String>)> {
    let is_false = |keyword: &str| members.get(keyword) == Some(&Value::Bool(false));
    let has_patterns = !names(members.get("patternProperties")).is_empty();
    let evaluates_more = EVALUATE_MORE.iter().any(|keyword| members.contains_key(*keyword));
    let listed = members.get("propertyNames").and_then(|names| names.get("enum")?.as_array());
    let listed = listed.map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let mut closed: Vec<_> = listed.map(|names| ("propertyNames", names)).into_iter().collect();
    if is_false("additionalProperties") && !has_patterns {
        closed.push(("additionalProperties", own));
    } else if is_false("unevaluatedProperties") && !has_patterns && !evaluates_more {
        closed.push(("unevaluatedProperties", own));
    }
    closed
}

fn names(properties: Option<&Value>) -> BTreeSet<String> {
    properties.and_then(Value::as_object).into_iter().flat_map(|members| members.keys().cloned()).collect()
}

fn required(name: &str, unknown: &[&String], columns: &[String]) -> ColumnFault {
    let remedy = match similar_to(name, unknown) {
        Some(similar) if is_same_text(similar, name) => {
            format!(
                "{} is the same name with its accents encoded otherwise (NFC, NFD): copy the name from the schema",
                shown(similar, columns)
            )
        }
        Some(similar) => format!("{} is similar: rename it in the header row", shown(similar, columns)),
        None => "add the column, or take the name out of `required`".to_owned(),
    };
    let words = format!("the schema requires {name:?}, and the file has no such column, so every row fails: {remedy}");
    every_row(words)
}

fn every_row(words: String) -> ColumnFault {
    ColumnFault { fails_every_row: true, words }
}

/// No cell of the column can be valid.
fn never_valid(name: &str, why: &str, columns: &[String]) -> ColumnFault {
    let what = format!("can have no value that a cell can be (in the schema, {why}), so every row fails");
    every_row(format!("{} {what}: remove the column, or correct its schema", shown(name, columns)))
}

fn forbidden(name: &str, keyword: &str, similar: Option<&String>, columns: &[String]) -> ColumnFault {
    let remedy = match similar {
        Some(similar) => format!("rename it if {similar:?} is meant, which the file does not have"),
        None => "remove the column, or add it to `properties`".to_owned(),
    };
    let how = if keyword == "propertyNames" { "lists all names" } else { "is false" };
    let what = format!("is not in the schema, which allows no others (`{keyword}` {how}), so every row fails");
    every_row(format!("{} {what}: {remedy}", shown(name, columns)))
}

fn mistyped(name: &str, similar: &str, columns: &[String]) -> ColumnFault {
    let what = format!("is not in the schema, so it is not checked: rename it if {similar:?} is meant, which the file does not have");
    ColumnFault { fails_every_row: false, words: format!("{} {what}", shown(name, columns)) }
}

/// `column 3, "prize",`.
fn shown(name: &str, columns: &[String]) -> String {
    let place = columns.iter().position(|column| column == name).map_or(0, |place| place + 1);
    format!("column {place}, {name:?},")
}

/// The most similar of these names, if one is similar.
fn similar_to<'a>(name: &str, others: &[&'a String]) -> Option<&'a String> {
    if let Some(same) = others.iter().copied().find(|other| *other != name && is_same_text(other, name)) {
        return Some(same);
    }
    let bare = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = bare(name);
    let apart = |other: &&String| strsim::damerau_levenshtein(&bare(other), &wanted);
    let nearest = others.iter().copied().filter(|other| *other != name).min_by_key(apart)?;
    let chars = wanted.chars().count().min(bare(nearest).chars().count());
    let most = if chars < SIMILAR_CHARS_MIN { 0 } else { 1 + chars / 6 };
    (chars > 0 && apart(&nearest) <= most).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(schema: &Value, columns: &[&str]) -> Vec<String> {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let word = |fault: ColumnFault| format!("{}{}", if fault.fails_every_row { "every row: " } else { "" }, fault.words);
        faults(schema, &columns).into_iter().map(word).collect()
    }

    #[test]
    fn what_is_wrong_with_columns_is_said_with_what_to_do() {
        let open = json!({"properties": {"sku": {}, "price": {}, "name": {}}, "required": ["sku", "price"]});
        let mut closed = open.clone();
        closed["additionalProperties"] = json!(false);
        let requires =
            |name: &str| format!("every row: the schema requires {name:?}, and the file has no such column, so every row fails: ");
        let cases = [
            (&open, vec!["sku", "price"], vec![]),
            (&open, vec!["note", "price", "sku"], vec![]),
            (&open, vec!["sku"], vec![requires("price") + "add the column, or take the name out of `required`"]),
            (&open, vec!["SKU", "price"], vec![requires("sku") + "column 1, \"SKU\", is similar: rename it in the header row"]),
            (&open, vec!["sku", "prize", "x"], vec![requires("price") + "column 2, \"prize\", is similar: rename it in the header row"]),
            (
                &open,
                vec!["sku", "price", "nmae"],
                vec!["column 3, \"nmae\", is not in the schema, so it is not checked: rename it if \"name\" is meant, which the file does not have"
                    .to_owned()],
            ),
            (
                &closed,
                vec!["sku", "price", "note"],
                vec!["every row: column 3, \"note\", is not in the schema, which allows no others (`additionalProperties` is false), so every row \
                      fails: remove the column, or add it to `properties`"
                    .to_owned()],
            ),
        ];
        for (schema, columns, expected) in cases {
            assert_eq!(said(schema, &columns), expected, "{columns:?}");
        }
    }

    /// Bug found: a schema of the whole file, or one that forbids a column, was said to be right, and then every row failed.
    #[test]
    fn a_schema_that_no_row_can_fit_is_told() {
        let by_reference = json!({"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"allOf": [{"type": "object"}]}}});
        for (schema, columns, expected) in [
            (
                json!({"type": "array", "items": {"type": "object"}}),
                vec!["a"],
                "the schema allows no object (its `type` is array), and each row is one, so every row fails: it seems to be the schema of the whole",
            ),
            (json!({"type": "string"}), vec!["a"], "the schema allows no object (its `type` is string), and each row is one"),
            (json!(false), vec!["a"], "the schema allows no object (it is false)"),
            (json!({"allOf": [{"not": true}]}), vec!["a"], "the schema allows no object (`not` is true)"),
            (json!({"enum": ["a", 5]}), vec!["a"], "the schema allows no object (its `enum` has only other values)"),
            (json!({"anyOf": [{"type": "null"}, false]}), vec!["a"], "the schema allows no object (it is false)"),
            (
                json!({"properties": {"a": false}}),
                vec!["b", "a"],
                "column 2, \"a\", can have no value that a cell can be (in the schema, it is false), so every row fails: remove the column",
            ),
            (
                json!({"properties": {"a": {"type": ["array", "object"]}}}),
                vec!["a"],
                "column 1, \"a\", can have no value that a cell can be",
            ),
            (by_reference, vec!["a"], "column 1, \"a\", can have no value that a cell can be (in the schema, its `type` is object)"),
            (json!({"properties": {"a": {"const": []}}}), vec!["a"], "column 1, \"a\", can have no value"),
            (json!({"maxProperties": 1}), vec!["a", "b"], "the file has 2 columns, and the schema allows at most 1 (`maxProperties`)"),
            (json!({"minProperties": 2}), vec!["a"], "the file has 1 column, and the schema asks for at least 2 (`minProperties`)"),
            (
                json!({"propertyNames": {"enum": ["a"]}}),
                vec!["b"],
                "column 1, \"b\", is not in the schema, which allows no others (`propertyNames`",
            ),
            (
                json!({"properties": {"a": {}}, "unevaluatedProperties": false}),
                vec!["b"],
                "column 1, \"b\", is not in the schema, which allows no others (`unevaluatedProperties` is false)",
            ),
            (
                json!({"required": ["caf\u{e9}"]}),
                vec!["cafe\u{301}"],
                "the schema requires \"caf\u{e9}\", and the file has no such column, so every row fails: column 1, \"cafe\\u{301}\", is the same name",
            ),
            (json!({"required": ["\u{e9}"]}), vec!["e\u{301}"], "the schema requires"),
        ] {
            let said = said(&schema, &columns);
            assert!(said.len() == 1 && said[0].starts_with(&format!("every row: {expected}")), "{schema}: {said:?}");
        }
    }

    /// Bug found: a wide file took minutes, and thousands of lines were printed.
    #[test]
    fn of_many_columns_some_are_told_and_the_others_counted() {
        let named = |word: &str| (0..3_000).map(|n| format!("{word}_{n}")).collect::<Vec<_>>();
        let (wanted, there) = (named("mesure"), named("measure"));
        let properties: Map<_, _> = wanted.iter().map(|name| (name.clone(), json!({}))).collect();
        let columns: Vec<&str> = there.iter().map(String::as_str).collect();
        let told = said(&json!({"required": wanted, "properties": properties, "additionalProperties": false}), &columns);
        assert_eq!(told.len(), 42, "{told:?}");
        assert_eq!(told[20], "every row: the schema requires 2980 more that the file does not have");
        assert_eq!(told[41], "every row: 2980 columns more cannot be valid, so every row fails");
    }

    /// What is not certain is not said.
    #[test]
    fn a_file_that_may_be_right_is_not_blamed() {
        let by_reference = json!({"$ref": "#/$defs/row", "$defs": {"row": {"required": ["a"], "allOf": [{"required": ["bbb"]}]}}});
        assert_eq!(said(&by_reference, &["c"]).len(), 2, "both are required");
        for (schema, columns) in [
            (json!(true), vec!["a"]),
            (json!({"$ref": "#"}), vec!["a"]),
            (json!({"additionalProperties": false, "patternProperties": {"^x": {}}}), vec!["x1"]),
            (json!({"anyOf": [{"required": ["a"]}, {"properties": {"bcd": {}}}], "properties": {"bce": {}}}), vec!["bcd"]),
            (json!({"properties": {"id": {}}}), vec!["ip"]),
            (json!({"properties": {"street": {}}}), vec!["city"]),
            (json!({"properties": {"price_net": {}, "price_new": {}}}), vec!["price_net"]),
            (json!({"required": 7, "properties": [], "allOf": {}, "type": 5}), vec!["a"]),
            (json!({"type": "objekt", "properties": {"a": {"type": ["strng"]}}}), vec!["a"]),
            (
                json!({"type": ["array", "object"], "anyOf": [false, {}], "enum": [{}], "properties": {"a": {"type": ["array", "null"]}}}),
                vec!["a"],
            ),
            (json!({"properties": {"b": false, "a": {"oneOf": [{"type": "array"}, {"minimum": 3}]}}, "maxProperties": 1}), vec!["a"]),
            (json!({"anyOf": [{"properties": {"b": {}}}], "unevaluatedProperties": false}), vec!["b"]),
            (json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a", "type": "object"}}}), vec!["b"]),
        ] {
            assert_eq!(said(&schema, &columns), Vec::<String>::new(), "{schema}");
        }
    }

    /// The page compares columns by the same rules, as far as it can: tests/browser/columns.test.js reads the same table.
    #[test]
    fn what_the_page_says_of_columns_is_said_here() {
        let cases: Value = serde_json::from_str(include_str!("schema_columns/cases.json")).expect("JSON");
        for case in cases.as_array().expect("a list") {
            let list =
                |name: &str| case[name].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str).collect::<Vec<_>>();
            let said: Vec<String> =
                said(&case["schema"], &list("columns")).into_iter().filter(|words| words.starts_with("every row")).collect();
            let names = list("fails");
            let is_said = |name: &&str| *name == "*" || said.iter().any(|words| words.contains(&format!("{name:?}")));
            assert!(said.len() == names.len() && names.iter().all(is_said), "{case}: {said:?}");
            // The page does not look into what it names as not compared.
            if list("beyond").is_empty() {
                let unread = crate::schema_texts::unread(&case["schema"]);
                assert_eq!(unread.len(), list("unread").len(), "{case}: {unread:?}");
            }
        }
    }
}
