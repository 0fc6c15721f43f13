//! The items of a chunk that a worker returns: those that are not recorded yet.

use serde_json::value::RawValue;

use super::backoff::Wait;
use super::waits_for::WaitsFor;
use crate::time::Instant;

/// An item that is not recorded yet and has to be run by a later message.
#[derive(Debug)]
pub(super) struct ReturnedItem {
    pub(super) index: u64,
    pub(super) value: Box<RawValue>,
    /// How often it was tried so far.
    pub(super) attempt: u32,
    /// How long it has to wait before it is tried again.
    pub(super) wait: Wait,
    /// When that wait began. The rest of its chunk may have run for long since then.
    pub(super) since: Instant,
    pub(super) reason: ReturnReason,
    /// What the job shows meanwhile.
    pub(super) waits_for: Option<WaitsFor>,
    /// The most items of a call with it, if larger calls failed as a whole.
    pub(super) call_items_max: Option<u16>,
}

impl ReturnedItem {
    /// What is left of its wait.
    pub(super) fn wait_left(&self, now: Instant) -> Wait {
        self.wait.after(now.saturating_duration_since(self.since))
    }
}

/// Why items may not begin now, and how long they have to wait.
#[derive(Debug, Clone)]
pub(super) struct NotNow {
    pub(super) reason: ReturnReason,
    pub(super) wait: Wait,
    /// What the job shows meanwhile.
    pub(super) waits_for: Option<WaitsFor>,
}

impl NotNow {
    /// A limit or the downstream allows no items for now. They come back after the wait.
    pub(super) fn held_back(wait: Wait, waits_for: Option<WaitsFor>) -> Self {
        Self { reason: ReturnReason::HeldBack, wait, waits_for }
    }

    /// What keeps all other items of the chunk from beginning too, if one of these did not begin.
    pub(super) fn for_others(returned: &[ReturnedItem]) -> Option<Self> {
        let first = returned.iter().find(|item| !item.reason.was_tried())?;
        Some(Self { reason: first.reason, wait: first.wait, waits_for: first.waits_for.clone() })
    }
}

impl From<ReturnReason> for NotNow {
    fn from(reason: ReturnReason) -> Self {
        Self { reason, wait: Wait::default(), waits_for: None }
    }
}

/// Why an item is returned. Only its methods decide what is done with the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReturnReason {
    /// It did not begin, or was cut short by the function's deadline.
    Deadline,
    /// It did not begin, or waits for its second try, because the chunk's time slice is over.
    Slice,
    /// Other items of its message have been recorded since that was sent.
    Progress,
    /// Its message came back from the dead-letter queue, and the item is not known to be to blame.
    DeadLetter,
    /// Its job is held.
    Held,
    /// It could not be read whether its job is held: the message is left for later.
    Unread,
    /// It failed for now.
    Retry,
    /// Its call had no result for it. It is called again with at most half as many items.
    Halved,
    /// Its downstream asked it to wait, or could not be reached.
    Waits,
    /// It did not begin: a limit allows no more items for now, or its downstream accepts none.
    HeldBack,
    /// It did not begin: it has to wait for longer than the queue can delay a message.
    NotYet,
}

impl ReturnReason {
    /// True if it waits for a limit or for its downstream, and the wait begins with this return.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::Waits | Self::HeldBack)
    }

    /// True if the item was tried and failed for now.
    pub(super) fn was_tried(self) -> bool {
        matches!(self, Self::Retry | Self::Halved | Self::Waits)
    }

    /// True if it is parked, not sent: its job is held.
    pub(super) fn is_parked(self) -> bool {
        matches!(self, Self::Held)
    }

    /// True if the whole message is left for another delivery.
    pub(super) fn leaves_the_message(self) -> bool {
        matches!(self, Self::Unread)
    }

    /// True if others of its message have been recorded: returns without progress are counted anew.
    pub(super) fn is_after_progress(self) -> bool {
        matches!(self, Self::Progress)
    }

    /// True if this return counts as one without progress. Not if the item only waits for its time: how often it returns then
    /// says nothing about its chunk.
    pub(super) fn counts_as_a_return(self) -> bool {
        !matches!(self, Self::NotYet)
    }

    /// True if it comes back in one of several small messages, so that not all items are tried at once.
    pub(super) fn comes_back_in_turns(self) -> bool {
        !matches!(self, Self::HeldBack)
    }
}

/// The returned items, and what their messages have in common.
#[derive(Debug, Default)]
pub(super) struct Returned {
    pub(super) items: Vec<ReturnedItem>,
    /// How often the messages have come back from the dead-letter queue.
    pub(super) hops: u32,
    /// True if other items of the message were recorded.
    pub(super) progress: bool,
    /// True if the messages have to run in careful mode.
    pub(super) careful: bool,
}

impl Returned {
    /// Returned in messages with this many hops. Items that may have killed their worker run in careful mode from now
    /// on.
    pub(super) fn of(hops: u32, items: Vec<ReturnedItem>) -> Self {
        let careful = items.iter().any(|item| item.reason.is_after_progress());
        Self { items, hops, progress: false, careful }
    }

    /// How many items wait for another attempt.
    pub(super) fn retries(&self) -> usize {
        self.items.iter().filter(|item| item.reason.was_tried()).count()
    }
}
