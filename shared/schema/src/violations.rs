//! Describes what is wrong with an item: each violation with its JSON pointer and value, and a code for grouping from
//! the first one.

use std::collections::{HashMap, HashSet};
use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decimal::Decimal;
use crate::dialect::leads_to_schema;
use crate::pointer::{cut, is_at_or_within, join, unescaped};
use crate::raw;
use crate::text::Types;

/// At most this many violations of an item are reported.
const VIOLATIONS_MAX: usize = 20;
/// The most characters of a code, so that groups remain readable.
const CODE_CHARS_MAX: usize = 64;
/// How many characters of the schema's values a message repeats.
const OPTIONS_CHARS_MAX: usize = 200;
/// How many characters of the item's value a message repeats.
const VALUE_CHARS_MAX: usize = 60;

/// One thing that is wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Where, as a JSON pointer into the item. Empty for the item itself.
    pub pointer: String,
    /// What is wrong there, for people.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.reason),
            pointer => write!(f, "{pointer}: {}", self.reason),
        }
    }
}

/// What is reported of an item that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// A short text for grouping: `/iata maxLength`.
    pub code: String,
    /// What is wrong; twenty entries at most.
    pub violations: Vec<Violation>,
}

impl Misfit {
    /// A misfit with one violation.
    pub(crate) fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), violations: vec![Violation { pointer: String::new(), reason: reason.into() }] }
    }
}

impl Misfit {
    /// A number at this place whose exponent is too small to be read.
    pub(crate) fn unreadable_number(pointer: String) -> Self {
        let reason = "a number with an exponent below -1,000,000,000, which is not read".to_owned();
        Self { code: "number".to_owned(), violations: vec![Violation { pointer, reason }] }
    }
}

impl Misfit {
    /// Says that not every reading of the item's texts was tried.
    pub(crate) fn add_given_up(&mut self) {
        if self.code.is_empty() {
            self.code = "schema search".to_owned();
        }
        let reason =
            "its texts can be read as other types in more ways than are tried: give the columns their types outside of alternatives";
        self.violations.push(Violation { pointer: String::new(), reason: reason.to_owned() });
    }
}

/// The original patterns, by their translations.
pub(crate) type Patterns = HashMap<String, String>;

/// The misfit for the first of these errors. `text` is the item as it was written.
pub(crate) fn misfit<'e>(errors: impl Iterator<Item = ValidationError<'e>>, item: &Value, text: &str, patterns: &Patterns) -> Misfit {
    let mut misfit = Misfit { code: String::new(), violations: Vec::new() };
    for error in errors {
        let is_rest = matches!(error.kind(), Kind::UnevaluatedProperties { .. } | Kind::UnevaluatedItems { .. });
        for violation in named(&error, item, text, patterns) {
            // A wrong member also counts as unevaluated, which is not a second fault.
            let is_rest = is_rest && !violation.pointer.is_empty();
            let told = |other: &Violation| is_rest && is_at_or_within(&other.pointer, &violation.pointer);
            if misfit.violations.contains(&violation) || misfit.violations.iter().any(told) {
                continue;
            }
            if misfit.violations.len() == VIOLATIONS_MAX {
                misfit.violations.push(Violation { pointer: String::new(), reason: "and more".to_owned() });
                return misfit;
            }
            if misfit.violations.is_empty() {
                misfit.code = code_of(&error, &violation.pointer, item);
            }
            misfit.violations.push(violation);
        }
    }
    misfit
}

/// The places of these errors with their keywords, each once, for comparing readings of an item.
pub(crate) fn places<'e>(errors: impl Iterator<Item = ValidationError<'e>>) -> HashSet<(String, String)> {
    let mut places = HashSet::new();
    for error in errors {
        let at = error.instance_path().as_str();
        let keyword = error.kind().keyword().to_owned();
        match error.kind() {
            Kind::Required { property } => {
                places.insert((join(at, property.as_str().unwrap_or_default()), keyword));
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                places.extend(unexpected.iter().map(|name| (join(at, name), keyword.clone())));
            }
            _ => {
                places.insert((at.to_owned(), keyword));
            }
        }
    }
    places
}

