//! The port to the queue: sending. Receiving is the event source mapping's, which calls the worker's handler.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::JobError;
use crate::ids::UserId;

pub mod memory;

/// A message to be sent, as the wire has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The text.
    pub body: String,
    /// How long the queue holds it back, at most 15 minutes.
    pub delay: Duration,
}

/// Where chunks are sent to be worked off.
#[async_trait]
pub trait ChunkQueue: Send + Sync + Debug {
    /// Sends every message for `group` (the owner: the queue shares its workers fairly among groups). When it
    /// returns, the queue has accepted all of them; sending all of them again is safe.
    ///
    /// # Errors
    /// [`JobError::Unavailable`] if any was not accepted: some may have been.
    async fn send(&self, group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError>;
}
