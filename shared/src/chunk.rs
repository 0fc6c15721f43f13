//! Chunks: how items are cut into them, and how they travel in a queue's messages.
//!
//! Cutting is a pure function of the items' sizes and the job's pinned [`Split`], so that a client, a server and a
//! submission resumed later cut alike. Rows decide, messages only carry: no rule reads a round from a chunk message.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{Cause, JobError};
use crate::job::JobId;
use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_PER_SMALL_JOB, ITEM_FRAME_BYTES, ITEMS_PER_CHUNK_MAX};

/// How a job's items are cut into chunks. Pinned in the job row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Of the way of cutting; another way is another version.
    pub version: u16,
    /// The most items in a chunk, 1 to 250. Bytes may make it fewer.
    pub items_per_chunk_max: u16,
}

impl Default for Split {
    fn default() -> Self {
        Self::of(ITEMS_PER_CHUNK_MAX as u16)
    }
}

impl Split {
    /// The present way of cutting, with at most this many items in a chunk.
    pub fn of(items_per_chunk_max: u16) -> Self {
        Self { version: 1, items_per_chunk_max: items_per_chunk_max.clamp(1, ITEMS_PER_CHUNK_MAX as u16) }
    }

    /// About 32 chunks for a small job, chunks of 250 items for a large one.
    pub fn for_items(items: usize) -> Self {
        Self::of(items.div_ceil(CHUNKS_PER_SMALL_JOB).clamp(1, ITEMS_PER_CHUNK_MAX) as u16)
    }

    /// Cuts items of these sizes, in bytes, into ranges of consecutive ones.
    pub fn cut(self, sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
        let mut cutter = Cutter::new(self);
        let mut starts: Vec<usize> = Vec::new();
        let mut items = 0;
        for size in sizes {
            if cutter.push(size) {
                starts.push(items);
            }
            items += 1;
        }
        let ends = starts.iter().copied().skip(1).chain([items]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }
}

/// Cuts a stream: told each item's size, it says where a chunk begins.
#[derive(Debug, Clone)]
pub struct Cutter {
    split: Split,
    items: usize,
    bytes: usize,
}

impl Cutter {
    /// Before the first item.
    pub fn new(split: Split) -> Self {
        Self { split, items: 0, bytes: 0 }
    }

    /// Whether the next item, of `size` bytes, begins a new chunk.
    pub fn push(&mut self, size: usize) -> bool {
        let size = size + ITEM_FRAME_BYTES;
        let full = self.items == usize::from(self.split.items_per_chunk_max) || self.bytes + size > CHUNK_BYTES_MAX;
        let begins = self.items == 0 || full;
        if begins {
            (self.items, self.bytes) = (0, 0);
        }
        self.items += 1;
        self.bytes += size;
        begins
    }
}

/// What tells one part's bytes and boundaries from another's: SHA-256 over both, as 32 hex digits.
pub fn fingerprint(first_index: u64, chunks: &[Range<usize>], items: &[Box<RawValue>]) -> String {
    let mut hash = Sha256::new();
    hash.update(first_index.to_be_bytes());
    for chunk in chunks {
        hash.update((chunk.len() as u64).to_be_bytes());
        for item in &items[chunk.clone()] {
            hash.update((item.get().len() as u64).to_be_bytes());
            hash.update(item.get());
        }
    }
    hex(&hash.finalize()[..16])
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which chunk of which part of which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The job.
    pub job: JobId,
    /// The part's number.
    pub part: u32,
    /// The chunk's number in the part.
    pub chunk: u16,
}

/// Items of one chunk on their way to a worker: all of them, or those that are left.
#[derive(Debug, Clone)]
pub struct ChunkMessage {
    /// Which chunk.
    pub id: ChunkId,
    /// How many items the whole chunk has.
    pub chunk_items: u16,
    /// The index of the chunk's first item.
    pub first_index: u64,
    /// The items carried, with their indexes in the job.
    pub items: Vec<(u64, Box<RawValue>)>,
    /// How often these items were tried before.
    pub attempt: u32,
    /// How often they came back from the dead-letter queue.
    pub hops: u32,
    /// Fresh at every send.
    pub nonce: Uuid,
    /// Whether each item is to be marked before it begins.
    pub careful: bool,
}

/// What the queue carries.
#[derive(Debug, Clone)]
pub enum Message {
    /// Items to work on.
    Chunk(ChunkMessage),
    /// A part to be brought to a round: after a retry, a resume, or by the sweep.
    Revive {
        /// The job.
        job: JobId,
        /// The part's number.
        part: u32,
        /// The round to bring it to.
        round: u32,
    },
}

/// The version of the wire format this code writes.
pub const WIRE_VERSION: u32 = 1;

/// A message on the wire: `{"v":1,"kind":"chunk","job":…,"first":0,"items":[item,…],…}`, with the items' `indexes` if they
/// are not the whole chunk; or `{"v":1,"kind":"revive",…}`.
#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    kind: String,
    job: Uuid,
    part: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chunk: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    indexes: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Box<RawValue>>>,
    /// The items in base64, when they hold a character that SQS refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items64: Option<String>,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    hops: u32,
    #[serde(default)]
    nonce: Uuid,
    #[serde(default)]
    careful: bool,
}

