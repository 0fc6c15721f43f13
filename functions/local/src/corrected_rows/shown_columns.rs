//! The columns of a table of failed items that are only shown.

use headway_api::columns::can_be_cell;

use crate::records::Record;

/// The index of the item.
pub(super) const INDEX: &str = "_index";
/// Its id.
pub(super) const ID: &str = "_id";
/// Why it failed.
pub(super) const ERROR: &str = "_error";
/// Columns that are only shown.
pub const SHOWN: [&str; 3] = [INDEX, ID, ERROR];

/// The cells of [`SHOWN`] for a failed item. What no reader of CSV accepts is replaced, since they are only shown.
#[must_use]
pub fn shown_cells(record: &Record) -> Vec<String> {
    let cell = |text: &Option<String>| {
        let text = text.clone().unwrap_or_default();
        if can_be_cell(&text) { text } else { text.replace(['\0', '\u{1b}', '\u{feff}'], "\u{fffd}") }
    };
    vec![record.index.to_string(), cell(&record.id), cell(&record.message)]
}
