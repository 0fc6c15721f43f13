//! What became of an item, as the ledger counts it.

use strum::VariantArray;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum ItemStatus {
    /// It succeeded.
    Processed,
    /// It failed for good.
    Failed,
    /// It has no result in this round. In a job that has ended it never ran.
    Pending,
    /// It is processed or pending, and the ledger does not say which. That happens while not everything has run, in a
    /// running job and in one that ended before, to items that succeed without an output and to their neighbours that have
    /// not run.
    Unknown,
}

impl ItemStatus {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}