/// Only what every version of a message has.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Why a message cannot be worked on by this code.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Written by other code, maybe newer.
    #[error("the message is of version {0}, this worker knows {WIRE_VERSION}")]
    Version(u32),
    /// Not one of ours.
    #[error("the message is not one of ours")]
    Foreign(#[source] Cause),
}

impl Message {
    /// The job, part and chunk it is about, for logs.
    pub fn names(&self) -> (Option<String>, Option<u32>, Option<u16>) {
        match self {
            Self::Chunk(chunk) => (Some(chunk.id.job.to_string()), Some(chunk.id.part), Some(chunk.id.chunk)),
            Self::Revive { job, part, .. } => (Some(job.to_string()), Some(*part), None),
        }
    }

    /// The message as the queue carries it.
    ///
    /// # Errors
    /// [`JobError::Corrupt`] if it cannot be written as JSON, which items that were read as JSON rule out.
    pub fn to_wire(&self) -> Result<String, JobError> {
        let wire = match self {
            Self::Chunk(chunk) => Wire::of_chunk(chunk),
            Self::Revive { job, part, round } => Wire { round: Some(*round), ..Wire::new("revive", *job, *part) },
        };
        serde_json::to_string(&wire).map_err(|e| JobError::corrupt("a message", e))
    }

    /// The message of that text.
    ///
    /// # Errors
    /// [`WireError`] if this code does not know it.
    pub fn from_wire(text: &str) -> Result<Self, WireError> {
        let wire: Wire = serde_json::from_str(text).map_err(|e| match serde_json::from_str::<Versioned>(text) {
            Ok(other) if other.v != WIRE_VERSION => WireError::Version(other.v),
            _ => WireError::Foreign(e.into()),
        })?;
        if wire.v != WIRE_VERSION {
            return Err(WireError::Version(wire.v));
        }
        wire.into_message()
    }
}

impl Wire {
    fn new(kind: &str, job: JobId, part: u32) -> Self {
        Self {
            v: WIRE_VERSION,
            kind: kind.to_owned(),
            job: job.0,
            part,
            round: None,
            chunk: None,
            n: None,
            first: None,
            indexes: None,
            items: None,
            items64: None,
            attempt: 0,
            hops: 0,
            nonce: Uuid::nil(),
            careful: false,
        }
    }

