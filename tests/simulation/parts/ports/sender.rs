//! Sends messages for one process: a send can fail.

use std::sync::Arc;

use async_trait::async_trait;
use headway_core::chunk::Message;
use headway_core::limits::DEADLINE_MARGIN;
use headway_core::queue::Outgoing;
use headway_core::{ChunkQueue, JobError, UserId};

use super::queue::SimQueue;
use crate::faults::Process;
use crate::ops::{Kind, Op, Role};

/// A message that is sent, and what it says if it is one of Headway's.
pub(super) struct Sent {
    pub(super) message: Outgoing,
    pub(super) read: Option<Message>,
}

impl Sent {
    fn of(message: Outgoing) -> Self {
        let read = Message::from_wire(&message.body).ok();
        Self { message, read }
    }
}

/// Sends messages for one process.
#[derive(Debug)]
pub(super) struct SimSender {
    pub(super) process: Process,
    pub(super) queue: Arc<SimQueue>,
}

#[async_trait]
impl ChunkQueue for SimSender {
    async fn send(&self, _group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let faults = &self.process.faults;
        if self.process.role == Role::Worker && self.process.has_less_than(DEADLINE_MARGIN) {
            faults.saw("fault: deadline mid-chunk");
        }
        let messages: Vec<Sent> = messages.into_iter().map(Sent::of).collect();
        faults.sends(messages.iter().filter_map(|sent| sent.read.as_ref()));
        let job = messages.iter().find_map(|sent| sent.read.as_ref()).map(Message::job);
        let all = messages.len();
        let sent = if faults.strike("fault: partial send", 30) { faults.pick(all as u64) as usize } else { all };
        let effect = async {
            for message in messages.into_iter().take(sent) {
                self.queue.put(faults, message);
            }
            if sent < all { Err(JobError::unavailable("the queue", "accepted only some")) } else { Ok(()) }
        };
        self.process.call(Op { job, ..Op::of(Kind::Send) }, effect).await
    }
}
