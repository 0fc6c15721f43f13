//! How large one record of a file may be.

use headway_core::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};

/// The number of bytes read for one item before giving up. It is more than any item may have, with room for whitespace
/// around it. So a quote that is never closed does not load the rest of a file.
pub(super) const UNENDED_BYTES_MAX: usize = 1_000_000;

/// The maximum for one record of a file.
#[derive(Clone, Copy, Debug)]
pub struct RecordMax {
    /// Its length as JSON, in bytes.
    pub bytes: usize,
    /// How deep its arrays and objects may be nested.
    pub depth: usize,
}

impl RecordMax {
    /// For a record that is an item.
    pub const ITEM: RecordMax = RecordMax { bytes: ITEM_BYTES_MAX, depth: ITEM_DEPTH_MAX };
    /// For a record with an item and what else is known of it, such as its index and its error.
    pub const AROUND_AN_ITEM: RecordMax = RecordMax { bytes: UNENDED_BYTES_MAX, depth: ITEM_DEPTH_MAX + 1 };
}
