//! A queue with visibility, receive counts, delay and dead letters, in virtual time.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use headway_core::ChunkId;
use headway_core::chunk::{ChunkMessage, Message};
use headway_core::time::Instant;
use headway_core::work::Delivery;
use tokio::sync::Notify;
use uuid::Uuid;

use super::sender::Sent;
use crate::faults::Faults;
use crate::invariant::{Invariant, Violation};

/// While the queue holds more messages than this, none is delivered twice, and messages of notices are lost. Workers work on twelve at a time, so more copies show
/// nothing new; but a copy of a message that is sent on again and again would become thousands.
const HELD_WHEN_COPIED_MAX: usize = 100;
/// A deleted message may be delivered again this much later.
const LATE_DUPLICATE_AFTER_MAX: Duration = Duration::from_secs(6_000);

/// The queue.
#[derive(Debug)]
pub(super) struct SimQueue {
    held: Mutex<Vec<Held>>,
    changed: Notify,
    /// How often a message is received before it is a dead letter.
    receives_max: u32,
    /// All chunk messages that were sent or kept.
    nonces: Mutex<BTreeSet<Uuid>>,
}

/// What a message carries: the items of a chunk.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    pub(super) chunk: ChunkId,
    pub(super) items: Vec<u64>,
}

impl Carried {
    /// What a message's text carries, if it is a chunk message.
    pub(super) fn of(body: &str) -> Option<Self> {
        match Message::from_wire(body) {
            Ok(Message::Chunk(chunk)) => Some(Self::by(&chunk)),
            _ => None,
        }
    }

    fn by(chunk: &ChunkMessage) -> Self {
        Self { chunk: chunk.id, items: chunk.items.iter().map(|(index, _)| *index).collect() }
    }
}

#[derive(Debug)]
struct Held {
    id: String,
    body: String,
    /// The chunk it is of, if it is of one.
    chunk: Option<ChunkId>,
    /// What it keeps from being lost.
    carried: Option<Carried>,
    visible_at: Instant,
    received: u32,
    dead: bool,
}

