//! Sends messages for one process: a send can fail, and the queue may be slow.

use std::sync::Arc;

use async_trait::async_trait;
use headway_core::chunk::Message;
use headway_core::ledger::memory::MemoryLedger;
use headway_core::limits::{DEADLINE_MARGIN, QUEUE_DELAY_MAX};
use headway_core::queue::Outgoing;
use headway_core::{ChunkQueue, Clock as _, JobError, UserId};

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
    pub(super) table: Arc<MemoryLedger>,
}

impl SimSender {
    /// A notice waits for hours, and no message for longer than a quarter of an hour: workers send it on until the notice is due. In
    /// one of five histories they do. In the others the queue is slow with a message that would only be sent on: it comes when the
    /// notice is due.
    fn is_slow_with(&self, Sent { message, read }: &mut Sent) {
        let Some(Message::Tell { job, round, what, .. }) = read else { return };
        if message.delay < QUEUE_DELAY_MAX {
            return;
        }
        if self.process.faults.sends_on() {
            return self.process.faults.saw("notice: its message may be sent on");
        }
        let due = self.table.look_at((*job, 0), |job, _| job?.due_notice(*round, *what).map(|notice| notice.next_at));
        if let Some(wait) = due.and_then(|due| (due - self.process.now()).to_std().ok()) {
            message.delay = wait.max(message.delay);
            self.process.faults.saw("notice: its message came when it was due");
        }
    }
}

#[async_trait]
impl ChunkQueue for SimSender {
    async fn send(&self, _group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let faults = &self.process.faults;
        if self.process.role == Role::Worker && self.process.has_less_than(DEADLINE_MARGIN) {
            faults.saw("fault: deadline mid-chunk");
        }
        let messages: Vec<Sent> = messages.into_iter().map(Sent::of).collect();
        self.process.sends(messages.iter().filter_map(|sent| sent.read.as_ref()));
        let job = messages.iter().find_map(|sent| sent.read.as_ref()).map(Message::job);
        let all = messages.len();
        let sent = if faults.strike("fault: partial send", 30) { faults.pick(all as u64) as usize } else { all };
        let effect = async {
            for mut message in messages.into_iter().take(sent) {
                self.is_slow_with(&mut message);
                self.queue.put(faults, message);
            }
            if sent < all { Err(JobError::unavailable("the queue", "accepted only some")) } else { Ok(()) }
        };
        self.process.call(Op { job, ..Op::of(Kind::Send) }, effect).await
    }
}
