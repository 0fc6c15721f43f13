//! The messages in the queue that carry chunks. Messages only carry items and how they fared so far; decisions are made
//! from rows. A chunk's message names its round for one purpose only: what it counts is not counted in a later round.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::ids::{ChunkId, JobId, PartId};
use crate::job::NoticeKind;

mod wire;

pub use wire::{WIRE_VERSION, WireError};

/// Items of a chunk on their way to a worker: all of them, or the rest.
#[derive(Debug, Clone)]
pub struct ChunkMessage {
    /// The chunk.
    pub id: ChunkId,
    /// How many items the whole chunk has.
    pub chunk_items: u16,
    /// The index of the chunk's first item.
    pub first_index: u64,
    /// The items carried, with their indexes in the job.
    pub items: Vec<(u64, Box<RawValue>)>,
    /// The round of its job in which `attempt`, `hops`, `returns` and `waited` were counted.
    pub round: u32,
    /// How often these items were tried before in that round.
    pub attempt: u32,
    /// How often they came back from the dead-letter queue since there was last any progress with their message.
    pub hops: u32,
    /// How often they were returned in a row without progress: no item recorded, no attempt charged, no wait begun.
    pub returns: u32,
    /// For how long in all these items were told to wait in that round, for a downstream that is throttled or
    /// unreachable.
    pub waited: Duration,
    /// They must not begin before this time, if the wait is longer than the queue's longest delay.
    pub not_before: Option<DateTime<Utc>>,
    /// New for every send.
    pub nonce: Uuid,
    /// True if each item has to be marked before it begins.
    pub careful: bool,
    /// The most items of a call of the processor, if larger calls with these items failed as a whole.
    pub call_items_max: Option<u16>,
}

/// A message in the queue.
#[derive(Debug, Clone)]
pub enum Message {
    /// Items to run.
    Chunk(ChunkMessage),
    /// Bring a part to its job's current round: after a retry, a resume, or from the sweep.
    Revive {
        /// The job.
        job: JobId,
        /// The part's number.
        part: u32,
        /// The round to bring it to.
        round: u32,
    },
    /// Tell a start or an end of a round. The job's row says whether and when that is due.
    Tell {
        /// The job.
        job: JobId,
        /// The round.
        round: u32,
        /// What is told, and whom.
        what: NoticeKind,
        /// How many tries had failed when this was sent.
        tries: u32,
    },
}

impl ChunkMessage {
    /// The message as it counts in this round of its job: in each round an item has all its attempts, and all its patience, and
    /// its message may return as often as any other.
    pub(crate) fn in_round(&self, round: u32) -> Cow<'_, Self> {
        match self.round < round {
            true => {
                Cow::Owned(Self { round, attempt: 0, hops: 0, returns: 0, waited: Duration::ZERO, call_items_max: None, ..self.clone() })
            }
            false => Cow::Borrowed(self),
        }
    }

    /// True if its items were tried or told to wait before, so that all of them may begin at the same moment.
    pub(crate) fn comes_back_after_a_wait(&self) -> bool {
        self.attempt > 0 || !self.waited.is_zero()
    }

    /// The message without its items.
    pub(crate) fn without_items(&self) -> Self {
        let Self {
            id, chunk_items, first_index, round, attempt, hops, returns, waited, not_before, nonce, careful, call_items_max, ..
        } = *self;
        let items = Vec::new();
        Self { id, chunk_items, first_index, items, round, attempt, hops, returns, waited, not_before, nonce, careful, call_items_max }
    }
}

impl Message {
    /// The job that it is about.
    pub fn job(&self) -> JobId {
        match self {
            Self::Chunk(chunk) => chunk.id.job,
            Self::Revive { job, .. } | Self::Tell { job, .. } => *job,
        }
    }

    /// The part that it is about, if it is about one.
    pub fn part_id(&self) -> Option<PartId> {
        match self {
            Self::Chunk(chunk) => Some((chunk.id.job, chunk.id.part)),
            Self::Revive { job, part, .. } => Some((*job, *part)),
            Self::Tell { .. } => None,
        }
    }

    /// The job, part and chunk that it is about, for logs.
    pub fn names(&self) -> (Option<String>, Option<u32>, Option<u16>) {
        let chunk = match self {
            Self::Chunk(chunk) => Some(chunk.id.chunk),
            Self::Revive { .. } | Self::Tell { .. } => None,
        };
        (Some(self.job().to_string()), self.part_id().map(|(_, part)| part), chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(in crate::chunk) fn message(items: &[&str]) -> ChunkMessage {
        let raw = |(i, text): (usize, &&str)| (i as u64, RawValue::from_string((*text).to_owned()).unwrap());
        ChunkMessage {
            id: ChunkId { job: JobId(Uuid::from_u128(7)), part: 3, chunk: 9 },
            chunk_items: 9,
            first_index: 0,
            items: items.iter().enumerate().map(raw).collect(),
            round: 3,
            attempt: 2,
            hops: 1,
            returns: 4,
            waited: Duration::from_millis(90_001),
            not_before: Some(DateTime::UNIX_EPOCH),
            nonce: Uuid::from_u128(9),
            careful: true,
            call_items_max: Some(125),
        }
    }

    /// Bug found: returns and dead letters of an earlier round counted on, so after a retry items were failed that had not begun.
    #[test]
    fn a_later_round_counts_anew_and_keeps_the_items_and_their_care() {
        let sent = message(&["1", "2"]);
        let later = sent.in_round(4);
        assert_eq!((later.round, later.attempt, later.hops, later.returns), (4, 0, 0, 0));
        assert_eq!((later.waited, later.call_items_max, later.careful, later.items.len()), (Duration::ZERO, None, true, 2));
        assert!(matches!(sent.in_round(3), Cow::Borrowed(_)) && matches!(sent.in_round(2), Cow::Borrowed(_)));
    }
}
