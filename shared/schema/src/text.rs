//! The other readings of a text, when all values are text, as from CSV. Each text has at most one other reading, so the
//! only question is whether to use it. The schema decides that, see `wanted_types`.

use std::fmt;

use jsonschema::JsonType;
use serde_json::{Number, Value};

use crate::decimal::Decimal;

/// The other reading of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypedText {
    pub(crate) value: Value,
    /// True if it may be an integer: no exponent, and only zeros as a fraction. `1E+05` is a number that a spreadsheet
    /// has rounded; data frames write `2004.0` in a column with gaps.
    pub(crate) whole: bool,
}

/// The types that a schema wants, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u8);

const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 4;
const NUMBER: u8 = 8;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

/// The empty text can be `null`; `true` and `false` in any case can be booleans; a number must be written as in JSON:
/// without zeros in front, with no sign but `-`, and with nothing around it.
pub(crate) fn reading(text: &str) -> Option<TypedText> {
    match text.as_bytes().first() {
        None => Some(TypedText { value: Value::Null, whole: false }),
        Some(b'-' | b'0'..=b'9') => number(text),
        Some(b't' | b'T') if text.eq_ignore_ascii_case("true") => Some(TypedText { value: true.into(), whole: false }),
        Some(b'f' | b'F') if text.eq_ignore_ascii_case("false") => Some(TypedText { value: false.into(), whole: false }),
        _ => None,
    }
}

/// A number as in JSON's grammar, within f64's range.
fn number(text: &str) -> Option<TypedText> {
    if !text.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: Number = serde_json::from_str(text).ok()?;
    // A text with an exponent that nobody reads stays a text.
    Decimal::read(text)?;
    Some(TypedText { value: Value::Number(number), whole: is_whole(text) })
}

fn is_whole(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    digits.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0')
}

impl TypedText {
    /// As JSON: a number keeps its digits.
    pub(crate) fn json<'t>(&self, text: &'t str) -> &'t str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            _ => text,
        }
    }

    /// True if it has one of these types.
    pub(crate) fn is(&self, types: Types) -> bool {
        let one_of = match &self.value {
            Value::Null => NULL,
            Value::Bool(_) => BOOLEAN,
            _ if self.whole => INTEGER | NUMBER,
            _ => NUMBER,
        };
        types.0 & one_of != 0
    }

    /// True if it equals this value. An integer must be written as one.
    pub(crate) fn equals(&self, value: &Value) -> bool {
        match (&self.value, value) {
            (Value::Number(mine), Value::Number(other)) => {
                let integer = other.is_i64() || other.is_u64();
                same_number(mine, other) && (self.whole || !integer)
            }
            (mine, other) => mine == other,
        }
    }
}

impl Types {
    pub(crate) const ALL: Self = Self(NULL | BOOLEAN | INTEGER | NUMBER | STRING | ARRAY | OBJECT);
    pub(crate) const NUMBERS: Self = Self(INTEGER | NUMBER);
    pub(crate) const STRINGS: Self = Self(STRING);
    pub(crate) const ARRAYS: Self = Self(ARRAY);
    pub(crate) const OBJECTS: Self = Self(OBJECT);

    /// The types in the value of a `type` keyword; `None` if it is not valid.
    pub(crate) fn of_keyword(keyword: &Value) -> Option<Self> {
        match keyword {
            Value::String(name) => Self::named(name),
            Value::Array(names) => names.iter().try_fold(Self(0), |all, name| Some(Self(all.0 | Self::named(name.as_str()?)?.0))),
            _ => None,
        }
    }

    /// These types.
    pub(crate) fn of(types: impl IntoIterator<Item = JsonType>) -> Self {
        Self(types.into_iter().filter_map(|one| Self::named(one.as_str())).fold(0, |all, one| all | one.0))
    }

    fn named(name: &str) -> Option<Self> {
        Some(Self(match name {
            "null" => NULL,
            "boolean" => BOOLEAN,
            "integer" => INTEGER,
            "number" => NUMBER,
            "string" => STRING,
            "array" => ARRAY,
            "object" => OBJECT,
            _ => return None,
        }))
    }

