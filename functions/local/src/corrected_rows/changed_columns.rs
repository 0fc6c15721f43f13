//! In which columns a file differs from the table of failed items: for people, who changed some cells and should see if a
//! spreadsheet changed others.

use std::collections::BTreeMap;

use headway_api::rewritten_cells::is_rewritten;
use headway_core::counted;

use super::mended::ChangedCell;
use crate::input::Place;

/// So many columns are named at most.
const NAMED_MAX: usize = 10;
/// The most characters of a cell that is shown.
const SHOWN_CHARS_MAX: usize = 40;

/// The columns with changed cells.
#[derive(Debug, Default)]
pub struct ChangedColumns(BTreeMap<String, Changed>);

#[derive(Debug, Default)]
struct Changed {
    rows: u64,
    /// In how many rows a spreadsheet seems to have rewritten the cell, and the first of these.
    rewritten: u64,
    first: String,
}

impl ChangedColumns {
    /// Counts a row's changed cells.
    pub(super) fn add(&mut self, place: Place, cells: &[ChangedCell]) {
        for ChangedCell { column, old, new } in cells {
            let changed = self.0.entry(column.clone()).or_default();
            changed.rows += 1;
            if is_rewritten(old, new) {
                if changed.rewritten == 0 {
                    changed.first = format!("{} is now {} in line {}", shown(old), shown(new), place.line);
                }
                changed.rewritten += 1;
            }
        }
    }

    /// The columns and how many cells of each changed; `None` if none did.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let words = self.0.iter().map(|(name, changed)| format!("{} in {}", shown(name), counted(changed.rows, "row")));
        listed(words, ", ")
    }

    /// The columns in which a spreadsheet seems to have rewritten cells, a line for each; `None` if there is none.
    pub(super) fn rewritten(&self) -> Option<String> {
        let rewritten = self.0.iter().filter(|(_, changed)| changed.rewritten > 0);
        let words = rewritten.map(|(name, changed)| format!("{} in {}: {}", shown(name), counted(changed.rewritten, "row"), changed.first));
        listed(words, "\n  ")
    }
}

fn listed(words: impl Iterator<Item = String>, between: &str) -> Option<String> {
    let mut words: Vec<String> = words.collect();
    let more = words.len().saturating_sub(NAMED_MAX);
    words.truncate(NAMED_MAX);
    words.extend((more > 0).then(|| format!("and {}", counted(more as u64, "other column"))));
    (!words.is_empty()).then(|| words.join(between))
}

fn shown(text: &str) -> String {
    let more = if text.chars().count() > SHOWN_CHARS_MAX { "…" } else { "" };
    format!("{:?}{more}", text.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}
