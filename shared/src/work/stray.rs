//! Strays: messages that this worker cannot read.

use super::delivery::Delivery;
use super::worker::Worker;
use crate::chunk::WireError;
use crate::cupboard::Stray;
use crate::error::JobError;

impl Worker {
    /// Leaves such a message for a newer worker. If none can read it, it is kept in the table for people.
    pub(super) async fn stray(&self, delivery: &Delivery, error: &WireError) -> Result<(), JobError> {
        if !delivery.dead_letter {
            return Err(JobError::corrupt("a message", error.to_string()));
        }
        let stray = Stray { message_id: delivery.message_id.clone(), body: delivery.body.clone(), reason: error.to_string() };
        self.app.cupboard.keep_stray(&stray, self.app.clock.now()).await?;
        tracing::error!(message_id = delivery.message_id, reason = stray.reason, "a message nobody could work on is kept in the table");
        Ok(())
    }
}
