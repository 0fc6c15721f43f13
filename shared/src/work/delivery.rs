//! The input of a worker: messages, and the time until the function is stopped.

use std::time::Duration;

use crate::time::Instant;

/// A message as delivered by the event source mapping.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id in the queue.
    pub message_id: String,
    /// Its text.
    pub body: String,
    /// How often it was received, including this time.
    pub receive_count: u32,
    /// True if it came from the dead-letter queue.
    pub dead_letter: bool,
}

impl Delivery {
    /// True if a worker has received it before, which may have died.
    pub fn was_received_before(&self) -> bool {
        self.receive_count > 1 || self.dead_letter
    }
}

/// When an invocation began, and when the function is stopped.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// When it began.
    pub began: Instant,
    /// Its deadline.
    pub deadline: Instant,
}

impl Invocation {
    /// Whether the invocation has only just begun: a new one would not give an item noticeably more time.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.duration_since(self.began) <= FRESH
    }
}

/// An invocation younger than this counts as new.
const FRESH: Duration = Duration::from_secs(1);
