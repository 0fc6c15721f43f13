//! Notices rows that are at the wrong index: somebody sorted the other columns without the column `_index`. Then a row shows
//! the id of another item, or, without ids, a column has the same values as before, but in other rows, or the rows that changed are
//! together the same as before.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use headway_api::csv;
use headway_api::rewritten_cells::is_rewritten;

use super::changed_cell::ChangedCell;
use super::shown_columns::{ID, INDEX, shown_cells};
use crate::records::Record;
use crate::shown_text::shown_text;

/// So many columns, and changed cells of each, are looked at.
const COLUMNS_MAX: usize = 20;
const CELLS_MAX: usize = 10_000;
/// Fewer cells say nothing.
const CELLS_MIN: usize = 3;

/// What the changed cells of each column were, and what they are.
#[derive(Debug, Default)]
pub(super) struct MovedRows {
    rows: usize,
    columns: BTreeMap<String, Column>,
    /// How many rows changed.
    changed: usize,
    /// The hashes of these rows as they were, less those of the rows as they are: zero if both are the same rows.
    balance: u64,
}

#[derive(Debug, Default)]
struct Column {
    cells: usize,
    /// How often a value went from a cell, and came to a cell, by its hash.
    values: HashMap<u64, (usize, usize)>,
}

impl MovedRows {
    /// Sees a row with its changed cells. `whole` gives the cells of all columns as they were, and is called if any changed.
    pub(super) fn add<'r>(&mut self, cells: &'r [ChangedCell], whole: impl FnOnce() -> BTreeMap<&'r str, Cow<'r, str>>) {
        self.rows += 1;
        if cells.is_empty() {
            return;
        }
        self.changed += 1;
        let mut row = whole();
        self.balance = self.balance.wrapping_add(hash(&row));
        row.extend(cells.iter().map(|cell| (cell.column.as_str(), Cow::Borrowed(cell.new.as_str()))));
        self.balance = self.balance.wrapping_sub(hash(&row));
        if self.rows > CELLS_MAX {
            return;
        }
        for cell in cells {
            if self.columns.len() >= COLUMNS_MAX && !self.columns.contains_key(&cell.column) {
                continue;
            }
            let column = self.columns.entry(cell.column.clone()).or_default();
            column.cells += 1;
            column.values.entry(hash(&cell.old)).or_default().0 += 1;
            column.values.entry(hash(&cell.new)).or_default().1 += 1;
        }
    }

    /// True if the rows that changed are at the indexes of others of them.
    pub(super) fn are_exchanged(&self) -> bool {
        self.changed > 0 && self.balance == 0
    }

    /// A column whose cells changed in most rows, mostly to values that other rows had before.
    pub(super) fn column(&self) -> Option<&str> {
        let rows = self.rows.min(CELLS_MAX);
        let is_moved = |column: &Column| {
            let moved: usize = column.values.values().map(|(gone, come)| (*gone).min(*come)).sum();
            let different = column.values.values().filter(|(_, come)| *come > 0).count();
            // A few values, such as yes and no, are in other rows anyway.
            column.cells >= CELLS_MIN && 2 * column.cells > rows && 4 * moved >= 3 * column.cells && 2 * different > column.cells
        };
        self.columns.iter().find(|(_, column)| is_moved(column)).map(|(name, _)| name.as_str())
    }
}

/// The row must be of the item that its index says: the id that it shows tells if it was moved. A spreadsheet may have
/// rewritten the id, as any cell: then it may be right for several items. Returns true if it is exactly this item's.
///
/// # Errors
///
/// It is the id of another item.
pub(super) fn check_id(record: &Record, id: Option<&str>) -> Result<bool, String> {
    let Some(id) = id.filter(|id| !id.trim().is_empty()) else { return Ok(false) };
    let shown_id = shown_cells(record).swap_remove(1);
    let own = record.id.as_deref().unwrap_or_default();
    let unescaped = csv::value_of(&shown_id);
    let own_texts = [own, &shown_id, &unescaped];
    if own_texts.iter().any(|text| id.trim() == text.trim()) {
        return Ok(true);
    }
    if own_texts.iter().any(|text| is_rewritten(text, id, false)) {
        return Ok(false);
    }
    let index = record.index;
    let is = if own.is_empty() { "has no id".to_owned() } else { format!("is {}", shown_text(own)) };
    Err(format!(
        "the row says that item {index} is {}, but item {index} of the job {is}: were the rows sorted without the column {INDEX}, or was \
         {INDEX} changed? Sort all columns together, or download the failures again. To give an item another id, change it in the \
         item's own column, not in {ID}",
        shown_text(id)
    ))
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