/// The violation as text, without its pointer and value.
pub(crate) fn reason(error: &ValidationError<'_>, patterns: &Patterns) -> String {
    match error.kind() {
        Kind::Type { kind } => not_of_type(kind, error.instance()),
        Kind::MinLength { limit: 1 } => "empty".to_owned(),
        // The validator cuts larger numbers: the schema has another one.
        Kind::MinLength { limit: u64::MAX } => "shorter than minLength, which no text can be as long as".to_owned(),
        Kind::MinItems { limit: u64::MAX } => "fewer items than minItems, which no array can have".to_owned(),
        Kind::MinProperties { limit: u64::MAX } => "fewer members than minProperties, which no object can have".to_owned(),
        Kind::MinLength { limit } => format!("shorter than {}", counted(*limit, "character")),
        Kind::MaxLength { limit } => format!("longer than {}", counted(*limit, "character")),
        Kind::Minimum { limit } => format!("less than {}", shown(limit, VALUE_CHARS_MAX)),
        Kind::Maximum { limit } => format!("greater than {}", shown(limit, VALUE_CHARS_MAX)),
        Kind::ExclusiveMinimum { limit } => format!("not greater than {}", shown(limit, VALUE_CHARS_MAX)),
        Kind::ExclusiveMaximum { limit } => format!("not less than {}", shown(limit, VALUE_CHARS_MAX)),
        Kind::Enum { options } if options.as_array().is_some_and(Vec::is_empty) => "no value is allowed, as enum is empty".to_owned(),
        Kind::Enum { options } => format!("not one of {}", listed(options)),
        Kind::Constant { expected_value } => format!("not {}", shown(expected_value, OPTIONS_CHARS_MAX)),
        Kind::Pattern { pattern } => format!("does not match {}", cut(patterns.get(pattern).unwrap_or(pattern), OPTIONS_CHARS_MAX)),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => "the pattern takes too many steps on this text".to_owned(),
        Kind::Format { format } => format!("not in the format {}", cut(format, OPTIONS_CHARS_MAX)),
        Kind::MinItems { limit } => format!("fewer than {}", counted(*limit, "item")),
        Kind::MaxItems { limit } => format!("more than {}", counted(*limit, "item")),
        Kind::AdditionalItems { limit } => format!("more than {}", counted(*limit as u64, "item")),
        Kind::UniqueItems => "two items are equal".to_owned(),
        Kind::Contains => match error.schema_path().as_str().rsplit('/').next() {
            Some("minContains") => "too few items are as required".to_owned(),
            Some("maxContains") => "too many items are as required".to_owned(),
            _ => "no item is as required".to_owned(),
        },
        Kind::MinProperties { limit } => format!("fewer than {}", counted(*limit, "member")),
        Kind::MaxProperties { limit } => format!("more than {}", counted(*limit, "member")),
        Kind::Required { .. } => "missing".to_owned(),
        Kind::FalseSchema => "not allowed".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            format!("fits none of the {} alternatives", context.len())
        }
        Kind::OneOfMultipleValid { .. } => "fits more than one alternative".to_owned(),
        Kind::Not { .. } => "fits what is not allowed".to_owned(),
        Kind::PropertyNames { error } => {
            format!("the member's name {}: {}", shown(error.instance(), VALUE_CHARS_MAX), reason(error, patterns))
        }
        _ => cut(&error.masked().to_string(), OPTIONS_CHARS_MAX),
    }
}

/// The violation's pointers and reasons. A missing or unwanted member is named itself, instead of its object.
fn named(error: &ValidationError<'_>, item: &Value, text: &str, patterns: &Patterns) -> Vec<Violation> {
    let at = error.instance_path().as_str();
    match error.kind() {
        Kind::Required { property } => {
            let pointer = join(at, property.as_str().unwrap_or_default());
            vec![Violation { pointer, reason: reason(error, patterns) }]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let not_known = |name: &String| Violation { pointer: join(at, name), reason: "not a known member".to_owned() };
            unexpected.iter().take(VIOLATIONS_MAX + 1).map(not_known).map(|violation| with_value(violation, item, text)).collect()
        }
        Kind::FalseSchema if refuses_members(error) => {
            let why = if keyword(error) == "additionalProperties" { "not a known member" } else { "not allowed" };
            let names = item.pointer(at).and_then(Value::as_object).into_iter().flat_map(|members| members.keys());
            let refused = names.map(|name| Violation { pointer: join(at, name), reason: why.to_owned() });
            refused.take(VIOLATIONS_MAX + 1).map(|violation| with_value(violation, item, text)).collect()
        }
        Kind::UnevaluatedItems { unexpected } => {
            let elements = item.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let not_allowed = |index| Violation { pointer: format!("{at}/{index}"), reason: "not allowed".to_owned() };
            let refused = places_of(unexpected, elements).into_iter().take(VIOLATIONS_MAX + 1).map(not_allowed);
            refused.map(|violation| with_value(violation, item, text)).collect()
        }
        _ => vec![with_value(Violation { pointer: at.to_owned(), reason: reason(error, patterns) }, item, text)],
    }
}

