//! What a receiver asks for.

use super::attributes::QueueId;

/// What a receiver asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// From where.
    pub(crate) queue: QueueId,
    /// At most so many messages.
    pub(crate) messages_max: usize,
    /// At most so many bytes of bodies, but always one message.
    pub(crate) bytes_max: u64,
    /// Out of sight for so long; none: as the queue says.
    pub(crate) visibility_ms: Option<u64>,
    /// Nothing of these groups; messages without a group are the group with the empty name.
    pub(crate) groups_left_out: Vec<String>,
}
