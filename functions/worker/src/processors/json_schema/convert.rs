//! Turns text into the types asked for by editing the item's own bytes: what is not converted is never written anew,
//! so that digits, order, spaces and duplicate members stay.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use headway::limits::ITEM_DEPTH_MAX;
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::plan::{Place, Plan, Types};

/// The item with its text converted; `None` if nothing was to convert. `item` is JSON.
pub(super) fn convert(plan: &Plan, item: &str) -> Option<String> {
    if plan.is_idle() {
        return None;
    }
    let mut walk = Walk { item, edits: Vec::new() };
    walk.value(item, &plan.root(), 0);
    walk.edited()
}

/// The JSON that `text` stands for among the types asked for; `None` leaves it text.
fn json_of(text: &str, asked: Types) -> Option<&str> {
    if asked.has(Types::STRING) {
        return None;
    }
    if text.is_empty() {
        return asked.has(Types::NULL).then_some("null");
    }
    let boolean = ["true", "false"].into_iter().find(|name| name.eq_ignore_ascii_case(text));
    if boolean.is_some() {
        return boolean.filter(|_| asked.has(Types::BOOLEAN));
    }
    let number = asked.has(Types::NUMBER) || (asked.has(Types::INTEGER) && is_whole(text));
    (number && is_json_number(text)).then_some(text)
}

/// A number of JSON's grammar within f64's range, and nothing around it.
fn is_json_number(text: &str) -> bool {
    let bare = text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.ends_with(|c: char| c.is_ascii_digit());
    bare && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// No exponent, and no fraction but zeros (`2004.0`, as data frames write a column with gaps).
fn is_whole(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    digits.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b == b'0')
}

/// A walk over an item along the plan, which notes what to replace.
struct Walk<'i> {
    item: &'i str,
    edits: Vec<(Range<usize>, String)>,
}

