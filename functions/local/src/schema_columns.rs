//! Compares the columns of a file with the members that a JSON Schema asks for: what makes every row fail, and what looks
//! like a mistyped name. It is found before the first row is sent.
//!
//! Only what the top level of the schema says for certain is used: `properties`, `required`, `additionalProperties`, and
//! the same behind `$ref` and in `allOf`. Members that are named elsewhere are only known not to be mistyped.

use std::collections::BTreeSet;

use serde_json::Value;

/// How far references are followed.
const DEPTH_MAX: usize = 16;
/// Shorter names are similar to too many others.
const SIMILAR_CHARS_MIN: usize = 3;

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
    let mut wanted = Wanted::default();
    wanted.collect(schema, schema, 0);
    let in_file: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let unknown: Vec<&String> = columns.iter().filter(|name| !wanted.named.contains(*name)).collect();
    let missing = |name: &&String| !in_file.contains(name.as_str());
    let mut faults: Vec<ColumnFault> = wanted.required.iter().filter(missing).map(|name| required(name, &unknown, columns)).collect();
    let meant: Vec<&String> = wanted.required.iter().chain(&wanted.named).filter(missing).collect();
    for name in columns {
        let similar = similar_to(name, &meant).filter(|_| !wanted.named.contains(name));
        if wanted.closed.iter().any(|allowed| !allowed.contains(name)) {
            faults.push(forbidden(name, similar, columns));
        } else if let Some(similar) = similar.filter(|similar| !wanted.required.contains(*similar)) {
            faults.push(mistyped(name, similar, columns));
        }
    }
    faults.sort_by_key(|fault| !fault.fails_every_row);
    faults
}

/// What a schema says about the members of an item.
#[derive(Default)]
struct Wanted {
    required: BTreeSet<String>,
    /// Members that the schema names anywhere.
    named: BTreeSet<String>,
    /// For each schema that allows no other members, those that it allows.
    closed: Vec<BTreeSet<String>>,
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
        if members.get("additionalProperties") == Some(&Value::Bool(false)) && names(members.get("patternProperties")).is_empty() {
            self.closed.push(own);
        }
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

fn names(properties: Option<&Value>) -> BTreeSet<String> {
    properties.and_then(Value::as_object).into_iter().flat_map(|members| members.keys().cloned()).collect()
}

fn required(name: &str, unknown: &[&String], columns: &[String]) -> ColumnFault {
    let remedy = match similar_to(name, unknown) {
        Some(similar) => format!("{} is similar: rename it in the header row", shown(similar, columns)),
        None => "add the column, or take the name out of `required`".to_owned(),
    };
    let words = format!("the schema requires {name:?}, and the file has no such column, so every row fails: {remedy}");
    ColumnFault { fails_every_row: true, words }
}

fn forbidden(name: &str, similar: Option<&String>, columns: &[String]) -> ColumnFault {
    let remedy = match similar {
        Some(similar) => format!("rename it if {similar:?} is meant, which the file does not have"),
        None => "remove the column, or add it to `properties`".to_owned(),
    };
    let what = "is not in the schema, which allows no others (`additionalProperties` is false), so every row fails";
    ColumnFault { fails_every_row: true, words: format!("{} {what}: {remedy}", shown(name, columns)) }
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
            (json!({"required": 7, "properties": [], "allOf": {}}), vec!["a"]),
        ] {
            assert_eq!(said(&schema, &columns), Vec::<String>::new(), "{schema}");
        }
    }
}
