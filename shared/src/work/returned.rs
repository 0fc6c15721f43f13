//! What a worker returns of a chunk: items that are not recorded yet.

use std::time::Duration;

use serde_json::value::RawValue;

/// An item that is not recorded yet, and why.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) index: u64,
    pub(super) value: Box<RawValue>,
    pub(super) why: Why,
}

/// Why an item is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was not begun, or was cut short by the function's deadline.
    Deadline,
    /// Others of its message were recorded since that was sent.
    Progress,
    /// Its job stands.
    Stopped,
    /// Whether its job stands could not be read: the message is left for later.
    Unread,
    /// It failed for now.
    Retry {
        /// How often it was tried.
        attempts: u32,
        /// The least wait it asked for.
        after: Duration,
    },
}
