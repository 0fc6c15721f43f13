//! A file of corrected rows, as `headway failures --columns items` gave it and a person changed it: its rows by the
//! items' indexes, and the items' new values.

mod changed_cell;
mod changed_columns;
mod json_row;
mod mended;
mod moved_rows;
mod other_errors;
mod shown_columns;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use headway_api::columns::{Members, REST};
use headway_api::csv;
use headway_api::json;
use headway_api::rewritten_cells::{is_rewritten, may_be_blamed};
use headway_core::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};
use serde_json::value::RawValue;

use self::changed_cell::ChangedCell;
pub use self::changed_columns::ChangedColumns;
use self::json_row::JsonRow;
use self::mended::{cells_of, changed_cells, mended};
use self::moved_rows::{MovedRows, check_id};
use self::other_errors::OtherErrors;
use self::shown_columns::{ERROR, ID, INDEX};
pub use self::shown_columns::{SHOWN, shown_cells};
use crate::error::CommandError;
use crate::input::{Format, InputError, Opened, Place, Source};
use crate::records::{Record, Records};
use crate::shown_text::shown_text;

/// The rows of a file, by the items' indexes.
#[derive(Debug)]
pub struct CorrectedRows {
    rows: BTreeMap<u64, (Place, Row)>,
    /// The columns of a CSV file, as it has them.
    header: Option<Vec<String>>,
    opened: Opened,
}

/// What a row says about its item.
#[derive(Debug, Clone)]
enum Row {
    /// The text in each column.
    Cells(BTreeMap<String, String>),
    /// The item's value, and its id and error if the row has them.
    Value { item: Box<RawValue>, id: Option<String>, error: Option<String> },
}

/// An item's new value.
#[derive(Debug)]
pub struct NewValue {
    /// The item's index.
    pub index: u64,
    /// Its new value.
    pub item: Box<RawValue>,
}

/// What a file changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// The items that get new values, in order.
    pub values: Vec<NewValue>,
    /// How many failed items there are.
    pub failed: u64,
    /// Items that got a new value before, which stays: the file has no row of them, or one that is as it was.
    pub kept: u64,
    /// The columns in which cells changed.
    pub columns: ChangedColumns,
}

/// What to do with cells that a spreadsheet seems to have rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Rewritten {
    /// They are corrections like others.
    Keep,
    /// The items keep the values from before.
    Undo,
}

impl CorrectedRows {
    /// Reads the whole file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, a row has no index, or two rows have the same; with the line.
    pub fn read(source: Source) -> Result<CorrectedRows, CommandError> {
        let source = source.around_items();
        let opened = source.open()?;
        let mut read = CorrectedRows { rows: BTreeMap::new(), header: None, opened: opened.clone() };
        read.read_rows(source.reading.format == Format::Csv).map_err(|error| error.of_file(opened.name()))?;
        if read.rows.is_empty() {
            return Err(InputError::File("it has no rows: leave --with out to retry every failed item as it is".to_owned())
                .of_file(opened.name())
                .into());
        }
        Ok(read)
    }

    fn read_rows(&mut self, is_csv: bool) -> Result<(), InputError> {
        let (mut items, mut item) = (self.opened.first()?, Vec::new());
        while let Some(place) = items.next(&mut item)? {
            let (index, row) = if is_csv { self.cells(&item, place)? } else { value(&item, place)? };
            if let Some((first, _)) = self.rows.insert(index, (place, row)) {
                return Err(at(place, format!("item {index} is also in line {}: keep one of the two rows", first.line)));
            }
        }
        Ok(())
    }

