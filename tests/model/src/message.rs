//! Messages in a model's queue, and the same on the wire.

use headway_core::chunk::{ChunkMessage, Message};
use headway_core::job::NoticeKind;
use uuid::Uuid;

use crate::rows::{chunk_id, is_fixed, item_of, uuid};
use crate::shape::{Items, Shape, job_id};

/// From here on nonces are those that a process has drawn.
const DRAWN_FROM: u8 = 128;

/// A message's nonce: the world's number for it, or the name that a process has for it. A process calls its own
/// message's nonce 0, those of messages that it finds parked 1, 2, …, and those that it draws [`Nonce::drawn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Nonce(pub(crate) u8);

impl Nonce {
    /// The `n`th that a process draws.
    pub(crate) fn drawn(n: u8) -> Self {
        Self(DRAWN_FROM + n)
    }

    pub(crate) fn is_drawn(self) -> bool {
        self.0 >= DRAWN_FROM
    }

    /// Its position in a set of the world's numbers.
    pub(crate) fn bit(self) -> u128 {
        1 << self.0
    }

    pub(crate) fn uuid(self) -> Uuid {
        uuid(self.0)
    }

    pub(crate) fn of(uuid: Uuid) -> Self {
        Self(uuid.as_u128() as u8)
    }
}

/// Some items of a chunk. The flag `careful` is not modelled, and neither is careful mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Chunk {
    pub(crate) part: u8,
    pub(crate) chunk: u8,
    pub(crate) items: Items,
    /// Those of them that it carries with a corrected value.
    pub(crate) fixed: Items,
    /// The round in which its attempts were counted; 0 if it has none.
    pub(crate) round: u8,
    pub(crate) attempt: u8,
    pub(crate) hops: u8,
    /// The most items of a call with its items, if larger calls failed as a whole; 0 otherwise.
    pub(crate) most: u8,
    pub(crate) nonce: Nonce,
}

/// What the queue carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Carried {
    Chunk(Chunk),
    Revive {
        part: u8,
        round: u8,
    },
    /// Tell the end of a round, after so many failed tries.
    Tell {
        round: u8,
        tries: u8,
    },
}

impl Chunk {
    /// The same with another nonce.
    pub(crate) fn named(&self, nonce: Nonce) -> Self {
        Self { nonce, ..self.clone() }
    }

    fn of(message: &ChunkMessage) -> Self {
        Self {
            part: message.id.part as u8,
            chunk: message.id.chunk as u8,
            items: message.items.iter().map(|(index, _)| 1 << (index - message.first_index)).sum(),
            fixed: message.items.iter().filter(|(_, item)| is_fixed(item)).map(|(index, _)| 1 << (index - message.first_index)).sum(),
            round: if message.attempt == 0 { 0 } else { message.round as u8 },
            attempt: message.attempt as u8,
            hops: message.hops as u8,
            most: message.call_items_max.unwrap_or_default() as u8,
            nonce: Nonce::of(message.nonce),
        }
    }

    fn real(&self, shape: &Shape) -> ChunkMessage {
        let (part, chunk) = (usize::from(self.part), usize::from(self.chunk));
        let first_index = shape.first(part, chunk).into();
        let carried = (0..u64::from(shape.parts[part][chunk])).filter(|i| self.items & (1 << i) != 0);
        ChunkMessage {
            id: chunk_id(part, chunk),
            chunk_items: shape.parts[part][chunk].into(),
            first_index,
            items: carried.map(|i| (first_index + i, item_of(self.fixed & (1 << i) != 0))).collect(),
            round: self.round.into(),
            attempt: self.attempt.into(),
            hops: self.hops.into(),
            returns: 0,
            waited: std::time::Duration::ZERO,
            not_before: None,
            nonce: self.nonce.uuid(),
            careful: false,
            call_items_max: Some(u16::from(self.most)).filter(|most| *most > 0),
        }
    }

    pub(crate) fn wire(&self, shape: &Shape) -> String {
        wire(Message::Chunk(self.real(shape)))
    }
}

impl Carried {
    pub(crate) fn chunk(&self) -> Option<&Chunk> {
        match self {
            Self::Chunk(chunk) => Some(chunk),
            Self::Revive { .. } | Self::Tell { .. } => None,
        }
    }

    /// True if it makes a worker tell an end.
    pub(crate) fn tells(&self) -> bool {
        matches!(self, Self::Tell { .. })
    }

    /// The same with another nonce, if it has one.
    pub(crate) fn named(&self, nonce: Nonce) -> Self {
        match self {
            Self::Chunk(chunk) => Self::Chunk(chunk.named(nonce)),
            other => other.clone(),
        }
    }

    /// The message with this text.
    pub(crate) fn of(body: &str) -> Self {
        match Message::from_wire(body) {
            Ok(Message::Chunk(chunk)) => Self::Chunk(Chunk::of(&chunk)),
            Ok(Message::Revive { part, round, .. }) => Self::Revive { part: part as u8, round: round as u8 },
            Ok(Message::Tell { round, what: NoticeKind::Callback, tries, .. }) => Self::Tell { round: round as u8, tries: tries as u8 },
            Ok(Message::Tell { what, .. }) => panic!("no job of the model has events: {what:?}"),
            Err(error) => panic!("a use-case sent what no worker reads: {error}"),
        }
    }

    pub(crate) fn wire(&self, shape: &Shape) -> String {
        match self {
            Self::Chunk(chunk) => chunk.wire(shape),
            Self::Revive { part, round } => wire(Message::Revive { job: job_id(), part: (*part).into(), round: (*round).into() }),
            Self::Tell { round, tries } => {
                wire(Message::Tell { job: job_id(), round: (*round).into(), what: NoticeKind::Callback, tries: (*tries).into() })
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "a message without any text of a caller's")]
fn wire(message: Message) -> String {
    message.into_wire().expect("a message that can be written")
}
