//! Finds the texts of an item that a schema wants as another type. The schema is not analysed a second time for this.
//! Instead the validator itself runs, with `type`, `const` and `enum` replaced by keywords that record a text if they
//! refuse it but would accept its other reading. So this follows everything that the validator follows: references,
//! patterns of names, conditions, alternatives.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions, Validator};
use serde_json::{Map, Value};

use crate::decimal::Decimal;
use crate::exact::{ExactNumbers, written};
use crate::pointer::join;
use crate::raw;
use crate::text::{Types, reading, same_number};

/// How many texts of an item are recorded at most.
const NOTES_MAX: usize = 4_096;

/// Keywords that an empty text may violate.
const RULES_FOR_TEXTS: [&str; 4] = ["contentMediaType", "format", "minLength", "pattern"];

/// A validator that records the texts which the schema wants as another type.
pub(crate) struct WantedTypesRecorder(Validator);

/// Texts, identified by their address.
#[derive(Debug, Default)]
struct Notes {
    /// True if a text passes when its other reading is accepted, so that the rest of the schema is checked too.
    lenient: bool,
    /// Refused as text, accepted in its other reading.
    to_convert: HashSet<usize>,
    /// Accepted as text, refused in its other reading: a `not` around it reverses that.
    keep_as_text: HashSet<usize>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Pointers to texts of an item.
#[derive(Debug, Default)]
pub(crate) struct WantedTypes {
    /// Those wanted as another type.
    pub(crate) to_convert: Vec<String>,
    /// Those wanted as text.
    pub(crate) keep_as_text: Vec<String>,
}

impl WantedTypesRecorder {
    /// # Errors
    ///
    /// What the validator says of the schema.
    pub(crate) fn new(options: ValidationOptions<'static>, schema: &Value) -> Result<Self, ValidationError<'static>> {
        let options = options.with_keyword("type", of_type).with_keyword("const", of_const).with_keyword("enum", of_enum);
        options.build(schema).map(Self)
    }

    /// Runs the validator over an item.
    pub(crate) fn look(&self, item: &Value, lenient: bool) -> WantedTypes {
        // The verdict cannot be used: it is lenient.
        noted(item, lenient, || {
            let _ = self.0.is_valid(item);
        })
    }

    /// The same for an item that does not fit. It continues after the first violation.
    pub(crate) fn look_at_all(&self, item: &Value, violations_max: usize) -> WantedTypes {
        noted(item, true, || {
            let _ = self.0.iter_errors(item).take(violations_max).count();
        })
    }
}

/// What is recorded of an item while `look` runs.
fn noted(item: &Value, lenient: bool, look: impl FnOnce()) -> WantedTypes {
    NOTES.set(Notes { lenient, ..Notes::default() });
    look();
    let Notes { to_convert, keep_as_text, .. } = NOTES.take();
    let mut found = WantedTypes::default();
    if !to_convert.is_empty() || !keep_as_text.is_empty() {
        locate(item, &mut String::new(), &mut |address, pointer| {
            if to_convert.contains(&address) {
                found.to_convert.push(pointer.to_owned());
            } else if keep_as_text.contains(&address) {
                found.keep_as_text.push(pointer.to_owned());
            }
        });
    }
    found
}

/// Calls back with the address and pointer of every text.
fn locate(value: &Value, pointer: &mut String, tell: &mut impl FnMut(usize, &str)) {
    let mut below = |segment: &str, value: &Value| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(segment);
        locate(value, pointer, tell);
        pointer.truncate(length);
    };
    match value {
        Value::String(_) => tell(address(value), pointer),
        Value::Array(elements) => elements.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value)),
        Value::Object(members) => members.iter().for_each(|(name, value)| below(&crate::pointer::escaped(name), value)),
        _ => {}
    }
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}

fn note(value: &Value, to_convert: bool) -> bool {
    NOTES.with_borrow_mut(|notes| {
        let list = if to_convert { &mut notes.to_convert } else { &mut notes.keep_as_text };
        if list.len() < NOTES_MAX {
            list.insert(address(value));
        }
        notes.lenient
    })
}

type NewKeyword<'a> = Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>>;

fn of_type<'a>(schema: &'a Map<String, Value>, types: &'a Value, _: Location) -> NewKeyword<'a> {
    let types = Types::of_keyword(types).ok_or_else(|| ValidationError::custom("not a type"))?;
    let has_rule = RULES_FOR_TEXTS.iter().any(|rule| schema.contains_key(*rule));
    Ok(Box::new(OfType { types, empty_may_be_null: has_rule && types.has_text() }))
}