    /// The types that are in both.
    pub(crate) fn both(self, other: Self) -> Self {
        // An integer is a number.
        let wide = |types: Self| if types.0 & NUMBER != 0 { types.0 | INTEGER } else { types.0 };
        let both = wide(self) & wide(other);
        Self(if both & NUMBER != 0 { both & !INTEGER } else { both })
    }

    /// True if some value can have a type of both.
    pub(crate) fn meet(self, other: Self) -> bool {
        !self.both(other).is_none()
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// True if a number has one of these types.
    pub(crate) fn hold_number(self, is_whole: bool) -> bool {
        self.0 & (if is_whole { INTEGER | NUMBER } else { NUMBER }) != 0
    }

    pub(crate) fn has_text(self) -> bool {
        self.0 & STRING != 0
    }

    /// True if a value has one of these types.
    pub(crate) fn hold(self, value: &Value) -> bool {
        let one_of = match value {
            Value::Null => NULL,
            Value::Bool(_) => BOOLEAN,
            Value::Number(number) => return self.hold_number(number.as_f64().is_none_or(|number| number.fract() == 0.0)),
            Value::String(_) => STRING,
            Value::Array(_) => ARRAY,
            Value::Object(_) => OBJECT,
        };
        self.0 & one_of != 0
    }
}

/// `an integer or null`.
impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (ARRAY, "an array"),
            (BOOLEAN, "a boolean"),
            (INTEGER, "an integer"),
            (NULL, "null"),
            (NUMBER, "a number"),
            (OBJECT, "an object"),
            (STRING, "a string"),
        ];
        let names: Vec<_> = all.into_iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name).collect();
        f.write_str(&names.join(" or "))
    }
}

/// True if two numbers are equal, however they are written.
pub(crate) fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The typed output promises what a cell is converted to. A text that is not converted is then refused by the
    /// check.
    #[test]
    fn text_is_read_as_wanted_or_not_at_all() {
        let long = "12345678901234567890123456789012345678901234567890";
        let table = [
            (json!("integer"), "2004", Some("2004")),
            (json!("integer"), "-7", Some("-7")),
            (json!("integer"), long, Some(long)),
            (json!("integer"), "2004.0", Some("2004.0")),
            (json!("integer"), "2004.5", None),
            (json!("integer"), "1E+05", None),
            (json!("integer"), "007", None),
            (json!("integer"), "+7", None),
            (json!("integer"), " 7", None),
            (json!("integer"), "7 ", None),
            (json!("integer"), "1,000", None),
            (json!("integer"), "NA", None),
            (json!("integer"), "", None),
            (json!("integer"), "-", None),
            (json!("number"), "0.10", Some("0.10")),
            (json!("number"), "1E+05", Some("1E+05")),
            (json!("number"), "1e999", None),
            (json!("number"), ".5", None),
            (json!("number"), "5.", None),
            (json!("number"), "NaN", None),
            (json!("boolean"), "TRUE", Some("true")),
            (json!("boolean"), "False", Some("false")),
            (json!("boolean"), "1", None),
            (json!("null"), "", Some("null")),
            (json!("null"), "null", None),
            (json!(["integer", "null"]), "", Some("null")),
            (json!(["integer", "null"]), "5", Some("5")),
            (json!(["integer", "boolean"]), "true", Some("true")),
            (json!("object"), "{}", None),
        ];
        for (asked, text, expected) in table {
            let types = Types::of_keyword(&asked).unwrap();
            let found = reading(text).filter(|reading| reading.is(types));
            assert_eq!(found.as_ref().map(|reading| reading.json(text)), expected, "{asked} of {text:?}");
        }
    }

    #[test]
    fn equals_by_value_but_an_integer_is_written_as_one() {
        let equal = |text: &str, value: Value| reading(text).unwrap().equals(&value);
        assert!(equal("5", json!(5)) && equal("5.0", json!(5)) && equal("5", json!(5.0)) && equal("1E+05", json!(100_000.0)));
        assert!(!equal("1E+05", json!(100_000)) && !equal("5", json!("5")) && !equal("5", json!(6)));
        assert!(equal("18446744073709551615", json!(u64::MAX)) && !equal("18446744073709551614", json!(u64::MAX)));
        assert!(equal("", json!(null)) && equal("TRUE", json!(true)) && !equal("true", json!(false)));
    }
}
