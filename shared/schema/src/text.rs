//! What a text may stand for when all that came is text, as from CSV. Each text has one other reading at most, so that
//! the question is only whether to take it: the schema answers that, see `asked`.

use serde_json::{Number, Value};

/// What a text may stand for besides itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) value: Value,
    /// Whether it may stand for an integer: no exponent, and no fraction but zeros. `1E+05` is what a spreadsheet has left
    /// of some other number; `2004.0` is how data frames write a column with gaps.
    pub(crate) whole: bool,
}

/// Types that a schema asks for, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u8);

const NULL: u8 = 1;
const BOOLEAN: u8 = 2;
const INTEGER: u8 = 4;
const NUMBER: u8 = 8;
const STRING: u8 = 16;
const ARRAY: u8 = 32;
const OBJECT: u8 = 64;

/// `null` is the empty text, `true` and `false` are those words in any case, a number is what JSON writes as one: no
/// zeros in front, no sign but `-`, nothing around it.
pub(crate) fn reading(text: &str) -> Option<Reading> {
    match text.as_bytes().first() {
        None => Some(Reading { value: Value::Null, whole: false }),
        Some(b'-' | b'0'..=b'9') => number(text),
        Some(b't' | b'T') if text.eq_ignore_ascii_case("true") => Some(Reading { value: true.into(), whole: false }),
        Some(b'f' | b'F') if text.eq_ignore_ascii_case("false") => Some(Reading { value: false.into(), whole: false }),
        _ => None,
    }
}

/// A number of JSON's grammar within f64's range.
fn number(text: &str) -> Option<Reading> {
    if !text.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: Number = serde_json::from_str(text).ok()?;
    Some(Reading { value: Value::Number(number), whole: is_whole(text) })
}

fn is_whole(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    digits.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0')
}

impl Reading {
    /// As JSON: a number keeps its digits.
    pub(crate) fn json<'t>(&self, text: &'t str) -> &'t str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            _ => text,
        }
    }

    /// Whether it is of one of these types.
    pub(crate) fn is(&self, types: Types) -> bool {
        let one_of = match &self.value {
            Value::Null => NULL,
            Value::Bool(_) => BOOLEAN,
            _ if self.whole => INTEGER | NUMBER,
            _ => NUMBER,
        };
        types.0 & one_of != 0
    }

    /// Whether it is this value. An integer has to be written as one.
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
    /// The value of a `type` keyword; `None` if it is none.
    pub(crate) fn of_keyword(keyword: &Value) -> Option<Self> {
        match keyword {
            Value::String(name) => Self::named(name),
            Value::Array(names) => names.iter().try_fold(Self(0), |all, name| Some(Self(all.0 | Self::named(name.as_str()?)?.0))),
            _ => None,
        }
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

    pub(crate) fn has_text(self) -> bool {
        self.0 & STRING != 0
    }

    /// Whether a value is of one of these types.
    pub(crate) fn hold(self, value: &Value) -> bool {
        let one_of = match value {
            Value::Null => NULL,
            Value::Bool(_) => BOOLEAN,
            Value::Number(number) if number.as_f64().is_none_or(|number| number.fract() == 0.0) => INTEGER | NUMBER,
            Value::Number(_) => NUMBER,
            Value::String(_) => STRING,
            Value::Array(_) => ARRAY,
            Value::Object(_) => OBJECT,
        };
        self.0 & one_of != 0
    }
}

/// Whether two numbers are the same, however they are written.
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

    /// What a cell becomes is what the typed output promises; what stays text is what the check then refuses.
    #[test]
    fn text_is_read_as_asked_or_not_at_all() {
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
