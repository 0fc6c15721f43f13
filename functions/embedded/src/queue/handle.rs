//! Receipt handles: each names a message and one of its receives.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    attributes::QueueId,
    fault::{Fault, Kind},
};

const BYTES: usize = 8 + 8 + 4 + 16;

/// The content of a receipt handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    /// The queue it was received from.
    pub(crate) queue: QueueId,
    /// The message's number in the store.
    pub(crate) seq: i64,
    /// How often it had been received when the handle was given out.
    pub(crate) receives: u32,
    /// The message's id, so that a handle from before the data directory was emptied matches no message.
    pub(crate) message_id: [u8; 16],
}

impl Handle {
    /// As text.
    pub(crate) fn write(&self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.queue.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.receives.to_be_bytes());
        bytes.extend(self.message_id);
        STANDARD.encode(bytes)
    }

    /// From text, if it is for this queue.
    ///
    /// # Errors
    ///
    /// `ReceiptHandleIsInvalid` if this queue did not give out the handle.
    pub(crate) fn read(text: &str, queue: QueueId) -> Result<Self, Fault> {
        Self::parse(text)
            .filter(|handle| handle.queue == queue)
            .ok_or_else(|| Fault::new(Kind::ReceiptHandleIsInvalid, "the receipt handle is not one of this queue's"))
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = STANDARD.decode(text).ok()?.try_into().ok()?;
        let (queue, rest) = bytes.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (receives, message_id) = rest.split_first_chunk()?;
        Some(Self {
            queue: i64::from_be_bytes(*queue),
            seq: i64::from_be_bytes(*seq),
            receives: u32::from_be_bytes(*receives),
            message_id: message_id.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written_for_its_own_queue_only() {
        let handle = Handle { queue: 1, seq: i64::MAX, receives: 7, message_id: [9; 16] };
        assert_eq!(Handle::read(&handle.write(), 1).unwrap(), handle);
        for (text, queue) in [(handle.write().as_str(), 2), ("", 1), ("AAAA", 1), ("no handle", 1)] {
            assert_eq!(Handle::read(text, queue).unwrap_err().kind, Kind::ReceiptHandleIsInvalid);
        }
    }
}