/// True for a keyword that is `false`, and so refuses all members of an object.
fn refuses_members(error: &ValidationError<'_>) -> bool {
    matches!(keyword(error), "additionalProperties" | "propertyNames")
}

/// The keyword that refuses a value.
fn keyword<'e>(error: &'e ValidationError<'_>) -> &'e str {
    let last = error.schema_path().as_str().rsplit_once('/');
    match (error.kind(), last) {
        // What is before it leads to a schema, unless it is the name of a member.
        (Kind::FalseSchema, Some((before, last @ ("additionalProperties" | "propertyNames")))) if leads_to_schema(before) => last,
        _ => error.kind().keyword(),
    }
}

/// The indexes of elements of which only the text is known. Those at the beginning of an array are evaluated first, so of equal
/// ones the last are meant.
fn places_of(texts: &[String], elements: &[Value]) -> Vec<usize> {
    let mut sought = texts.iter().rev().peekable();
    let mut is_sought = |element: &Value| sought.next_if_eq(&&element.to_string()).is_some();
    let mut places: Vec<usize> = (0..elements.len()).rev().filter(|index| is_sought(&elements[*index])).collect();
    places.reverse();
    places
}

/// Adds the item's value at this place. The whole item is not repeated, since it is shown with its failure. A number is shown as
/// it was written, so that it is found in the user's file.
fn with_value(violation: Violation, item: &Value, text: &str) -> Violation {
    let Some(value) = item.pointer(&violation.pointer) else { return violation };
    if violation.pointer.is_empty() && (value.is_object() || value.is_array()) {
        return violation;
    }
    let has_numbers = value.is_number() || value.is_array() || value.is_object();
    let written = if has_numbers { raw::at(text, &violation.pointer) } else { None };
    let written = written.and_then(|raw| if raw.starts_with('"') { raw::text(raw) } else { Some(raw::compact(raw).into()) });
    let value = written.map_or_else(|| shown(value, VALUE_CHARS_MAX), |written| cut(&written, VALUE_CHARS_MAX));
    Violation { reason: format!("{}: {value}", violation.reason), ..violation }
}

/// `/iata maxLength`. An array's indexes become `*`, so that the same fault in many items is one group. Cut at the
/// beginning, since the end is more informative.
fn code_of(error: &ValidationError<'_>, pointer: &str, item: &Value) -> String {
    let keyword = keyword(error);
    let mut place = Some(item);
    let mut code = String::new();
    for segment in pointer.split('/').skip(1) {
        let (name, below) = match place {
            Some(Value::Array(elements)) => ("*", segment.parse().ok().and_then(|i: usize| elements.get(i))),
            within => (segment, within.and_then(|value| value.get(unescaped(segment)))),
        };
        code.push('/');
        code.push_str(name);
        place = below;
    }
    let room = CODE_CHARS_MAX.saturating_sub(keyword.chars().count() + 2);
    let chars = code.chars().count();
    if chars > room {
        code = format!("…{}", code.chars().skip(chars - room).collect::<String>());
    }
    format!("{code} {keyword}").trim_start().to_owned()
}

fn not_of_type(kind: &TypeKind, found: &Value) -> String {
    let types = match kind {
        TypeKind::Single(one) => Types::of([*one]),
        TypeKind::Multiple(set) => Types::of(set.iter()),
    };
    let leading_zero = found.as_str().is_some_and(|text| {
        let digits = text.trim_start_matches('-');
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    });
    let numeric = types.meet(Types::NUMBERS);
    let is_beyond = |text| Decimal::read(text).is_some() && text.parse().is_ok_and(f64::is_infinite);
    let hint = match found.as_str() {
        _ if !numeric => "",
        _ if leading_zero => " (JSON numbers have no leading zeros)",
        Some(text) if is_beyond(text) => " (it is beyond the range of a double)",
        _ => "",
    };
    format!("not {types}{hint}")
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn listed(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut all = String::new();
    for option in options {
        if all.len() > OPTIONS_CHARS_MAX * 4 {
            break;
        }
        let separator = if all.is_empty() { "" } else { ", " };
        all.push_str(separator);
        all.push_str(&shown(option, OPTIONS_CHARS_MAX));
    }
    cut(&all, OPTIONS_CHARS_MAX)
}

fn shown(value: &Value, chars_max: usize) -> String {
    cut(&value.to_string(), chars_max)
}
