//! How the items of a chunk are run.

use super::delivery::Delivery;
use crate::chunk::ChunkMessage;

/// A chunk whose message is received this often is run carefully: one death more than a neighbour's bad luck.
const CAREFUL_FROM_RECEIVES: u32 = 3;

/// How items are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Each by a call of its own, several at a time.
    Each,
    /// One at a time, each marked before it begins: one of them may have killed its worker.
    Careful,
}

impl Mode {
    /// How the items of this message are run.
    pub(super) fn of(message: &ChunkMessage, delivery: &Delivery) -> Self {
        match message.careful || delivery.receive_count >= CAREFUL_FROM_RECEIVES {
            true => Self::Careful,
            false => Self::Each,
        }
    }
}
