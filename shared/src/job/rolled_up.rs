//! What finished parts have put into a job's row.

use std::collections::BTreeSet;

/// The counts that finished parts have put into the job's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// The parts that are counted below.
    pub parts: BTreeSet<u32>,
    /// Items of those parts that succeeded.
    pub processed: u64,
    /// Items of those parts that failed for good.
    pub failed: u64,
}
