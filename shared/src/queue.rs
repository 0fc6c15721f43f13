//! The port to the queue: sending. Receiving is done by the event source mapping, which calls the worker's handler.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::JobError;
use crate::ids::UserId;

pub mod memory;

/// A message to be sent, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The text.
    pub body: String,
    /// How long the queue delays it, at most 15 minutes.
    pub delay: Duration,
}

/// The queue to which chunks are sent.
#[async_trait]
pub trait ChunkQueue: Send + Sync + Debug {
    /// Sends every message for `group` (the owner: the queue shares its workers fairly among groups). When it returns,
    /// the queue has accepted all of them. It is safe to send all of them again.
    ///
    /// # Errors
    ///
    /// [`JobError::Unavailable`] if any message was not accepted. Some may have been.
    async fn send(&self, group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError>;
}
