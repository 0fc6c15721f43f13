//! What a JSON Schema can never accept of a file with columns: it allows no object at all, or a column can have no value that a
//! cell can be.

use serde_json::Value;

/// How far references are followed.
const DEPTH_MAX: usize = 16;
const ALL: [&str; 7] = ["string", "number", "integer", "boolean", "null", "array", "object"];
/// The types that a cell can be, as a text or converted.
const OF_CELLS: [&str; 5] = ["string", "number", "integer", "boolean", "null"];

/// Why no row can be valid, whatever its columns are; `None` if one may be.
pub(super) fn no_row(schema: &Value, root: &Value) -> Option<String> {
    let why = never(schema, root, &["object"], 0)?;
    let remedy = match schema.get("items") {
        Some(Value::Object(_)) => "it seems to be the schema of the whole file: give the one of a row, which is under `items`",
        _ => "give the schema of one row, an object with the columns as its members",
    };
    Some(format!("the schema allows no object ({why}), and each row is one, so every row fails: {remedy}"))
}

/// Why no cell can be valid in a column with this schema; `None` if one may be.
pub(super) fn no_cell(schema: &Value, root: &Value) -> Option<String> {
    never(schema, root, &OF_CELLS, 0)
}

/// Why no value of these types fits the schema, if that is certain.
fn never(schema: &Value, root: &Value, types: &[&str], depth: usize) -> Option<String> {
    let Value::Object(members) = schema else { return (*schema == false).then(|| "it is false".to_owned()) };
    if depth == DEPTH_MAX {
        return None;
    }
    if let Some(Value::Bool(true)) = members.get("not") {
        return Some("`not` is true".to_owned());
    }
    let list = |name: &str| members.get(name).and_then(Value::as_array);
    if let Some(allowed) = members.get("type").and_then(type_names).filter(|allowed| !allowed.iter().any(|name| types.contains(name))) {
        return Some(format!("its `type` is {}", allowed.join(" or ")));
    }
    let has_type = |value: &&Value| types.contains(&type_of(value));
    if members.get("const").is_some_and(|value| !has_type(&value)) {
        return Some("its `const` is another value".to_owned());
    }
    if list("enum").is_some_and(|values| !values.iter().any(|value| has_type(&value))) {
        return Some("its `enum` has only other values".to_owned());
    }
    let below = |schema: &Value| never(schema, root, types, depth + 1);
    let target = members.get("$ref").and_then(Value::as_str).and_then(|target| root.pointer(target.strip_prefix('#')?));
    target.into_iter().chain(list("allOf").into_iter().flatten()).find_map(below).or_else(|| {
        let alternatives = ["anyOf", "oneOf"].into_iter().filter_map(list);
        alternatives.filter(|all| !all.is_empty()).find_map(|all| all.iter().map(below).collect::<Option<Vec<_>>>()?.pop())
    })
}

/// `None` if it is not valid: then the server says so.
fn type_names(value: &Value) -> Option<Vec<&str>> {
    let names: Vec<&str> = match value {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    names.iter().all(|name| ALL.contains(name)).then_some(names)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