    /// A row of CSV.
    fn cells(&mut self, item: &[u8], place: Place) -> Result<(u64, Row), InputError> {
        let cells: Vec<(String, String)> = pairs(item).map_err(|error| at(place, error.to_string()))?;
        let header = self.header.get_or_insert_with(|| cells.iter().map(|(name, _)| name.clone()).collect());
        if !header.iter().any(|name| name == INDEX) {
            let what =
                "there is no column _index, which says which item a row is: keep the columns that `headway failures --columns items` gave";
            return Err(InputError::File(what.to_owned()));
        }
        let cells: BTreeMap<String, String> = header.iter().cloned().zip(cells.into_iter().map(|(_, text)| text)).collect();
        let index = cells.get(INDEX).map(|text| text.trim()).unwrap_or_default();
        let parsed = index.parse().map_err(|_| at(place, format!("its _index is {index:?}, and not the index of an item")))?;
        Ok((parsed, Row::Cells(cells)))
    }

    /// The line of an item's row.
    #[must_use]
    pub fn line_of(&self, index: u64) -> Option<u64> {
        self.rows.get(&index).map(|(place, _)| place.line)
    }

    /// What the file changes in the job's failed items. Nothing is sent. With `replace` a row that is as it was replaces a new value
    /// that its item got before.
    ///
    /// # Errors
    ///
    /// The columns are not those of the failures, a row is of an item that has not failed, a new value cannot be an item, or
    /// a spreadsheet seems to have rewritten cells and `rewritten` does not say what to do; with the line.
    pub fn changes(&self, failed: &Records, rewritten: Option<Rewritten>, replace: bool) -> Result<Changes, CommandError> {
        self.changes_of(failed, rewritten, replace).map_err(|error| match error {
            CommandError::Input(error) => error.of_file(self.opened.name()).into(),
            other => other,
        })
    }

    fn changes_of(&self, failed: &Records, rewritten: Option<Rewritten>, replace: bool) -> Result<Changes, CommandError> {
        if failed.pull()?.record::<Record>()?.is_none() {
            let what = "no item has failed in the job's current round, so there is nothing to retry with new values";
            return Err(InputError::File(what.to_owned()).into());
        }
        let names = self.names_for(failed)?;
        let (mut changes, mut left) = (Changes::default(), self.rows.keys().copied().collect::<BTreeSet<u64>>());
        let (mut moved, mut errors) = (MovedRows::default(), OtherErrors::default());
        failed.each(|record| {
            changes.failed += 1;
            left.remove(&record.index);
            let Some((place, row)) = self.rows.get(&record.index) else {
                changes.kept += u64::from(record.corrected);
                return Ok(());
            };
            let row = named(row, &names);
            let has_id = check_id(&record, id_in(&row).as_deref()).map_err(|what| at(*place, what))?;
            let cells = cells_that_changed(&record, &row, failed);
            errors.add(&record, error_in(&row), &cells);
            if let Some(original) = record.value().filter(|_| !has_id) {
                moved.add(&cells, || cells_of(original, failed));
            }
            let row = counted_in(&row, cells, &record, *place, rewritten, &mut changes.columns)?;
            match new_value(&record, &row, failed).map_err(|what| at(*place, what))? {
                // The file shows the value that failed, whether or not it got a new one.
                None if record.corrected && replace => changes.values.extend(record.value().map(|item| as_it_was(&record, item))),
                None => changes.kept += u64::from(record.corrected),
                Some(item) => changes.values.push(checked(record.index, item, *place)?),
            }
            Ok(())
        })?;
        self.check_all_failed(&left)?;
        match suspicion(&changes.columns, &moved, &errors, rewritten) {
            None => Ok(changes),
            Some(what) => Err(InputError::File(what).into()),
        }
    }

    /// All rows must be of failed items: `left` has the others' indexes.
    fn check_all_failed(&self, left: &BTreeSet<u64>) -> Result<(), InputError> {
        let Some((place, index)) = left.iter().find_map(|index| Some((self.rows.get(index)?.0, index))) else { return Ok(()) };
        let what = format!(
            "item {index} is not among the failed items of the job's current round: is the file of an earlier round or of another job?"
        );
        Err(at(place, what))
    }

