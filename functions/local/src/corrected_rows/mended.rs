//! An item with the cells that a person changed. A cell that is as it was keeps its JSON. A changed cell becomes what
//! its value was before: a text stays text, and anything else must be JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use headway_api::columns::{Members, REST, can_be_cell, members, object, rest_of, text_of};
use headway_api::csv;
use serde_json::value::RawValue;

use super::changed_cell::ChangedCell;
use crate::records::{Kind, Records};
use crate::shown_text::shown_text;

/// The item with the changed cells; `None` if none was changed.
///
/// # Errors
///
/// A changed cell cannot be a part of the item.
pub(super) fn mended(original: &RawValue, cells: &BTreeMap<String, String>, failed: &Records) -> Result<Option<String>, String> {
    match members(original) {
        Some(members) => mended_object(members, cells, failed),
        None => mended_value(original, cells, failed),
    }
}

/// The cells of an item's row, by column. An item that is no object has one.
pub(super) fn cells_of<'r>(original: &'r RawValue, failed: &'r Records) -> BTreeMap<&'r str, Cow<'r, str>> {
    let Some(Members(members)) = members(original) else { return BTreeMap::from([(REST, text_of(original))]) };
    let values: BTreeMap<String, &RawValue> = members.into_iter().collect();
    let cell = |name: &'r String| {
        let value = values.get(name).map(|value| text_of(value)).filter(|text| can_be_cell(text));
        (name.as_str(), value.unwrap_or_default())
    };
    failed.columns.names().iter().map(cell).collect()
}

/// The cells of an item's row that changed.
pub(super) fn changed_cells(original: &RawValue, cells: &BTreeMap<String, String>, failed: &Records) -> Vec<ChangedCell> {
    let names = || failed.columns.names().iter().map(String::as_str).collect();
    let (values, names): (BTreeMap<String, &RawValue>, Vec<&str>) = match members(original) {
        Some(Members(members)) => (members.into_iter().collect(), names()),
        // It was shown as JSON, which is not compared as a cell.
        None if !can_be_cell(&text_of(original)) => return Vec::new(),
        None => (BTreeMap::from([(REST.to_owned(), original)]), vec![REST]),
    };
    let changed = |column: &str| {
        let (cell, value) = (cells.get(column)?, values.get(column).copied().filter(|value| can_be_cell(&text_of(value))));
        let is_changed = !matches!(new_cell(value, cell, failed.kind(column)), New::Same);
        let old = || value.map(text_of).unwrap_or_default().into_owned();
        is_changed.then(|| ChangedCell { column: column.to_owned(), old: old(), new: csv::value_of(cell).into_owned() })
    };
    names.into_iter().filter_map(changed).collect()
}

fn mended_object(members: Members<'_>, cells: &BTreeMap<String, String>, failed: &Records) -> Result<Option<String>, String> {
    let names = failed.columns.names();
    let (mut own, mut rest): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    let mut changed = false;
    for (name, value) in members.0 {
        // A text that cannot be a cell is in the last column, like a member without a column.
        let has_cell = names.contains(&name) && can_be_cell(&text_of(value));
        let Some(cell) = cells.get(&name).filter(|_| has_cell) else {
            rest.push((name, value.to_owned()));
            continue;
        };
        match new_cell(Some(value), cell, failed.kind(&name)) {
            New::Same => own.push((name, value.to_owned())),
            New::Removed => changed = true,
            New::Unreadable => return Err(unreadable(&name, Some(value), cell)),
            New::Value(value) => {
                changed = true;
                own.push((name, value));
            }
        }
    }
    let shown = if rest.is_empty() { Cow::Borrowed("") } else { Cow::Owned(object(&rest)) };
    if let Some(cell) = cells.get(REST).filter(|cell| !is_same(cell, &shown)) {
        changed = true;
        let new = read_rest(cell)?;
        if let Some((name, _)) = rest.iter().find(|(name, _)| names.contains(name) && !new.iter().any(|(known, _)| known == name)) {
            return Err(format!(
                "its {name:?} is neither in a column of its own nor in {REST}: if the column was removed, download the failures again, and \
                 change only cells or remove whole rows"
            ));
        }
        rest = new;
    }
    let missing = names.iter().filter(|name| !own.iter().any(|(known, _)| known == *name));
    let mut added = Vec::new();
    for name in missing {
        // A member that was removed above is empty here too.
        let cell = cells.get(name).map_or("", String::as_str);
        let new = new_cell(None, cell, failed.kind(name));
        if matches!(new, New::Unreadable) {
            return Err(unreadable(name, None, cell));
        }
        if let New::Value(value) = new {
            if rest.iter().any(|(known, _)| known == name) {
                return Err(format!("its {name:?} is in the column {REST}, since no cell can hold that text: change or remove it there"));
            }
            changed = true;
            added.push((name.clone(), value));
        }
    }
    own.extend(rest);
    own.extend(added);
    Ok(changed.then(|| object(&own)))
}

