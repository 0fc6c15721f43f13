//! In which columns a file differs from the table of failed items: for people, who changed some cells and should see if a
//! spreadsheet changed others.

use std::collections::BTreeMap;

use headway_core::counted;

use super::changed_cell::ChangedCell;
use crate::input::Place;
use crate::shown_text::shown_text;

/// So many changed columns are shown at most. Those with rewritten cells are all named.
const SHOWN_MAX: usize = 50;

/// The columns with changed cells.
#[derive(Debug, Default)]
pub struct ChangedColumns {
    changed: BTreeMap<String, Changed>,
    /// Those that a spreadsheet seems to have rewritten.
    rewritten: BTreeMap<String, Changed>,
}

/// In how many rows the cell changed, and the first of these.
#[derive(Debug)]
struct Changed {
    rows: u64,
    first: String,
}

impl ChangedColumns {
    /// Counts a row's changed cells.
    pub(super) fn add(&mut self, place: Place, cells: &[ChangedCell]) {
        cells.iter().for_each(|cell| count(&mut self.changed, place, cell));
    }

    /// Counts a row's cells that a spreadsheet seems to have rewritten.
    pub(super) fn add_rewritten(&mut self, place: Place, cells: &[ChangedCell]) {
        cells.iter().for_each(|cell| count(&mut self.rewritten, place, cell));
    }

    /// A line for each column with changed cells: how many changed, and the first of them; `None` if none did.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let more = self.changed.len().saturating_sub(SHOWN_MAX);
        let more = (more > 0).then(|| format!("and {}", counted(more as u64, "other column")));
        let lines: Vec<String> = lines(&self.changed).take(SHOWN_MAX).chain(more).collect();
        (!lines.is_empty()).then(|| lines.join("\n  "))
    }

    /// The columns in which a spreadsheet seems to have rewritten cells, a line for each; `None` if there is none.
    pub(super) fn rewritten(&self) -> Option<String> {
        let lines: Vec<String> = lines(&self.rewritten).collect();
        (!lines.is_empty()).then(|| lines.join("\n  "))
    }
}

fn count(columns: &mut BTreeMap<String, Changed>, place: Place, cell: &ChangedCell) {
    let first = || format!("{} is now {} in line {}", shown_text(&cell.old), shown_text(&cell.new), place.line);
    columns.entry(cell.column.clone()).or_insert_with(|| Changed { rows: 0, first: first() }).rows += 1;
}

fn lines(columns: &BTreeMap<String, Changed>) -> impl Iterator<Item = String> {
    columns.iter().map(|(name, changed)| format!("{} in {}: {}", shown_text(name), counted(changed.rows, "row"), changed.first))
}