    fn of_chunk(chunk: &ChunkMessage) -> Self {
        let mut wire = Self {
            chunk: Some(chunk.id.chunk),
            n: Some(chunk.chunk_items),
            first: Some(chunk.first_index),
            attempt: chunk.attempt,
            hops: chunk.hops,
            nonce: chunk.nonce,
            careful: chunk.careful,
            ..Self::new("chunk", chunk.id.job, chunk.id.part)
        };
        let whole = chunk.items.iter().map(|(index, _)| *index).eq(whole_chunk(chunk.first_index, chunk.chunk_items));
        wire.indexes = (!whole).then(|| chunk.items.iter().map(|(index, _)| *index).collect());
        let items: Vec<_> = chunk.items.iter().map(|(_, item)| item.clone()).collect();
        if items.iter().any(|item| refused_by_queue(item.get())) {
            wire.items64 = serde_json::to_vec(&items).ok().map(|bytes| BASE64_STANDARD.encode(bytes));
        } else {
            wire.items = Some(items);
        }
        wire
    }

    fn into_message(self) -> Result<Message, WireError> {
        let missing = || WireError::Foreign("a member is missing".into());
        match self.kind.as_str() {
            "revive" => Ok(Message::Revive { job: JobId(self.job), part: self.part, round: self.round.ok_or_else(missing)? }),
            "chunk" => {
                let items = match (self.items, self.items64) {
                    (Some(items), _) => items,
                    (None, Some(text)) => from_base64(&text).map_err(WireError::Foreign)?,
                    (None, None) => return Err(missing()),
                };
                let (first_index, chunk_items) = (self.first.ok_or_else(missing)?, self.n.ok_or_else(missing)?);
                let indexes = self.indexes.unwrap_or_else(|| whole_chunk(first_index, chunk_items).collect());
                if indexes.len() != items.len() {
                    return Err(WireError::Foreign("its indexes are not as many as its items".into()));
                }
                Ok(Message::Chunk(ChunkMessage {
                    id: ChunkId { job: JobId(self.job), part: self.part, chunk: self.chunk.ok_or_else(missing)? },
                    chunk_items,
                    first_index,
                    items: indexes.into_iter().zip(items).collect(),
                    attempt: self.attempt,
                    hops: self.hops,
                    nonce: self.nonce,
                    careful: self.careful,
                }))
            }
            other => Err(WireError::Foreign(format!("it is of kind {other}").into())),
        }
    }
}

/// Whether the text holds a character that SQS does not take and JSON does.
/// Source: Amazon SQS, `SendMessage`: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.
fn refused_by_queue(text: &str) -> bool {
    // Both are three bytes that begin with 0xEF 0xBF; ASCII, the usual case, is passed over at memory's speed.
    !text.is_ascii() && text.contains(['\u{FFFE}', '\u{FFFF}'])
}

/// The indexes of all items of a chunk.
fn whole_chunk(first_index: u64, items: u16) -> std::ops::Range<u64> {
    first_index..first_index + u64::from(items)
}