impl SimQueue {
    pub(super) fn new(receives_max: u32) -> Self {
        Self { held: Mutex::default(), changed: Notify::new(), receives_max, nonces: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap()
    }

    /// A message is kept under this nonce.
    pub(super) fn note_nonce(&self, nonce: Uuid) -> bool {
        self.nonces.lock().unwrap().insert(nonce)
    }

    /// A message was accepted.
    pub(super) fn put(&self, faults: &Faults, Sent { message, read }: Sent) {
        let chunk = match read {
            Some(Message::Chunk(chunk)) => Some(chunk),
            // The sweep has to find out. Of many messages each that is sent on can become two, and those become four.
            Some(Message::Tell { .. }) if self.is_crowded() || faults.strike("fault: lost message of a notice", 50) => return,
            _ => None,
        };
        if chunk.as_ref().is_some_and(|chunk| !self.note_nonce(chunk.nonce)) {
            let what = format!("a message was sent under the nonce of another: {}", message.body);
            faults.violated(Violation::new(Invariant::DurableBeforeForgotten, what));
        }
        let id = faults.pick_id();
        let (id, visible_at, carried) = (id.to_string(), Instant::now() + message.delay, chunk.as_ref().map(Carried::by));
        let chunk = chunk.map(|chunk| chunk.id);
        let mut held = self.held();
        // Copies multiply only by faults, and each is a message of the chunk.
        let copies = 1 + held.iter().filter(|other| chunk.is_some() && other.chunk == chunk).count();
        if let Some(Carried { chunk, items }) = carried.as_ref().filter(|_| copies > 1) {
            faults.copies_held(chunk.job, items, copies as u32);
        }
        self.hold(&mut held, Held { id, body: message.body, chunk, carried, visible_at, received: 0, dead: false });
    }

    /// True if it holds so many messages that more copies show nothing new.
    fn is_crowded(&self) -> bool {
        self.held().len() > HELD_WHEN_COPIED_MAX
    }

    /// One more message. Whoever waits looks again if none is visible sooner.
    fn hold(&self, held: &mut Vec<Held>, message: Held) {
        let is_next = held.iter().all(|other| message.visible_at < other.visible_at);
        held.push(message);
        if is_next {
            self.changed.notify_waiters();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held().is_empty()
    }

    pub(super) fn has_visible(&self) -> bool {
        let now = Instant::now();
        self.held().iter().any(|message| message.visible_at <= now)
    }

    /// True if another message carries the item.
    pub(super) fn carries(&self, chunk: ChunkId, item: u64) -> bool {
        self.held().iter().filter_map(|held| held.carried.as_ref()).any(|carried| carried.chunk == chunk && carried.items.contains(&item))
    }

    /// Waits until a message is visible.
    pub(super) async fn wait(&self) {
        loop {
            let changed = self.changed.notified();
            let next = self.held().iter().map(|message| message.visible_at).min();
            match next {
                Some(next) if next <= Instant::now() => return,
                Some(next) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = headway_core::time::sleep_until(next) => {}
                },
                None => changed.await,
            }
        }
    }

    /// Up to `most` visible messages of one kind, each with the chunk it is of, picked at random and hidden for
    /// `visibility`, or not even that.
    pub(super) fn receive(&self, faults: &Faults, most: u64, visibility: Duration) -> Vec<(Delivery, Option<ChunkId>)> {
        let mut held = self.held();
        let may_copy = held.len() <= HELD_WHEN_COPIED_MAX;
        let now = Instant::now();
        let mut visible: Vec<usize> = (0..held.len()).filter(|&i| held[i].visible_at <= now).collect();
        let mut batch = Vec::new();
        let mut dead = None;
        while (batch.len() as u64) < most && !visible.is_empty() {
            let message = &mut held[visible.swap_remove(faults.pick(visible.len() as u64) as usize)];
            if !message.dead && message.received >= self.receives_max {
                faults.saw("fault: dead letter");
                (message.dead, message.received) = (true, 0);
                // Some stay there until somebody checks.
                if faults.strike("dead letter lies for a while", 200) {
                    message.visible_at = now + Duration::from_millis(faults.pick(60_000));
                    continue;
                }
            }
            if *dead.get_or_insert(message.dead) != message.dead {
                continue;
            }
            message.received += 1;
            if !(may_copy && faults.strike("fault: duplicate delivery", 60)) {
                message.visible_at = now + visibility;
            }
            let (message_id, body) = (message.id.clone(), message.body.clone());
            let delivery = Delivery { message_id, body, receive_count: message.received, dead_letter: message.dead };
            batch.push((delivery, message.chunk));
        }
        batch
    }

    /// Deletes a message that was processed, for good or not; returns what it carried.
    pub(super) fn delete(&self, faults: &Faults, id: &str) -> Option<Carried> {
        let mut held = self.held();
        let at = held.iter().position(|message| message.id == id)?;
        let may_copy = held.len() <= HELD_WHEN_COPIED_MAX;
        let deleted = held.swap_remove(at);
        if may_copy && faults.strike("fault: late duplicate", 25) {
            let visible_at = Instant::now() + faults.span(LATE_DUPLICATE_AFTER_MAX);
            // What a late duplicate carries is not kept by it: its message is done.
            let Held { id, body, chunk, .. } = deleted;
            self.hold(&mut held, Held { id, body, chunk, carried: None, visible_at, received: 1, dead: false });
        }
        deleted.carried
    }

    /// Messages that were never received, or were deleted and will be delivered again, are delivered now.
    pub(super) fn hurry(&self) {
        let now = Instant::now();
        let mut held = self.held();
        held.iter_mut().filter(|message| message.received <= 1).for_each(|message| message.visible_at = message.visible_at.min(now));
        self.changed.notify_waiters();
    }

    /// Moves dead letters back; returns how many.
    pub(super) fn redrive(&self) -> usize {
        let mut held = self.held();
        let dead = held.iter_mut().filter(|message| message.dead);
        let moved = dead.map(|message| (message.dead, message.received) = (false, 0)).count();
        self.changed.notify_waiters();
        moved
    }
}
