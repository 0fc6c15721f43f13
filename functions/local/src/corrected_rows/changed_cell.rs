//! A changed cell.

/// A cell that does not show what the table showed.
#[derive(Debug)]
pub(super) struct ChangedCell {
    pub(super) column: String,
    pub(super) old: String,
    pub(super) new: String,
}