fn from_base64(text: &str) -> Result<Vec<Box<RawValue>>, Cause> {
    Ok(serde_json::from_slice(&BASE64_STANDARD.decode(text)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(items: &[&str]) -> ChunkMessage {
        let raw = |(i, text): (usize, &&str)| (i as u64, RawValue::from_string((*text).to_owned()).unwrap());
        ChunkMessage {
            id: ChunkId { job: JobId(Uuid::from_u128(7)), part: 3, chunk: 9 },
            chunk_items: 9,
            first_index: 0,
            items: items.iter().enumerate().map(raw).collect(),
            attempt: 2,
            hops: 1,
            nonce: Uuid::from_u128(9),
            careful: true,
        }
    }

    proptest! {
        #[test]
        fn cutting_keeps_every_item_in_order_and_every_bound(
            sizes in proptest::collection::vec(0usize..50_000, 0..600), most in 1u16..=250,
        ) {
            let chunks = Split::of(most).cut(sizes.iter().copied());
            prop_assert_eq!(chunks.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..sizes.len()).collect::<Vec<_>>());
            for chunk in &chunks {
                prop_assert!((1..=usize::from(most)).contains(&chunk.len()));
                prop_assert!(sizes[chunk.clone()].iter().map(|size| size + ITEM_FRAME_BYTES).sum::<usize>() <= CHUNK_BYTES_MAX);
            }
        }
    }

    #[test]
    fn a_chunk_is_filled_to_the_byte() {
        let half = CHUNK_BYTES_MAX / 2 - ITEM_FRAME_BYTES;
        assert_eq!(Split::of(250).cut([half, half]).len(), 1);
        assert_eq!(Split::of(250).cut([half, half + 1]), [0..1, 1..2]);
    }

    #[test]
    fn a_fingerprint_tells_place_boundaries_and_bytes_apart() {
        let items = |texts: &[&str]| texts.iter().map(|text| RawValue::from_string((*text).to_owned()).unwrap()).collect::<Vec<_>>();
        let one_and_two = [0..1, 1..3];
        let whole = fingerprint(0, &one_and_two, &items(&["1", "2", "3"]));
        assert_eq!(whole, fingerprint(0, &one_and_two, &items(&["1", "2", "3"])));
        let others = [
            fingerprint(1, &one_and_two, &items(&["1", "2", "3"])),
            fingerprint(0, &[0..2, 2..3], &items(&["1", "2", "3"])),
            fingerprint(0, &one_and_two, &items(&["1", "2", "4"])),
            fingerprint(0, &[0..1, 1..2], &items(&["1", "23"])),
        ];
        assert!(others.iter().all(|other| *other != whole), "{others:?}");
    }

    #[test]
    fn only_what_the_queue_refuses_is_encoded() {
        let wire = |text: &str| Message::Chunk(message(&[text])).to_wire().unwrap();
        assert!(wire("\"é\"").contains("\"é\"") && !wire("\"\u{FFFF}\"").contains("items\":"));
    }

    #[test]
    fn a_message_arrives_as_it_was_sent_byte_for_byte() {
        for (items, chunk_items) in [(&[r#"{"a": 1.000,  "b":"é\u0000"}"#, "null"][..], 2), (&["\"\u{FFFF}\u{FFFE}\""], 9), (&[], 3)] {
            let sent = ChunkMessage { chunk_items, ..message(items) };
            let wire = Message::Chunk(sent.clone()).to_wire().unwrap();
            assert!(!wire.contains(['\u{FFFE}', '\u{FFFF}']), "the queue would not take it");
            let Message::Chunk(came) = Message::from_wire(&wire).unwrap() else { panic!("another kind") };
            assert_eq!(format!("{came:?}"), format!("{sent:?}"));
        }
    }

    #[test]
    fn a_full_chunk_fits_in_what_is_billed_as_one_request() {
        let item = RawValue::from_string(format!("\"{}\"", "x".repeat(CHUNK_BYTES_MAX - ITEM_FRAME_BYTES - 2))).unwrap();
        let mut chunk = message(&[]);
        chunk.items = vec![(9_999_999, item)];
        assert!(Message::Chunk(chunk.clone()).to_wire().unwrap().len() <= 64 * 1_024);
        let small = |index| (index, RawValue::from_string("1".repeat(CHUNK_BYTES_MAX / 250 - 1)).unwrap());
        (chunk.chunk_items, chunk.first_index) = (250, 9_999_700);
        chunk.items = (9_999_701..9_999_950).map(small).collect();
        assert!(Message::Chunk(chunk).to_wire().unwrap().len() <= 64 * 1_024, "without its first item, so with indexes");
    }

    #[test]
    fn what_is_not_ours_is_told_from_what_is_newer() {
        assert!(matches!(Message::from_wire(r#"{"v":2,"kind":"chunk","chunks":[]}"#), Err(WireError::Version(2))));
        for foreign in ["", "{}", "null", r#"{"v":1,"kind":"chunk"}"#, r#"{"Records":[]}"#, r#"{"v":"1"}"#] {
            assert!(matches!(Message::from_wire(foreign), Err(WireError::Foreign(_))), "{foreign}");
        }
    }

    #[test]
    fn small_jobs_are_cut_into_about_32_chunks() {
        for (items, most) in [(0, 1), (1, 1), (32, 1), (33, 2), (3_322, 104), (8_000, 250), (50_000, 250)] {
            assert_eq!(Split::for_items(items).items_per_chunk_max, most, "{items}");
        }
    }
}