/// An item that is no object is in the column `_item` alone.
fn mended_value(original: &RawValue, cells: &BTreeMap<String, String>, failed: &Records) -> Result<Option<String>, String> {
    let filled = |name: &String| cells.get(name).is_some_and(|cell| !cell.is_empty());
    if let Some(name) = failed.columns.names().iter().find(|name| filled(name)) {
        return Err(format!("the item is no object, so it has no {name:?}: change its column {REST}"));
    }
    let cell = cells.get(REST).map_or("", String::as_str);
    if !can_be_cell(&text_of(original)) {
        // It was shown as JSON.
        return match is_same(cell, &rest_of(original)) {
            true => Ok(None),
            false if cell.is_empty() => Err(emptied()),
            false => Ok(Some(json_of(cell).unwrap_or_else(|| text(&csv::value_of(cell))).get().to_owned())),
        };
    }
    match new_cell(Some(original), cell, None) {
        New::Same => Ok(None),
        New::Removed => Err(emptied()),
        New::Unreadable => Err(unreadable(REST, Some(original), cell)),
        New::Value(value) => Ok(Some(value.get().to_owned())),
    }
}

fn emptied() -> String {
    format!("its column {REST} is empty: to retry the item as it is, remove the row")
}

/// The members that have no column of their own.
fn read_rest(cell: &str) -> Result<Vec<(String, Box<RawValue>)>, String> {
    if cell.is_empty() {
        return Ok(Vec::new());
    }
    let Members(members) = serde_json::from_str(cell).map_err(|_| format!("its column {REST} is no JSON object"))?;
    Ok(members.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
}

enum New {
    Same,
    Removed,
    /// It is not JSON, and its value was no text.
    Unreadable,
    Value(Box<RawValue>),
}

fn new_cell(original: Option<&RawValue>, cell: &str, column: Option<Kind>) -> New {
    let shown = original.map_or(Cow::Borrowed(""), text_of);
    if is_same(cell, &shown) || original.is_some_and(|original| is_only_written_differently(original, cell)) {
        return New::Same;
    }
    let cell = &*csv::value_of(cell);
    match original.and_then(Kind::of).or(column) {
        None | Some(Kind::Json) if cell.is_empty() => New::Removed,
        Some(Kind::Json) => json_of(cell).map_or(New::Unreadable, New::Value),
        Some(Kind::Text | Kind::Mixed) if cell.is_empty() && original.is_none_or(|original| Kind::of(original).is_none()) => New::Removed,
        Some(Kind::Text | Kind::Mixed) => New::Value(text(cell)),
        // No item has a value there that could tell.
        None => New::Value(json_of(cell).unwrap_or_else(|| text(cell))),
    }
}

/// True if the cell shows this text: with or without the `'` before a formula, and however lines end.
fn is_same(cell: &str, shown: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    cell == shown || csv::value_of(cell) == shown || lines(&csv::value_of(cell)) == lines(shown)
}

/// Spreadsheets write `TRUE` for `true`, and `100` for `1.0e2`.
fn is_only_written_differently(original: &RawValue, cell: &str) -> bool {
    let (original, cell) = (original.get(), cell.trim());
    match original {
        "true" | "false" => original.eq_ignore_ascii_case(cell),
        _ if original.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => same_number(original, cell),
        _ => false,
    }
}

/// True if both are the same number, and no digit of it is lost.
pub(super) fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).ok().and_then(|number| number.as_f64());
    // Beyond 15 digits two numbers can be the same to a computer and different to a person.
    let exact = digits(one) <= 15 && digits(other) <= 15;
    one == other || (exact && number(one).is_some() && number(one) == number(other))
}

/// JSON as it is, and `TRUE` and `FALSE` as spreadsheets write them; `None` for anything else.
fn json_of(cell: &str) -> Option<Box<RawValue>> {
    let cell = &*csv::value_of(cell);
    let trimmed = cell.trim();
    let lower = trimmed.to_ascii_lowercase();
    let json = if matches!(lower.as_str(), "true" | "false") { lower.as_str() } else { trimmed };
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
    is_json.then(|| RawValue::from_string(json.to_owned()).ok()).flatten()
}

/// A number would silently become a text if the cell was taken as it is.
fn unreadable(column: &str, original: Option<&RawValue>, cell: &str) -> String {
    let cell = &*csv::value_of(cell);
    let with_point = cell.trim().replace(',', ".");
    let is_number = serde_json::from_str::<serde_json::Number>(&with_point).is_ok();
    let remedy = match original.map(RawValue::get) {
        _ if is_number => format!("write {with_point}"),
        Some("true" | "false") => "write true or false".to_owned(),
        Some(number) if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => "write a number such as 13.5".to_owned(),
        _ => "write it as JSON".to_owned(),
    };
    let was = original
        .map_or_else(|| "the other items have numbers or other JSON there".to_owned(), |was| format!("it was {}", shown_text(was.get())));
    format!("its {} is now {}, but {was}: {remedy}; to send it as a text, put \" before and after it", shown_text(column), shown_text(cell))
}

fn text(cell: &str) -> Box<RawValue> {
    let json = serde_json::Value::from(cell).to_string();
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
