//! What a worker returns of a chunk: items that are not recorded yet.

use serde_json::value::RawValue;

use super::backoff::Wait;

/// An item that is not recorded yet, to be run by a later message.
#[derive(Debug)]
pub(super) struct ReturnedItem {
    pub(super) index: u64,
    pub(super) value: Box<RawValue>,
    /// How often it was tried so far.
    pub(super) attempt: u32,
    /// How long it has to wait before it is tried again.
    pub(super) wait: Wait,
    pub(super) reason: ReturnReason,
}

/// Why an item is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReturnReason {
    /// It was not begun, or was cut short by the function's deadline.
    Deadline,
    /// It was not begun, or waits for its second try, because the chunk's time slice is over.
    Slice,
    /// Other items of its message have been recorded since that was sent.
    Progress,
    /// Its message came back from the dead-letter queue, and nothing speaks against the item.
    DeadLetter,
    /// Its job is held.
    Held,
    /// Whether its job is held could not be read: the message is left for later.
    Unread,
    /// It failed for now.
    Retry,
    /// Its downstream asked it to wait, or was not reached.
    Waits,
    /// It was not begun: its downstream takes no items for now.
    Closed,
    /// It was not begun: it has to wait for longer than the queue can delay a message.
    NotYet,
}

impl ReturnReason {
    /// Whether it waits for its downstream, and a wait has begun with this return.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Waits | Self::Closed)
    }

    /// Whether the item was tried and failed for now.
    pub(super) fn was_tried(self) -> bool {
        matches!(self, Self::Retry | Self::Waits)
    }
}

/// The items that are returned, and the messages they are returned in.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub(super) items: Vec<ReturnedItem>,
    /// How often the messages have come back from the dead-letter queue.
    pub(super) hops: u32,
    /// Whether other items of the message were recorded.
    pub(super) progress: bool,
    /// Whether the messages are to be run carefully.
    pub(super) careful: bool,
}

impl Returned {
    /// In messages that have come back this often. What may have killed its worker is run carefully from now on.
    pub(super) fn of(hops: u32, items: Vec<ReturnedItem>) -> Self {
        let careful = items.iter().any(|item| item.reason == ReturnReason::Progress);
        Self { items, hops, progress: false, careful }
    }

    /// Whether the item comes back without having ended a try.
    pub(super) fn has_unrun(&self, index: u64) -> bool {
        self.items.iter().any(|item| item.index == index && !item.reason.was_tried())
    }

    /// How many items wait for another try.
    pub(super) fn retries(&self) -> usize {
        self.items.iter().filter(|item| item.reason.was_tried()).count()
    }
}
