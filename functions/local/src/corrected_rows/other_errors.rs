//! Notices a file of an earlier round or of another job: most of its rows show another error than their items have now.

use headway_api::csv;
use headway_api::rewritten_cells::is_rewritten;

use super::changed_cell::ChangedCell;
use super::shown_columns::shown_cells;
use crate::records::Record;

/// Counts the rows that show another error than their item has now.
#[derive(Debug, Default)]
pub(super) struct OtherErrors {
    rows: usize,
    other: usize,
}

impl OtherErrors {
    /// Sees what the row shows as its item's error. Somebody may have emptied it, and a spreadsheet may have rewritten it, as any cell. Where
    /// a value was replaced in the whole table, it was in the error that quotes it, too.
    pub(super) fn add(&mut self, record: &Record, error: Option<&String>, cells: &[ChangedCell]) {
        let Some(error) = error.filter(|error| !error.trim().is_empty()) else { return };
        let (own, error) = (shown_cells(record).swap_remove(2), csv::value_of(error));
        // Whatever became of blanks, line ends, signs and letters in another encoding.
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let without = |text: &str, values: &[&String]| {
            values.iter().filter(|value| !value.is_empty()).fold(text.to_owned(), |text, value| text.replace(value.as_str(), ""))
        };
        let (old, new): (Vec<_>, Vec<_>) = cells.iter().map(|cell| (&cell.old, &cell.new)).unzip();
        let is_same = |own: &str, error: &str| !plain(own).is_empty() && plain(own) == plain(error);
        let is_own = own == error
            || is_same(&own, &error)
            || is_same(&without(&own, &old), &without(&error, &new))
            || is_rewritten(&own, &error, false);
        self.rows += 1;
        self.other += usize::from(!is_own);
    }

    /// True if most rows do. Some may have notes of their own there.
    pub(super) fn are_most(&self) -> bool {
        2 * self.other > self.rows
    }
}
