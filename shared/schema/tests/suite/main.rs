//! The test suite of the authors of JSON Schema, draft 2020-12: every verdict, every format, and every valid flat
//! object as rows of text. Where Headway deliberately differs, the case is listed here and in `docs/json-schema.md`. A
//! listed case that does not differ fails the test too.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod cases;
mod differences;

use std::collections::BTreeSet;
use std::sync::Arc;

use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Sandbox, Source};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use cases::groups;

fn sandbox() -> Sandbox {
    headway_schema::sandbox::use_program(env!("CARGO_BIN_EXE_headway-schema-child"));
    Sandbox::new(2)
}

/// `None`: the schema was refused.
async fn verdict(sandbox: &Sandbox, source: &Arc<Source>, item: &RawValue) -> Option<Checked> {
    match sandbox.check("u", source, item.to_owned()).await {
        Ok(checked) => Some(checked),
        Err(NoVerdict::Schema(_)) => None,
        Err(error) => panic!("{source:?}: {error}"),
    }
}

/// The verdicts of the suite and of Headway are the same, except for those listed.
#[tokio::test]
async fn verdicts_equal_those_of_the_suite() {
    let sandbox = sandbox();
    let (mut refused, mut differ, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for group in groups() {
        let source = Arc::new(Source::new(group.schema.get(), false));
        if sandbox.compile("u", &source).await.is_err() {
            refused.insert(group.name());
            count += group.cases.len();
            continue;
        }
        for case in &group.cases {
            count += 1;
            let valid = !matches!(verdict(&sandbox, &source, &case.data).await, Some(Checked::Misfit(_)));
            if valid != case.valid {
                differ.insert(format!("{} / {}", group.name(), case.description));
            }
        }
    }
    assert_eq!(count, 2_225);
    assert_same(&refused, differences::REFUSED, "schemas refused");
    assert_same(&differ, differences::OTHER_VERDICTS, "verdicts that differ");
}

/// A row of text for an object that the schema allows is typed and accepted.
#[tokio::test]
async fn valid_flat_objects_are_typed_and_accepted_as_text() {
    let sandbox = sandbox();
    let (mut rejected, mut count) = (BTreeSet::new(), 0);
    for group in groups() {
        let strict = Arc::new(Source::new(group.schema.get(), false));
        let source = Arc::new(Source::new(group.schema.get(), true));
        if sandbox.compile("u", &source).await.is_err() {
            continue;
        }
        for case in group.cases.iter().filter(|case| case.valid) {
            let Some(row) = as_text(&case.data) else { continue };
            count += 1;
            let name = format!("{} / {}", group.name(), case.description);
            let typed = match verdict(&sandbox, &source, &row).await.unwrap() {
                Checked::Fits(item) | Checked::Typed(item) => item,
                Checked::Misfit(_) => {
                    rejected.insert(name);
                    continue;
                }
            };
            // The output is allowed by the schema and has the meaning of the input.
            assert!(matches!(verdict(&sandbox, &strict, &typed).await, Some(Checked::Fits(_))), "{name}: {typed}");
            assert_eq!(as_text(&typed).unwrap().get(), row.get(), "{name}");
        }
    }
    assert!(count >= 89, "{count}");
    assert_same(&rejected, differences::REJECTED_AS_TEXT, "rows rejected as text");
}

/// The object with every value as in CSV; `None` if it is not a flat object.
fn as_text(item: &RawValue) -> Option<Box<RawValue>> {
    let members: serde_json::Map<String, Value> = serde_json::from_str(item.get()).ok()?;
    let raw: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(item.get()).ok()?;
    let text = |(name, value): (String, Value)| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => raw[&name].get().to_owned(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        Some((name, Value::String(text)))
    };
    let members: Option<serde_json::Map<_, _>> = members.into_iter().map(text).collect();
    members.filter(|members| !members.is_empty()).map(|members| to_raw_value(&members).unwrap())
}

fn assert_same(found: &BTreeSet<String>, listed: &[&str], what: &str) {
    let listed: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    let new: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(found).collect();
    assert!(new.is_empty() && gone.is_empty(), "{what}: not listed: {new:#?}\nlisted, but no longer so: {gone:#?}");
}
