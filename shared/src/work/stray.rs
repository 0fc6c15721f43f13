//! Strays: messages that no worker can read. They are kept in the table for people to look at.

use chrono::{DateTime, Utc};

use super::delivery::Delivery;
use super::worker::Worker;
use crate::chunk::WireError;
use crate::cupboard::{Cupboard, KEPT_BYTES_MAX, KeptKey, KeptRow};
use crate::error::JobError;

/// The beginning of the keys of strays. The day on which they came follows.
pub const STRAYS: &str = "STRAY#";

/// Keeps a message that no worker could read: the reason, an empty line, and the message, as much of it as fits.
pub(super) async fn keep_stray(
    cupboard: &dyn Cupboard,
    message_id: &str,
    body: &str,
    error: &WireError,
    now: DateTime<Utc>,
) -> Result<(), JobError> {
    let key = KeptKey::expiring(format!("{STRAYS}{}", now.format("%Y-%m-%d")), message_id);
    let mut text = format!("{error}\n\n{body}");
    text.truncate(text.floor_char_boundary(KEPT_BYTES_MAX));
    cupboard.put_kept(&key, &KeptRow::unversioned(text)).await.map(drop)
}

impl Worker {
    /// Leaves such a message for a newer worker. If none can read it, it is kept in the table for people.
    pub(super) async fn stray(&self, delivery: &Delivery, error: &WireError) -> Result<(), JobError> {
        let Delivery { message_id, body, .. } = delivery;
        if !delivery.dead_letter {
            return Err(JobError::corrupt("a message", error.to_string()));
        }
        keep_stray(self.app.cupboard.as_ref(), message_id, body, error, self.app.clock.now()).await?;
        tracing::error!(message_id, reason = %error, "a message nobody could work on is kept in the table");
        Ok(())
    }
}