fn of_const<'a>(schema: &'a Map<String, Value>, value: &'a Value, _: Location) -> NewKeyword<'a> {
    Ok(Box::new(OneOf(vec![Wanted::new(value.clone(), &written("const", schema, value))])))
}

fn of_enum<'a>(schema: &'a Map<String, Value>, values: &'a Value, _: Location) -> NewKeyword<'a> {
    let written = written("enum", schema, values);
    let values = values.as_array().cloned().unwrap_or_default();
    Ok(Box::new(OneOf(values.into_iter().zip(raw::elements(&written)).map(|(value, json)| Wanted::new(value, json.get())).collect())))
}

struct OfType {
    types: Types,
    /// True if an empty text may be meant as `null` though it is allowed to be text: it is the only way in which a row of text has
    /// no value, and the rules for texts are for those that are there.
    empty_may_be_null: bool,
}

impl<'i> Keyword<'i> for OfType {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        verdict(self.is_valid(instance))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let holds = self.types.hold(instance);
        let other = instance.as_str().and_then(reading);
        match other.map(|other| other.is(self.types)) {
            Some(true) if !holds => note(instance, true),
            Some(true) if self.empty_may_be_null && instance == "" => {
                note(instance, true);
                true
            }
            Some(false) if holds => {
                note(instance, false);
                true
            }
            _ => holds,
        }
    }
}

struct OneOf(Vec<Wanted>);

/// A value of the schema, with the digits of those of its numbers that a double cannot stand for, by their pointers.
struct Wanted {
    value: Value,
    digits: BTreeMap<String, String>,
}

impl Wanted {
    fn new(value: Value, json: &str) -> Self {
        let numbers = ExactNumbers::of(json, false).unwrap_or_default();
        Self { value, digits: numbers.literals().map(|(pointer, literal)| (pointer.to_owned(), literal.to_owned())).collect() }
    }

    /// True if a value equals it. With `texts`, a text may count in its other reading, if that makes the values equal.
    fn is_like<'v>(&self, found: &'v Value, texts: &mut Option<Vec<&'v Value>>) -> bool {
        self.is_part_like(found, &self.value, "", texts)
    }

    /// `at` is where the part `wanted` of the value is.
    fn is_part_like<'v>(&self, found: &'v Value, wanted: &Value, at: &str, texts: &mut Option<Vec<&'v Value>>) -> bool {
        match (found, wanted) {
            (Value::Number(found), Value::Number(wanted)) => same_number(found, wanted),
            (Value::Array(found), Value::Array(wanted)) => {
                let mut pairs = found.iter().zip(wanted).enumerate();
                found.len() == wanted.len()
                    && pairs.all(|(index, (found, wanted))| self.is_part_like(found, wanted, &format!("{at}/{index}"), texts))
            }
            (Value::Object(found), Value::Object(wanted)) => {
                let mut member = |(name, found): (&String, &'v Value)| {
                    wanted.get(name).is_some_and(|wanted| self.is_part_like(found, wanted, &join(at, name), texts))
                };
                found.len() == wanted.len() && found.iter().all(&mut member)
            }
            (Value::String(text), wanted) if text_differs(text, wanted) => match texts {
                Some(texts) if reading(text).is_some_and(|other| other.equals(wanted)) && self.has_digits_of(text, at) => {
                    texts.push(found);
                    true
                }
                _ => false,
            },
            (found, wanted) => found == wanted,
        }
    }

    /// True if the number there, if it is one, is the one in the text, to the last digit.
    fn has_digits_of(&self, text: &str, at: &str) -> bool {
        let Some(number) = self.value.pointer(at).filter(|value| value.is_number()) else { return true };
        let literal = self.digits.get(at).cloned().unwrap_or_else(|| number.to_string());
        Decimal::read(text) == Decimal::read(&literal)
    }
}

impl<'i> Keyword<'i> for OneOf {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        verdict(self.is_valid(instance))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        if self.0.iter().any(|wanted| wanted.is_like(instance, &mut None)) {
            return true;
        }
        let mut texts = Some(Vec::new());
        let meant = self.0.iter().any(|wanted| {
            texts = Some(Vec::new());
            wanted.is_like(instance, &mut texts)
        });
        if !meant {
            return false;
        }
        texts.into_iter().flatten().fold(true, |_, text| note(text, true))
    }
}

fn text_differs(text: &str, wanted: &Value) -> bool {
    wanted.as_str() != Some(text)
}

fn verdict<'i>(valid: bool) -> Result<(), ValidationError<'i>> {
    if valid { Ok(()) } else { Err(ValidationError::custom("refused")) }
}