    /// The names of the file's columns that differ, by the names that it has: with `--cells raw` they are as they are, otherwise without the
    /// `'` before a formula.
    fn names_for(&self, failed: &Records) -> Result<BTreeMap<String, String>, InputError> {
        let Some(header) = &self.header else { return Ok(BTreeMap::new()) };
        let known = failed.columns.header(&SHOWN);
        let is_raw = header.iter().all(|name| name == REST || known.contains(&name.as_str()));
        let name = |name: &String| if is_raw { name.clone() } else { csv::value_of(name).into_owned() };
        let names: Vec<String> = header.iter().map(name).collect();
        check_header(&names, &known)?;
        Ok(header.iter().cloned().zip(names).filter(|(own, name)| own != name).collect())
    }
}

/// All columns of the failed items must be there, since a missing one could mean that its values are to be removed. In a
/// table from the API the members of some are in `_item` instead; then each item is checked by itself.
fn check_header(header: &[String], known: &[&str]) -> Result<(), InputError> {
    let again = "download the failures again, and change only cells or remove whole rows";
    if let Some(other) = header.iter().find(|name| !known.contains(&name.as_str()) && *name != REST) {
        return Err(InputError::File(format!("there is a column {other:?}, which the failed items do not have: {again}")));
    }
    let has_rest = header.iter().any(|name| name == REST);
    let needed = |name: &&&str| **name == INDEX || !has_rest && !SHOWN.contains(name);
    match known.iter().filter(needed).find(|name| !header.iter().any(|there| there == **name)) {
        Some(missing) => Err(InputError::File(format!("the column {missing:?} is missing: {again}"))),
        None => Ok(()),
    }
}

/// The row with these names for its columns.
fn named<'a>(row: &'a Row, names: &BTreeMap<String, String>) -> Cow<'a, Row> {
    match row {
        Row::Cells(cells) if !names.is_empty() => {
            Cow::Owned(Row::Cells(cells.iter().map(|(name, cell)| (names.get(name).unwrap_or(name).clone(), cell.clone())).collect()))
        }
        _ => Cow::Borrowed(row),
    }
}

/// What looks wrong in the whole file, unless the user has said what to do.
fn suspicion(columns: &ChangedColumns, moved: &MovedRows, errors: &OtherErrors, rewritten: Option<Rewritten>) -> Option<String> {
    if errors.are_most() && rewritten != Some(Rewritten::Keep) {
        return Some(format!(
            "most rows have another {ERROR} than their items have now, and nothing was sent: is the file of an earlier round or of another \
             job? Download the failures again. If you wrote into {ERROR} yourself, remove that column, or use --rewritten keep"
        ));
    }
    let same = moved.column().map(|column| format!("the column {} has the same values", shown_text(column)));
    let same = same.or_else(|| moved.are_exchanged().then(|| "the changed rows have the same values".to_owned()));
    if let Some(same) = same.filter(|_| rewritten != Some(Rewritten::Keep)) {
        return Some(format!(
            "{same} as before, but in other rows, and nothing was sent: were the rows sorted without the column {INDEX}? Sort all columns \
             together, or download the failures again. If the new values are right, --rewritten keep takes them"
        ));
    }
    let columns = columns.rewritten().filter(|_| rewritten.is_none())?;
    Some(format!(
        "a spreadsheet or another program seems to have rewritten values, and nothing was sent:\n  {columns}\n  --rewritten undo keeps those from before, \
         --rewritten keep takes the new ones"
    ))
}

/// The id that the row shows.
fn id_in(row: &Row) -> Option<Cow<'_, str>> {
    match row {
        Row::Cells(cells) => cells.get(ID).map(|cell| csv::value_of(cell)),
        Row::Value { id, .. } => id.as_deref().map(Cow::Borrowed),
    }
}

/// The error that the row shows.
fn error_in(row: &Row) -> Option<&String> {
    match row {
        Row::Cells(cells) => cells.get(ERROR),
        Row::Value { error, .. } => error.as_ref(),
    }
}

fn cells_that_changed(record: &Record, row: &Row, failed: &Records) -> Vec<ChangedCell> {
    match (row, record.value()) {
        (Row::Cells(cells), Some(original)) => changed_cells(original, cells, failed),
        _ => Vec::new(),
    }
}

