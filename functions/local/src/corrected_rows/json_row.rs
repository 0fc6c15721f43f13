//! A row of NDJSON beside its item. Programs that read JSON write numbers anew: `1.5` for `1.50`, and `12345678901234567000` for
//! `12345678901234567890`.

use std::collections::{BTreeMap, BTreeSet};

use headway_api::columns::{Members, REST, members, object, text_of};
use headway_api::rewritten_cells::{is_rewritten, may_be_blamed};
use serde_json::value::RawValue;

use super::changed_cell::ChangedCell;
use super::mended::same_number;

/// What a row says of its item.
#[derive(Debug, Default)]
pub(super) struct JsonRow {
    /// The item's new value, in which numbers that are only written differently are as they were.
    pub(super) value: String,
    /// The members that changed, by their names.
    pub(super) changed: Vec<ChangedCell>,
    /// Numbers that a program seems to have rewritten.
    pub(super) rewritten: Vec<ChangedCell>,
}

/// How the item's numbers are read.
struct Reading<'a> {
    /// True if numbers that a program seems to have rewritten are new values.
    keeps: bool,
    /// The item's error.
    message: &'a str,
    rewritten: Vec<ChangedCell>,
}

impl JsonRow {
    /// Compares the item with its new value. Unless `keeps`, numbers that a program seems to have rewritten are as they were.
    pub(super) fn of(old: &RawValue, new: &RawValue, message: &str, keeps: bool) -> JsonRow {
        let mut reading = Reading { keeps, message, rewritten: Vec::new() };
        let value = reading.value(old, new, "");
        let plain = |value: &RawValue| Reading { keeps: true, message, rewritten: Vec::new() }.value(value, value, "");
        let as_written = [plain(old), value.clone()].map(RawValue::from_string);
        let changed = if let [Ok(old), Ok(value)] = &as_written { changed_members(old, value) } else { Vec::new() };
        let value = [old, new].into_iter().find(|as_it_is| plain(as_it_is) == value).map_or(value, |as_it_is| as_it_is.get().to_owned());
        JsonRow { value, changed, rewritten: reading.rewritten }
    }
}

impl Reading<'_> {
    /// The new value at a place within the member `column`; empty for the item itself.
    fn value(&mut self, old: &RawValue, new: &RawValue, column: &str) -> String {
        if let (Some(Members(before)), Some(Members(after))) = (members(old), members(new)) {
            let before: BTreeMap<String, &RawValue> = before.into_iter().collect();
            let member = |(name, new): (String, &RawValue)| {
                let old = before.get(&name).copied();
                let column = if column.is_empty() { &name } else { column };
                let value = old.map_or_else(|| new.get().to_owned(), |old| self.value(old, new, column));
                Some((name, RawValue::from_string(value).ok()?))
            };
            return object(&after.into_iter().filter_map(member).collect::<Vec<_>>());
        }
        if let (Some(before), Some(after)) = (elements(old), elements(new))
            && before.len() == after.len()
        {
            let values: Vec<String> = before.into_iter().zip(after).map(|(old, new)| self.value(old, new, column)).collect();
            return format!("[{}]", values.join(","));
        }
        if is_number(old) && is_number(new) && old.get() != new.get() {
            return self.number(old.get(), new.get(), column).to_owned();
        }
        if text_of(old) == text_of(new) && old.get().starts_with('"') == new.get().starts_with('"') { old } else { new }.get().to_owned()
    }

    fn number<'n>(&mut self, old: &'n str, new: &'n str, column: &str) -> &'n str {
        if same_number(old, new) {
            return old;
        }
        if self.keeps || !is_rewritten(old, new, may_be_blamed(column, self.message)) {
            return new;
        }
        let column = if column.is_empty() { REST } else { column };
        self.rewritten.push(ChangedCell { column: column.to_owned(), old: old.to_owned(), new: new.to_owned() });
        old
    }
}

/// The members that differ, by name. A value that is no object is one.
fn changed_members(old: &RawValue, new: &RawValue) -> Vec<ChangedCell> {
    let cell = |column: &str, old: Option<&RawValue>, new: Option<&RawValue>| {
        let text = |value: Option<&RawValue>| value.map(text_of).unwrap_or_default().into_owned();
        let is_changed = old.map(RawValue::get) != new.map(RawValue::get);
        is_changed.then(|| ChangedCell { column: column.to_owned(), old: text(old), new: text(new) })
    };
    let (Some(Members(before)), Some(Members(after))) = (members(old), members(new)) else {
        return cell(REST, Some(old), Some(new)).into_iter().collect();
    };
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) = (before.into_iter().collect(), after.into_iter().collect());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter_map(|name| cell(name, before.get(name).copied(), after.get(name).copied())).collect()
}

fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

fn is_number(value: &RawValue) -> bool {
    value.get().starts_with(|c: char| c == '-' || c.is_ascii_digit())
}
