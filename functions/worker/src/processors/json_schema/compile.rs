//! Reads a job's `params` and compiles the schema, once a job. Nothing is fetched, patterns are bounded in size and
//! steps, and whatever is wrong is named by its JSON pointer.

use headway::ItemError;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ReferencingError, ValidationError, Validator};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::bounds;
use super::plan::Plan;
use super::refs::{Refs, children};
use super::violations;

/// Steps a pattern with look-around or back-references may take on one text; all others take linear time.
const PATTERN_STEPS_MAX: usize = 100_000;
/// All compiled patterns of a schema together, about, in bytes.
const PATTERNS_BYTES_MAX: usize = 16 << 20;
/// One compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A schema ready for use.
pub(super) struct Compiled {
    pub(super) validator: Validator,
    pub(super) plan: Plan,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    schema: Value,
}

impl Compiled {
    pub(super) fn new(params: &RawValue) -> Result<Self, ItemError> {
        let Params { schema } = serde_json::from_str(params.get())
            .map_err(|e| ItemError::permanent("params", format!("params must be {{\"schema\": …}}: {e}")))?;
        let refs = Refs::new(&schema);
        bounds::check(&refs).map_err(|reason| refusal("", &reason))?;
        let validator = options(&schema).build(&schema).map_err(|error| refused(&schema, &error))?;
        Ok(Self { validator, plan: Plan::new(&refs) })
    }
}

fn options(schema: &Value) -> jsonschema::ValidationOptions<'static> {
    let bytes_max = (PATTERNS_BYTES_MAX / patterns(schema).max(1)).min(PATTERN_BYTES_MAX);
    let patterns = PatternOptions::fancy_regex().backtrack_limit(PATTERN_STEPS_MAX).size_limit(bytes_max).dfa_size_limit(bytes_max);
    jsonschema::options().offline().should_validate_formats(true).with_pattern_options(patterns)
}

/// How many patterns a schema holds, or more.
fn patterns(schema: &Value) -> usize {
    let mut count = 0;
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        count += usize::from(value.get("pattern").is_some());
        count += value.get("patternProperties").and_then(Value::as_object).map_or(0, |by_pattern| by_pattern.len());
        open.extend(children(value));
    }
    count
}

fn refused(schema: &Value, error: &ValidationError<'_>) -> ItemError {
    let ValidationErrorKind::Referencing(reference) = error.kind() else {
        let pointer = error.instance_path().as_str();
        return refusal(pointer, &fault(pointer, error));
    };
    match reference {
        ReferencingError::Unretrievable { uri, .. } => refusal(
            &pointer_to_ref(schema, uri),
            &format!("{uri} is another document, and none is fetched: put it under $defs and refer to it as #/$defs/…"),
        ),
        ReferencingError::PointerToNowhere { pointer } => {
            refusal(&pointer_to_ref(schema, pointer), &format!("there is no {pointer} in the schema"))
        }
        ReferencingError::NoSuchAnchor { anchor } => {
            refusal(&pointer_to_ref(schema, anchor), &format!("there is no anchor {anchor} in the schema"))
        }
        other => refusal("", &other.to_string()),
    }
}

fn fault(pointer: &str, error: &ValidationError<'_>) -> String {
    let keyword = pointer.rsplit('/').next().unwrap_or_default();
    match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => "not a regular expression, or too large a one".to_owned(),
        ValidationErrorKind::AnyOf { .. } if keyword == "type" => {
            format!("{} is not a type or a list of types", error.instance())
        }
        _ => violations::reason(error),
    }
}

fn refusal(pointer: &str, reason: &str) -> ItemError {
    ItemError::permanent("schema", format!("params: /schema{pointer}: {reason}"))
}

/// Where the first reference that ends in `target` stands, or the document if it is not found.
fn pointer_to_ref(schema: &Value, target: &str) -> String {
    let mut open = vec![(String::new(), schema)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    if name.ends_with("ef") && value.as_str().is_some_and(|reference| reference.ends_with(target)) {
                        return pointer;
                    }
                    open.push((pointer, value));
                }
            }
            Value::Array(elements) => {
                open.extend(elements.iter().enumerate().map(|(i, value)| (format!("{pointer}/{i}"), value)));
            }
            _ => {}
        }
    }
    String::new()
}