/// The row, with its changed cells counted. What a spreadsheet or another program seems to have rewritten is as it was before, unless the new
/// values are to be kept.
fn counted_in<'a>(
    row: &'a Row,
    changed: Vec<ChangedCell>,
    record: &Record,
    place: Place,
    rewritten: Option<Rewritten>,
    columns: &mut ChangedColumns,
) -> Result<Cow<'a, Row>, InputError> {
    let message = record.message.as_deref().unwrap_or_default();
    let keeps = rewritten == Some(Rewritten::Keep);
    match (row, record.value()) {
        (Row::Value { item, .. }, Some(old)) => {
            let JsonRow { value, changed, rewritten } = JsonRow::of(old, item, message, keeps);
            columns.add(place, &changed);
            columns.add_rewritten(place, &rewritten);
            let item = RawValue::from_string(value).map_err(|error| at(place, error.to_string()))?;
            Ok(Cow::Owned(Row::Value { item, id: None, error: None }))
        }
        (Row::Cells(cells), _) => {
            let is_undone = |cell: &ChangedCell| !keeps && is_rewritten(&cell.old, &cell.new, may_be_blamed(&cell.column, message));
            let (undone, changed): (Vec<_>, Vec<_>) = changed.into_iter().partition(is_undone);
            columns.add(place, &changed);
            columns.add_rewritten(place, &undone);
            if undone.is_empty() {
                return Ok(Cow::Borrowed(row));
            }
            let mut cells = cells.clone();
            cells.extend(undone.into_iter().map(|cell| (cell.column, cell.old)));
            Ok(Cow::Owned(Row::Cells(cells)))
        }
        (row, None) => Ok(Cow::Borrowed(row)),
    }
}

/// The item's new value; `None` if the row is as it was.
fn new_value(record: &Record, row: &Row, failed: &Records) -> Result<Option<String>, String> {
    let Some(original) = record.value() else { return Ok(None) };
    match row {
        Row::Value { item, .. } => Ok((item.get() != original.get()).then(|| item.get().to_owned())),
        Row::Cells(cells) => mended(original, cells, failed),
    }
}

fn as_it_was(record: &Record, item: &RawValue) -> NewValue {
    NewValue { index: record.index, item: item.to_owned() }
}

fn checked(index: u64, item: String, place: Place) -> Result<NewValue, InputError> {
    if item.len() > ITEM_BYTES_MAX {
        return Err(at(place, format!("item {index} is larger than {ITEM_BYTES_MAX} bytes, the maximum for an item")));
    }
    json::check(&item, ITEM_DEPTH_MAX).map_err(|error| at(place, format!("item {index} is {error}")))?;
    let item = RawValue::from_string(item).map_err(|error| at(place, error.to_string()))?;
    Ok(NewValue { index, item })
}

/// A row of NDJSON or JSON: `{"index": 17, "item": …}`, perhaps with the other members of a failure.
fn value(item: &[u8], place: Place) -> Result<(u64, Row), InputError> {
    let shape = || at(place, "a row must be {\"index\": 17, \"item\": …}, as `headway failures --format ndjson` gives it");
    let text = std::str::from_utf8(item).map_err(|_| shape())?;
    let Members(members) = serde_json::from_str(text).map_err(|_| shape())?;
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let index = member("index").and_then(|value| value.get().parse().ok()).ok_or_else(shape)?;
    let text = |name| member(name).and_then(|text| serde_json::from_str(text.get()).ok());
    let item = member("item").ok_or_else(shape)?.to_owned();
    Ok((index, Row::Value { item, id: text("id"), error: text("message") }))
}

/// The names and texts of an object, in order.
fn pairs(item: &[u8]) -> Result<Vec<(String, String)>, serde_json::Error> {
    let Members(members) = serde_json::from_slice(item)?;
    members.into_iter().map(|(name, text)| Ok((name, serde_json::from_str(text.get())?))).collect()
}

fn at(place: Place, what: impl Into<String>) -> InputError {
    InputError::At { place, what: what.into() }
}

#[cfg(test)]
mod tests;
