//! How the items of a chunk are run.

use super::delivery::Delivery;
use crate::chunk::ChunkMessage;

/// A chunk whose message was received this often runs in careful mode. Two receives may be caused by another item's
/// crash; three are suspicious.
const CAREFUL_FROM_RECEIVES: u32 = 3;
/// From this receive on an item with a strike runs before the others. Otherwise two items that both kill their worker
/// would take turns: each death leaves the mark on the other one, and neither ever gets two strikes.
const SUSPECTS_FIRST_FROM_RECEIVES: u32 = 5;
/// The same for a message that was returned in careful mode. This is its third delivery there, too.
const SUSPECTS_FIRST_FROM_RECEIVES_CAREFUL: u32 = 3;
/// The same for a message that came back from the dead letters. It was received often before, and its receive count has
/// started again.
const SUSPECTS_FIRST_FROM_RECEIVES_AGAIN: u32 = 2;

/// How items are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Each in a call of its own, several at a time.
    Each,
    /// One at a time, each marked before it begins: one of them may have killed its worker.
    Careful {
        /// True if items with a strike run first, and not last.
        suspects_first: bool,
    },
}

impl Mode {
    /// How the items of this message are run.
    pub(super) fn of(message: &ChunkMessage, delivery: &Delivery) -> Self {
        match message.careful || delivery.receive_count >= CAREFUL_FROM_RECEIVES {
            true => {
                let from = match message.hops {
                    0 if message.careful => SUSPECTS_FIRST_FROM_RECEIVES_CAREFUL,
                    0 => SUSPECTS_FIRST_FROM_RECEIVES,
                    _ => SUSPECTS_FIRST_FROM_RECEIVES_AGAIN,
                };
                Self::Careful { suspects_first: delivery.receive_count >= from }
            }
            false => Self::Each,
        }
    }
}
