//! Messages as a worker receives them.

use std::time::Duration;

use headway_core::work::{Delivery, Invocation};
use tokio::time::Instant;

/// The first delivery of a message with this id and body.
pub fn delivery(message_id: impl Into<String>, body: impl Into<String>) -> Delivery {
    Delivery { message_id: message_id.into(), body: body.into(), receive_count: 1, dead_letter: false }
}

/// An invocation that begins now and may take this long.
pub fn invocation(timeout: Duration) -> Invocation {
    let began = Instant::now();
    Invocation { began, deadline: began + timeout }
}
