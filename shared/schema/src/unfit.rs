//! Describes what the validator says of a schema that it refuses, with the place.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ReferencingError, ValidationError};
use serde_json::Value;

use crate::pattern::size;
use crate::pointer::{cut, join};
use crate::reading::another_document;
use crate::refusal::Refusal;
use crate::violations::{self, Patterns};

/// How many characters of a name a message has.
const NAME_CHARS_MAX: usize = 200;

/// Describes why a schema was refused.
pub(crate) fn refusal(schema: &Value, error: &ValidationError<'_>, patterns: &Patterns) -> Refusal {
    let ValidationErrorKind::Referencing(reference) = error.kind() else {
        // A fault of the schema is reported either at a place in it, by the meta-schema, or at the place where it was
        // compiled.
        let pointer = match error.instance_path().as_str() {
            "" => error.schema_path().as_str(),
            pointer => pointer,
        };
        let place = match error.kind() {
            ValidationErrorKind::Required { property } => join(pointer, property.as_str().unwrap_or_default()),
            _ => of_schema(schema, pointer),
        };
        return Refusal::new(place, fault(pointer, error, patterns));
    };
    match reference {
        ReferencingError::Unretrievable { uri, .. } => Refusal::new(pointer_to(schema, uri), another_document(uri)),
        ReferencingError::PointerToNowhere { pointer } => {
            Refusal::new(pointer_to(schema, pointer), format!("there is no {} in the schema", cut(pointer, NAME_CHARS_MAX)))
        }
        ReferencingError::NoSuchAnchor { anchor } => {
            Refusal::new(pointer_to(schema, anchor), format!("there is no anchor {} in the schema", cut(anchor, NAME_CHARS_MAX)))
        }
        other => Refusal::new("", cut(&other.to_string(), NAME_CHARS_MAX)),
    }
}

fn fault(pointer: &str, error: &ValidationError<'_>, patterns: &Patterns) -> String {
    let keyword = pointer.rsplit('/').next().unwrap_or_default();
    match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => {
            not_a_pattern(error.instance().as_str().unwrap_or_default(), patterns)
        }
        ValidationErrorKind::AnyOf { .. } if keyword == "type" => {
            format!("{} is not a type or a list of types", cut(&error.instance().to_string(), NAME_CHARS_MAX))
        }
        _ if keyword == "format" => match error.instance().as_str() {
            Some(format) => format!("{:?} is not a format that is checked in this draft", cut(format, NAME_CHARS_MAX)),
            None => violations::reason(error, patterns),
        },
        _ => violations::reason(error, patterns),
    }
}

/// Why a pattern of ECMA-262 is refused: only because of its size, unless the engine cannot run it.
fn not_a_pattern(pattern: &str, patterns: &Patterns) -> String {
    use fancy_regex::{CompileError, Error, ParseError, RegexBuilder};
    match RegexBuilder::new(pattern).delegate_size_limit(1 << 20).build() {
        Err(Error::ParseError(_, ParseError::RecursionExceeded)) => "the regular expression is nested too deeply".to_owned(),
        Err(Error::CompileError(error)) if !matches!(*error, CompileError::InnerError(_) | CompileError::PatternTooComplex) => {
            format!("the regular expression cannot be run: {}", cut(&error.to_string(), NAME_CHARS_MAX))
        }
        Err(error @ Error::ParseError(..)) => format!("not a regular expression: {}", cut(&error.to_string(), NAME_CHARS_MAX)),
        _ => size::too_large(patterns.get(pattern).map_or(pattern, String::as_str)),
    }
}

/// The longest beginning of a pointer that leads to something in the schema.
fn of_schema(schema: &Value, pointer: &str) -> String {
    let mut pointer = pointer;
    while schema.pointer(pointer).is_none() {
        pointer = pointer.rsplit_once('/').map_or("", |(before, _)| before);
    }
    pointer.to_owned()
}

/// Where the first reference is that leads to `target`, a document or a place in one; the whole schema if there is none.
fn pointer_to(schema: &Value, target: &str) -> String {
    let mut open = vec![(String::new(), schema)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let pointer = join(&pointer, name);
                    if name.ends_with("ef") && value.as_str().is_some_and(|reference| leads_to(reference, target)) {
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

/// True if this reference, which may be relative, leads to `target`.
fn leads_to(reference: &str, target: &str) -> bool {
    let document = reference.split('#').next().unwrap_or_default();
    let below = document.trim_start_matches(['.', '/']);
    let is_relative = || !below.is_empty() && target.strip_suffix(below).is_some_and(|base| base.ends_with('/'));
    reference.ends_with(target) || document == target || is_relative()
}