impl<'i> Walk<'i> {
    /// A value that cannot be read stays as it is: the check that follows names the reason.
    fn value(&mut self, raw: &'i str, place: &Place<'_>, depth: usize) {
        match raw.trim_start().as_bytes().first() {
            Some(b'"') => self.text(raw, place),
            Some(b'{') if place.looks_within() && depth < ITEM_DEPTH_MAX => {
                let mut from = serde_json::Deserializer::from_str(raw);
                for (name, value) in from.deserialize_map(Members).unwrap_or_default() {
                    self.value(value.get(), &place.member(&name), depth + 1);
                }
            }
            Some(b'[') if place.looks_within() && depth < ITEM_DEPTH_MAX => {
                let mut from = serde_json::Deserializer::from_str(raw);
                let place = place.element();
                for value in from.deserialize_seq(Elements).unwrap_or_default() {
                    self.value(value.get(), &place, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, raw: &'i str, place: &Place<'_>) {
        let Some(asked) = place.types() else { return };
        let Ok(Text(text)) = serde_json::from_str(raw) else { return };
        if let Some(json) = json_of(&text, asked) {
            let start = raw.as_ptr() as usize - self.item.as_ptr() as usize;
            self.edits.push((start..start + raw.len(), json.to_owned()));
        }
    }

    fn edited(self) -> Option<String> {
        if self.edits.is_empty() {
            return None;
        }
        let mut typed = String::with_capacity(self.item.len());
        let mut kept = 0;
        for (at, json) in self.edits {
            typed.push_str(&self.item[kept..at.start]);
            typed.push_str(&json);
            kept = at.end;
        }
        typed.push_str(&self.item[kept..]);
        Some(typed)
    }
}

/// A JSON text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(members)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(value) = seq.next_element()? {
            elements.push(value);
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::refs::Refs;
    use super::*;

    fn converted(schema: &Value, item: &str) -> Option<String> {
        convert(&Plan::new(&Refs::new(schema)), item)
    }

    /// What a cell becomes is what the typed output promises; what stays text is what the check then refuses.
    #[test]
    fn text_becomes_what_type_asks_for_or_stays() {
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
            (json!(["integer", "string"]), "5", None),
            (json!(["string", "null"]), "", None),
            (json!("object"), "{}", None),
        ];
        for (asked, text, expected) in table {
            let schema = json!({"properties": {"x": {"type": asked}}});
            let item = json!({"x": text}).to_string();
            let expected = expected.map(|json| format!("{{\"x\":{json}}}"));
            assert_eq!(converted(&schema, &item), expected, "{asked} of {text:?}");
        }
    }

    /// Nothing but the converted text may change: not the digits, spaces, order or escapes around it.
    #[test]
    fn the_rest_of_the_item_keeps_its_bytes() {
        let schema = json!({
            "$defs": {"count": {"type": "integer"}},
            "properties": {
                "n": {"$ref": "#/$defs/count"},
                "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "deep": {"allOf": [{"properties": {"list": {"items": {"type": "number"}}}}]},
            },
            "additionalProperties": {"type": "boolean"},
        });
        let item = r#" { "big":0.1000000000000000000000001, "n" : "\u0031\u0032", "n":"3" ,"either":"",
            "deep":{"list":["1.50", 2.50,"x"], "z":1e2}, "\u006e":"4", "flag":"TRUE" }"#;
        let typed = r#" { "big":0.1000000000000000000000001, "n" : 12, "n":3 ,"either":null,
            "deep":{"list":[1.50, 2.50,"x"], "z":1e2}, "\u006e":4, "flag":true }"#;
        assert_eq!(converted(&schema, item).as_deref(), Some(typed));
        assert_eq!(converted(&json!({"properties": {"n": {"type": "string"}}}), item), None);
        let narrowed = json!({"type": ["integer", "string"], "allOf": [{"type": "integer"}]});
        assert_eq!(converted(&narrowed, r#""5""#).as_deref(), Some("5"));
        assert_eq!(converted(&json!(true), item), None);
    }

    /// A schema of itself is walked as deep as the item goes, and ends.
    #[test]
    fn follows_a_recursive_schema() {
        let schema = json!({"properties": {"size": {"type": "integer"}, "children": {"items": {"$ref": "#"}}}, "allOf": [{"$ref": "#"}]});
        let item = r#"{"size":"1","children":[{"size":"2","children":[{"size":"3"}]}]}"#;
        assert_eq!(converted(&schema, item).unwrap(), r#"{"size":1,"children":[{"size":2,"children":[{"size":3}]}]}"#);
    }

    proptest! {
        /// Members of every kind, spaced in every way: exactly the integers' quotes go.
        #[test]
        fn only_the_quotes_of_integers_go(
            members in prop::collection::vec((0..4_usize, "-?[1-9][0-9]{0,40}", ".*", "[ \n\t]{0,2}"), 0..12)
        ) {
            let schema = json!({"patternProperties": {"^i": {"type": "string"}}, "properties": {"int": {"type": "integer"}}});
            let (mut item, mut expected) = ("{".to_owned(), "{".to_owned());
            for (at, (kind, digits, text, space)) in members.iter().enumerate() {
                let text = serde_json::to_string(text).unwrap();
                let (name, before, after) = match kind {
                    0 => ("int", format!("\"{digits}\""), digits.clone()),
                    1 => ("int", digits.clone(), digits.clone()),
                    2 => ("text", text.clone(), text.clone()),
                    _ => ("in", format!("[{text},{{\"int\":\"{digits}\"}}]"), format!("[{text},{{\"int\":\"{digits}\"}}]")),
                };
                let comma = if at == 0 { "" } else { "," };
                item.push_str(&format!("{comma}{space}\"{name}\"{space}:{space}{before}{space}"));
                expected.push_str(&format!("{comma}{space}\"{name}\"{space}:{space}{after}{space}"));
            }
            item.push('}');
            expected.push('}');
            prop_assert_eq!(converted(&schema, &item).unwrap_or(item), expected);
        }

        /// Whatever the item, what comes out is JSON, and converting twice changes nothing more.
        #[test]
        fn stays_json_and_settles(text in ".*", number in any::<f64>(), whole in any::<i64>()) {
            let schema = json!({"additionalProperties": {"type": ["number", "boolean", "null"]}});
            let item = json!({"a": text, "b": number.to_string(), "c": whole.to_string(), "": [text]}).to_string();
            let once = converted(&schema, &item).unwrap_or(item);
            prop_assert!(serde_json::from_str::<Value>(&once).is_ok());
            prop_assert_eq!(converted(&schema, &once), None);
        }
    }
}
