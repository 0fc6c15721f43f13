//! What a receiver asks for.

use super::attributes::QueueId;

/// What a receiver asks for.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveRequest {
    /// The queue.
    pub(crate) queue: QueueId,
    /// At most this many messages.
    pub(crate) messages_max: usize,
    /// At most this many bytes of bodies, but always at least one message.
    pub(crate) bytes_max: u64,
    /// How long the messages are invisible; `None`: as the queue's settings say.
    pub(crate) visibility_ms: Option<u64>,
    /// Groups whose messages must not be received. Messages without a group count as the group with the empty name.
    pub(crate) groups_left_out: Vec<String>,
    /// In the mode of turns: the messages of one group only.
    pub(crate) of_one_group: bool,
}
