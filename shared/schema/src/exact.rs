//! Numbers that a 64-bit number or a double cannot stand for: the digits are taken from the text of the item or the schema.
//!
//! The validator reads numbers as doubles where they do not fit into 64 bits, so it takes 0.1000000000000000000001 for 0.1. Items
//! and schemas with such numbers are rare. For them there is a second validator, whose keywords for numbers compare digit by digit
//! (`keywords`); the others keep the fast one.

mod keywords;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Number, Value};

use crate::decimal::Decimal;
use crate::pointer::is_at_or_within;
use crate::raw::{self, Raw};
use crate::refusal::Refusal;
use crate::text::reading;

pub(crate) use keywords::{DIGITS, KEYWORDS, with_exact_multiples, with_exact_numbers, written};

/// A number with fewer characters, and no exponent of two digits, is always read exactly.
const CHARS_MIN: usize = 16;

/// A number, with its digits.
#[derive(Debug)]
struct ExactNumber {
    literal: String,
    decimal: Decimal,
}

/// The numbers of an item that a double cannot stand for, by their pointers.
#[derive(Debug, Default)]
pub(crate) struct ExactNumbers(Vec<(String, Rc<ExactNumber>)>);

thread_local! {
    /// The numbers of the value that is being checked, by their addresses.
    static NUMBERS: RefCell<HashMap<usize, Rc<ExactNumber>>> = RefCell::default();
}

impl ExactNumbers {
    /// Looks for them in an item. With `texts`, also in texts that can be read as numbers.
    ///
    /// # Errors
    ///
    /// The pointer to a number whose exponent is too small to be read.
    pub(crate) fn of(item: &str, texts: bool) -> Result<Self, String> {
        let (mut numbers, mut unreadable) = (Vec::new(), None);
        if !may_have_any(item.as_bytes()) {
            return Ok(Self(numbers));
        }
        raw::each(item, &mut |pointer, raw| {
            let text = match raw {
                Raw::Number(literal) => Some(literal.into()),
                Raw::Text(text) if texts => raw::text(text).filter(|text| reading(text).is_some_and(|other| other.value.is_number())),
                Raw::Text(_) => None,
            };
            let Some(literal) = text.filter(|literal| !is_held(literal)) else { return };
            match Decimal::read(&literal) {
                Some(decimal) => numbers.push((pointer.to_owned(), Rc::new(ExactNumber { literal: literal.into_owned(), decimal }))),
                None => unreadable = Some(pointer.to_owned()),
            }
        });
        unreadable.map_or(Ok(Self(numbers)), Err)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each number's pointer and digits.
    pub(crate) fn literals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(pointer, number)| (pointer.as_str(), number.literal.as_str()))
    }

    /// Does something with a value, which may be the item with texts in their other reading. Meanwhile the keywords know the digits.
    pub(crate) fn around<R>(&self, value: &Value, work: impl FnOnce() -> R) -> R {
        let numbers = self.0.iter().filter_map(|(pointer, number)| {
            let found = value.pointer(pointer).filter(|value| value.is_number())?;
            Some((address(found), Rc::clone(number)))
        });
        NUMBERS.set(numbers.collect());
        let done = work();
        NUMBERS.take();
        done
    }
}

/// The numbers of a schema that a double cannot stand for.
#[derive(Debug, Default)]
pub(crate) struct SchemaDigits<'s> {
    schema: &'s str,
    pointers: Vec<String>,
}

impl<'s> SchemaDigits<'s> {
    /// Looks for them.
    ///
    /// # Errors
    ///
    /// A number's exponent is too small to be read.
    pub(crate) fn of(schema: &'s str) -> Result<Self, Refusal> {
        let numbers = ExactNumbers::of(schema, false);
        let numbers = numbers.map_err(|pointer| Refusal::new(pointer, "has an exponent below -1,000,000,000, which is not read"))?;
        Ok(Self { schema, pointers: numbers.0.into_iter().map(|(pointer, _)| pointer).collect() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    /// The value at this place as it is written, if there is such a number in it.
    pub(crate) fn within(&self, pointer: &str) -> Option<&'s str> {
        self.pointers.iter().any(|number| is_at_or_within(number, pointer)).then(|| raw::at(self.schema, pointer)).flatten()
    }
}

/// True if a number of the value that is being checked is known by its digits; otherwise what it is read as is exact.
fn exact(number: &Value) -> Option<Rc<ExactNumber>> {
    NUMBERS.with_borrow(|numbers| numbers.get(&address(number)).cloned())
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}

/// False only if every number, and every text that can be read as one, is surely held exactly.
fn may_have_any(json: &[u8]) -> bool {
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let has_exponent = |rest: &[u8]| match rest {
        [b'e' | b'E', b'+' | b'-', a, b, ..] | [b'e' | b'E', a, b, ..] => a.is_ascii_digit() && b.is_ascii_digit(),
        _ => false,
    };
    let mut run = 0;
    json.iter().enumerate().any(|(at, byte)| {
        let ended = run;
        run = if is_of_number(byte) { run + 1 } else { 0 };
        run >= CHARS_MIN || (run == 0 && ended > 0 && has_exponent(&json[at..]))
    })
}

/// True if the number is what it is read as.
fn is_held(literal: &str) -> bool {
    let Ok(number) = serde_json::from_str::<Number>(literal) else { return false };
    if number.is_i64() || number.is_u64() {
        return true;
    }
    let is_fraction = literal.contains(['.', 'e', 'E']);
    is_fraction && Decimal::read(literal).is_some_and(|decimal| Decimal::read(&number.to_string()) == Some(decimal))
}

#[cfg(test)]
mod tests;
