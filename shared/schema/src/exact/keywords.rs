//! The keywords that look at numbers, comparing digit by digit.

use std::cmp::Ordering;
use std::collections::HashSet;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value};

use super::{ExactNumbers, exact};
use crate::decimal::Decimal;
use crate::dialect::Draft;
use crate::pointer::cut;
use crate::raw;
use crate::text::Types;

/// The member of a schema that has the digits of its numbers: each keyword's value as it is written. Schemas of users have none.
pub(crate) const DIGITS: &str = "x-headway-digits";
/// The keywords whose value is or contains a number that items are compared with.
pub(crate) const KEYWORDS: [&str; 7] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "const", "enum"];
/// How many characters of the schema's values a message repeats.
const SHOWN_CHARS_MAX: usize = 200;
/// How many of a number.
const NUMBER_CHARS_MAX: usize = 60;

/// The same options, with exact multiples. The validator's own `multipleOf` divides doubles, and 1e23 is none.
pub(crate) fn with_exact_multiples(options: ValidationOptions<'static>) -> ValidationOptions<'static> {
    options.with_keyword("multipleOf", multiple_of)
}

/// The same options, with the other keywords comparing exactly.
pub(crate) fn with_exact_numbers(options: ValidationOptions<'static>, draft: Draft) -> ValidationOptions<'static> {
    let is_strict = draft == Draft::D4;
    options
        .with_keyword("type", move |_, types, _| of_type(types, is_strict))
        .with_keyword("minimum", |schema, value, _| bound("minimum", "exclusiveMinimum", schema, value))
        .with_keyword("maximum", |schema, value, _| bound("maximum", "exclusiveMaximum", schema, value))
        .with_keyword("exclusiveMinimum", |schema, value, _| bound("exclusiveMinimum", "", schema, value))
        .with_keyword("exclusiveMaximum", |schema, value, _| bound("exclusiveMaximum", "", schema, value))
        .with_keyword("const", |schema, value, _| one_of("const", schema, value))
        .with_keyword("enum", |schema, value, _| one_of("enum", schema, value))
        .with_keyword("uniqueItems", unique_items)
}

type NewKeyword<'a> = Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>>;

/// A rule, and what a violation says.
struct Rule<F> {
    holds: F,
    words: String,
}

impl<'i, F: Fn(&Value) -> bool + Send + Sync> Keyword<'i> for Rule<F> {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if (self.holds)(instance) { Ok(()) } else { Err(ValidationError::custom(self.words.clone())) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        (self.holds)(instance)
    }
}

fn rule<'a, F: Fn(&Value) -> bool + Send + Sync + 'static>(words: &str, holds: F) -> NewKeyword<'a> {
    Ok(Box::new(Rule { holds, words: cut(words, SHOWN_CHARS_MAX) }))
}

/// A keyword's value as it is written.
pub(crate) fn written(keyword: &str, schema: &Map<String, Value>, value: &Value) -> String {
    let digits = schema.get(DIGITS).and_then(|digits| digits.get(keyword)?.as_str());
    digits.map_or_else(|| value.to_string(), str::to_owned)
}

/// A number's digits; `None` if the value is no number.
fn decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else { return None };
    exact(value).map_or_else(|| Decimal::read(&number.to_string()), |number| Some(number.decimal.clone()))
}

fn of_type<'a>(types: &Value, is_strict: bool) -> NewKeyword<'a> {
    let types = Types::of_keyword(types).ok_or_else(|| ValidationError::custom("not a type"))?;
    rule(&format!("not {types}"), move |value| match value {
        Value::Number(_) => types.hold_number(is_whole(value, is_strict)),
        other => types.hold(other),
    })
}

/// True if a number is an integer. In draft 4, which is strict, it must be written as one.
fn is_whole(value: &Value, is_strict: bool) -> bool {
    match exact(value) {
        Some(number) if is_strict => !number.literal.contains(['.', 'e', 'E']),
        None if is_strict => value.is_i64() || value.is_u64(),
        _ => decimal(value).is_some_and(|number| number.is_integer()),
    }
}

/// `exclusive` is the keyword that in draft 4 makes this one strict.
fn bound<'a>(keyword: &str, exclusive: &str, schema: &Map<String, Value>, value: &Value) -> NewKeyword<'a> {
    let limit = written(keyword, schema, value);
    // In draft 4 the exclusive keywords are true or false.
    let Some(number) = Decimal::read(&limit) else { return rule("", |_| true) };
    let is_strict = exclusive.is_empty() || schema.get(exclusive) == Some(&Value::Bool(true));
    let (words, wrong) = match (keyword.ends_with("inimum"), is_strict) {
        (true, false) => ("less than", Ordering::Less),
        (true, true) => ("not greater than", Ordering::Less),
        (false, false) => ("greater than", Ordering::Greater),
        (false, true) => ("not less than", Ordering::Greater),
    };
    let is_within = move |found: Ordering| found != wrong && !(is_strict && found == Ordering::Equal);
    let limit = cut(&limit, NUMBER_CHARS_MAX);
    rule(&format!("{words} {limit}"), move |value| decimal(value).is_none_or(|found| is_within(found.cmp(&number))))
}

fn multiple_of<'a>(schema: &'a Map<String, Value>, value: &'a Value, _: Location) -> NewKeyword<'a> {
    let of = written("multipleOf", schema, value);
    let number = Decimal::read(&of).filter(|number| number.divisor().is_some());
    let number = number.ok_or_else(|| ValidationError::custom("not a number that others can be divided by"))?;
    rule(&format!("not a multiple of {of}"), move |value| decimal(value).is_none_or(|found| found.is_multiple_of(&number) == Some(true)))
}

fn one_of<'a>(keyword: &str, schema: &Map<String, Value>, value: &Value) -> NewKeyword<'a> {
    let written = written(keyword, schema, value);
    let options: Vec<&str> = match keyword {
        "const" => vec![&written],
        _ => raw::elements(&written).into_iter().map(|option| option.get()).collect(),
    };
    let words = match (keyword, options.as_slice()) {
        ("const", _) => format!("not {written}"),
        (_, []) => "no value is allowed, as enum is empty".to_owned(),
        _ => format!("not one of {}", options.join(", ")),
    };
    let keys: HashSet<String> = options.into_iter().filter_map(key_as_written).collect();
    rule(&words, move |value| keys.contains(&key(value)))
}

fn unique_items<'a>(_: &'a Map<String, Value>, value: &'a Value, _: Location) -> NewKeyword<'a> {
    let is_asked = value.as_bool() == Some(true);
    rule("two items are equal", move |value| {
        let mut seen = HashSet::new();
        !is_asked || value.as_array().is_none_or(|items| items.iter().all(|item| seen.insert(key(item))))
    })
}

/// One text for each value.
fn key(value: &Value) -> String {
    match value {
        Value::Number(number) => decimal(value).map_or_else(|| number.to_string(), |number| number.key()),
        Value::Array(elements) => format!("[{}]", elements.iter().map(key).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), key(value));
            let mut members: Vec<_> = members.iter().map(member).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn key_as_written(json: &str) -> Option<String> {
    let (value, numbers) = (serde_json::from_str(json).ok()?, ExactNumbers::of(json, false).ok()?);
    Some(numbers.around(&value, || key(&value)))
}
