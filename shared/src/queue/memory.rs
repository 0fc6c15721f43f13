//! A queue in memory that keeps what was sent. Tests deliver the messages as they like.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{ChunkQueue, Outgoing};
use crate::error::JobError;
use crate::ids::UserId;

/// Messages that were sent and not taken yet, in order.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<Vec<(UserId, Outgoing)>>);

impl MemoryQueue {
    /// Takes all messages.
    pub fn take(&self) -> Vec<(UserId, Outgoing)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl ChunkQueue for MemoryQueue {
    async fn send(&self, group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let sent = messages.into_iter().map(|message| (group.clone(), message));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(sent);
        Ok(())
    }
}
