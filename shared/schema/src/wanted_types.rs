//! Finds the texts of an item that a schema wants as another type. The schema is not analysed a second time for this.
//! Instead the validator itself runs, with `type`, `const` and `enum` replaced by keywords that record a text if they
//! refuse it but would accept its other reading. So this follows everything that the validator follows: references,
//! patterns of names, conditions, alternatives.

use std::cell::RefCell;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions, Validator};
use serde_json::{Map, Value};

use crate::text::{Types, reading, same_number};

/// How many texts of an item are recorded at most.
const NOTES_MAX: usize = 4_096;

/// A validator that records the texts which the schema wants as another type.
pub(crate) struct WantedTypesRecorder(Validator);

/// Texts, identified by their address.
#[derive(Debug, Default)]
struct Notes {
    /// True if a text passes when its other reading is accepted, so that the rest of the schema is checked too.
    lenient: bool,
    /// Refused as text, accepted in its other reading.
    to_convert: Vec<usize>,
    /// Accepted as text, refused in its other reading: a `not` around it reverses that.
    keep_as_text: Vec<usize>,
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
        if list.len() < NOTES_MAX && !list.contains(&address(value)) {
            list.push(address(value));
        }
        notes.lenient
    })
}

type NewKeyword<'a> = Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>>;

fn of_type<'a>(_: &'a Map<String, Value>, types: &'a Value, _: Location) -> NewKeyword<'a> {
    let types = Types::of_keyword(types).ok_or_else(|| ValidationError::custom("not a type"))?;
    Ok(Box::new(OfType(types)))
}

fn of_const<'a>(_: &'a Map<String, Value>, value: &'a Value, _: Location) -> NewKeyword<'a> {
    Ok(Box::new(OneOf(vec![value.clone()])))
}

fn of_enum<'a>(_: &'a Map<String, Value>, values: &'a Value, _: Location) -> NewKeyword<'a> {
    Ok(Box::new(OneOf(values.as_array().cloned().unwrap_or_default())))
}

struct OfType(Types);

impl<'i> Keyword<'i> for OfType {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        verdict(self.is_valid(instance))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let holds = self.0.hold(instance);
        let other = instance.as_str().and_then(reading);
        match other.map(|other| other.is(self.0)) {
            Some(true) if !holds => note(instance, true),
            Some(false) if holds => {
                note(instance, false);
                true
            }
            _ => holds,
        }
    }
}

struct OneOf(Vec<Value>);

impl<'i> Keyword<'i> for OneOf {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        verdict(self.is_valid(instance))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        if self.0.iter().any(|value| alike(instance, value, &mut None)) {
            return true;
        }
        let mut texts = Some(Vec::new());
        let meant = self.0.iter().any(|value| {
            texts = Some(Vec::new());
            alike(instance, value, &mut texts)
        });
        if !meant {
            return false;
        }
        texts.into_iter().flatten().fold(true, |_, text| note(text, true))
    }
}

/// True if two values are equal. With `texts`, a text may count in its other reading, if that makes the values equal.
fn alike<'v>(found: &'v Value, wanted: &Value, texts: &mut Option<Vec<&'v Value>>) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) => same_number(found, wanted),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| alike(found, wanted, texts))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            let member = |(name, found)| wanted.get(name).is_some_and(|wanted| alike(found, wanted, texts));
            found.len() == wanted.len() && found.iter().all(member)
        }
        (Value::String(text), wanted) if text_differs(text, wanted) => match texts {
            Some(texts) if reading(text).is_some_and(|other| other.equals(wanted)) => {
                texts.push(found);
                true
            }
            _ => false,
        },
        (found, wanted) => found == wanted,
    }
}

fn text_differs(text: &str, wanted: &Value) -> bool {
    wanted.as_str() != Some(text)
}

fn verdict<'i>(valid: bool) -> Result<(), ValidationError<'i>> {
    if valid { Ok(()) } else { Err(ValidationError::custom("refused")) }
}
