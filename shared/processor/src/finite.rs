//! Whether all numbers of a value are finite. `serde_json` writes `null` for those that are not.

use std::fmt::{self, Display};

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};

/// True if `value` has no number that is `NaN` or infinite.
pub(crate) fn is_finite<T: Serialize + ?Sized>(value: &T) -> bool {
    value.serialize(Finite).is_ok()
}

/// Serializes to nothing, and fails at a number that is not finite.
struct Finite;

/// A number is not finite.
#[derive(Debug)]
struct NotFinite;

impl Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number is not finite")
    }
}

impl std::error::Error for NotFinite {}

impl serde::ser::Error for NotFinite {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Checked = Result<(), NotFinite>;

fn check<T: Serialize + ?Sized>(value: &T) -> Checked {
    value.serialize(Finite)
}

fn finite(is_finite: bool) -> Checked {
    if is_finite { Ok(()) } else { Err(NotFinite) }
}

/// Values that are no numbers with a point.
macro_rules! always {
    ($($name:ident($type:ty))*) => {
        $(fn $name(self, _: $type) -> Checked {
            Ok(())
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = NotFinite;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    always! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_f32(self, number: f32) -> Checked {
        finite(number.is_finite())
    }

    fn serialize_f64(self, number: f64) -> Checked {
        finite(number.is_finite())
    }

    fn serialize_none(self) -> Checked {
        Ok(())
    }

    fn serialize_unit(self) -> Checked {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        check(value)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Checked {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Checked {
        check(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, value: &T) -> Checked {
        check(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Checked {
        Ok(())
    }
}

/// The parts of a list, and of what is like one.
macro_rules! parts {
    ($($kind:ident::$method:ident)*) => {
        $(impl $kind for Finite {
            type Ok = ();
            type Error = NotFinite;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
                check(value)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

parts! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

impl SerializeMap for Finite {
    type Ok = ();
    type Error = NotFinite;

    /// A key is a text, or becomes one.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        check(value)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}

/// The members of a structure, and of a variant that is like one.
macro_rules! members {
    ($($kind:ident)*) => {
        $(impl $kind for Finite {
            type Ok = ();
            type Error = NotFinite;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Checked {
                check(value)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

members! { SerializeStruct SerializeStructVariant }

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use crate::{ItemError, Output};

    #[derive(Serialize)]
    enum Any {
        Nothing,
        One(f64),
        Two(f32, Option<f64>),
        Named { mean: f64, note: Option<&'static str> },
    }

    #[derive(Serialize)]
    struct Row<'a> {
        mean: Option<f64>,
        rows: &'a [Any],
        by_name: BTreeMap<&'static str, (i128, f64)>,
        kept: &'a RawValue,
        empty: (),
    }

    /// What is kept of a row with this number at one of its places. Other members of it are null in any case.
    fn kept(place: usize, number: f64) -> Result<Output, ItemError> {
        let at = |own| if place == own { number } else { 0.5 };
        let raw = RawValue::from_string(r#"{"a": null}"#.to_owned()).unwrap();
        let rows = [Any::Nothing, Any::One(at(0)), Any::Two(at(1) as f32, Some(at(2))), Any::Named { mean: at(3), note: None }];
        let by_name = BTreeMap::from([("null", (i128::MAX, at(5)))]);
        Output::json(&Row { mean: Some(at(4)), rows: &rows, by_name, kept: &raw, empty: () })
    }

    /// Bug found: the average of no rows is not a number, and was kept as null without a word. The kits refuse it.
    #[test]
    fn a_number_that_json_cannot_say_is_refused_wherever_it_is() {
        for place in 0..6 {
            for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let refused = kept(place, number).unwrap_err();
                assert!(matches!(&refused, ItemError::Permanent { code, .. } if code == "output"), "{place}: {refused:?}");
            }
        }
        assert!(matches!(kept(0, 1e30), Ok(Output::Json(_))), "a null that is meant is kept");
        assert!(Output::json(&f64::NAN).is_err() && Output::json(&[f32::NAN]).is_err());
        for value in [Value::Null, json!({"null": [null, 1.5, "NaN"]})] {
            let text = value.to_string();
            assert!(matches!(Output::json(&value), Ok(Output::Json(json)) if json.get() == text));
        }
    }
}
