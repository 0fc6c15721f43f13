//! A message as text in the queue.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{ChunkMessage, Message};
use crate::error::{Cause, JobError};
use crate::ids::{ChunkId, JobId};
use crate::job::NoticeKind;

/// The version of the format that this code writes.
pub const WIRE_VERSION: u32 = 1;

/// A message as JSON: `{"v":1,"kind":"chunk","job":…,"first":0,"items":[item,…],…}`, with the items' `indexes` if it is
/// not the whole chunk; or `{"v":1,"kind":"revive",…}`, or `{"v":1,"kind":"tell",…}`.
#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    kind: String,
    job: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<u32>,
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
    /// The items in base64, if they contain a character that SQS refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items64: Option<String>,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    hops: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    returns: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waited_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<DateTime<Utc>>,
    #[serde(default)]
    nonce: Uuid,
    #[serde(default)]
    careful: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call_items_max: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    what: Option<String>,
}

/// The only member that every version of a message has.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Why this code cannot read a message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It was written by other code, perhaps a newer version.
    #[error("the message is of version {0}, this worker knows {WIRE_VERSION}")]
    Version(u32),
    /// It is not one of Headway's.
    #[error("the message is not one of ours")]
    Foreign(#[source] Cause),
}

impl Message {
    /// The message as text for the queue.
    ///
    /// # Errors
    ///
    /// [`JobError::Corrupt`] if it cannot be written as JSON. That cannot happen to items that were read as JSON.
    pub fn into_wire(self) -> Result<String, JobError> {
        let wire = match self {
            Self::Chunk(chunk) => Wire::of_chunk(chunk),
            Self::Revive { job, part, round } => Wire { part: Some(part), round: Some(round), ..Wire::new("revive", job) },
            Self::Tell { job, round, what, tries } => {
                Wire { round: Some(round), what: Some(what.as_str().to_owned()), attempt: tries, ..Wire::new("tell", job) }
            }
        };
        serde_json::to_string(&wire).map_err(|e| JobError::corrupt("a message", e))
    }

    /// Reads a message's text.
    ///
    /// # Errors
    ///
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
    fn new(kind: &str, job: JobId) -> Self {
        Self {
            v: WIRE_VERSION,
            kind: kind.to_owned(),
            job: job.0,
            part: None,
            round: None,
            chunk: None,
            n: None,
            first: None,
            indexes: None,
            items: None,
            items64: None,
            attempt: 0,
            hops: 0,
            returns: 0,
            waited_ms: None,
            not_before: None,
            nonce: Uuid::nil(),
            careful: false,
            call_items_max: None,
            what: None,
        }
    }

    fn of_chunk(chunk: ChunkMessage) -> Self {
        let mut wire = Self {
            part: Some(chunk.id.part),
            round: Some(chunk.round),
            chunk: Some(chunk.id.chunk),
            n: Some(chunk.chunk_items),
            first: Some(chunk.first_index),
            attempt: chunk.attempt,
            hops: chunk.hops,
            returns: chunk.returns,
            waited_ms: (!chunk.waited.is_zero()).then(|| u64::try_from(chunk.waited.as_millis()).unwrap_or(u64::MAX)),
            not_before: chunk.not_before,
            nonce: chunk.nonce,
            careful: chunk.careful,
            call_items_max: chunk.call_items_max,
            ..Self::new("chunk", chunk.id.job)
        };
        let whole = chunk.items.iter().map(|(index, _)| *index).eq(whole_chunk(chunk.first_index, chunk.chunk_items));
        wire.indexes = (!whole).then(|| chunk.items.iter().map(|(index, _)| *index).collect());
        let items: Vec<_> = chunk.items.into_iter().map(|(_, item)| item).collect();
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
            "revive" => {
                let (part, round) = (self.part.ok_or_else(missing)?, self.round.ok_or_else(missing)?);
                Ok(Message::Revive { job: JobId(self.job), part, round })
            }
            "tell" => {
                let what = self.what.as_deref().and_then(NoticeKind::named).ok_or_else(missing)?;
                Ok(Message::Tell { job: JobId(self.job), round: self.round.ok_or_else(missing)?, what, tries: self.attempt })
            }
            "chunk" => {
                let part = self.part.ok_or_else(missing)?;
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
                    id: ChunkId { job: JobId(self.job), part, chunk: self.chunk.ok_or_else(missing)? },
                    chunk_items,
                    first_index,
                    items: indexes.into_iter().zip(items).collect(),
                    round: self.round.unwrap_or_default(),
                    attempt: self.attempt,
                    hops: self.hops,
                    returns: self.returns,
                    waited: Duration::from_millis(self.waited_ms.unwrap_or_default()),
                    not_before: self.not_before,
                    nonce: self.nonce,
                    careful: self.careful,
                    call_items_max: self.call_items_max,
                }))
            }
            other => Err(WireError::Foreign(format!("it is of kind {other}").into())),
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// True if the text contains a character that JSON allows and SQS refuses. Source: Amazon SQS, `SendMessage`: #x9 | #xA
/// | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.
fn refused_by_queue(text: &str) -> bool {
    // Both characters are three bytes that begin with 0xEF 0xBF. Text that is all ASCII, the usual case, is skipped
    // quickly.
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
    use crate::chunk::tests::message;
    use crate::limits::{CHUNK_BYTES_MAX, ITEM_FRAME_BYTES};

    /// Bug found: the message of an event made a worker call the endpoint instead.
    #[test]
    fn a_message_to_tell_says_what_and_whom() {
        for kind in NoticeKind::ALL.iter().copied() {
            let sent = Message::Tell { job: JobId(Uuid::from_u128(7)), round: 2, what: kind, tries: 3 };
            let came = Message::from_wire(&sent.clone().into_wire().unwrap()).unwrap();
            assert_eq!(format!("{came:?}"), format!("{sent:?}"));
        }
        let unknown = r#"{"v":1,"kind":"tell","job":"00000000-0000-0000-0000-000000000007","round":2,"what":"JobPaused"}"#;
        assert!(matches!(Message::from_wire(unknown), Err(WireError::Foreign(_))));
    }

    #[test]
    fn only_what_the_queue_refuses_is_encoded() {
        let wire = |text: &str| Message::Chunk(message(&[text])).into_wire().unwrap();
        assert!(wire("\"é\"").contains("\"é\"") && !wire("\"\u{FFFF}\"").contains("items\":"));
    }

    #[test]
    fn a_message_arrives_as_it_was_sent_byte_for_byte() {
        for (items, chunk_items) in [(&[r#"{"a": 1.000,  "b":"é\u0000"}"#, "null"][..], 2), (&["\"\u{FFFF}\u{FFFE}\""], 9), (&[], 3)] {
            let sent = ChunkMessage { chunk_items, ..message(items) };
            let wire = Message::Chunk(sent.clone()).into_wire().unwrap();
            assert!(!wire.contains(['\u{FFFE}', '\u{FFFF}']), "the queue would not take it");
            let Message::Chunk(came) = Message::from_wire(&wire).unwrap() else { panic!("another kind") };
            assert_eq!(format!("{came:?}"), format!("{sent:?}"));
        }
    }

    #[test]
    fn a_full_chunk_is_billed_as_one_request() {
        let item = RawValue::from_string(format!("\"{}\"", "x".repeat(CHUNK_BYTES_MAX - ITEM_FRAME_BYTES - 2))).unwrap();
        let mut chunk = message(&[]);
        chunk.items = vec![(9_999_999, item)];
        assert!(Message::Chunk(chunk.clone()).into_wire().unwrap().len() <= 64 * 1_024);
        let small = |index| (index, RawValue::from_string("1".repeat(CHUNK_BYTES_MAX / 250 - 1)).unwrap());
        (chunk.chunk_items, chunk.first_index) = (250, 9_999_700);
        chunk.items = (9_999_701..9_999_950).map(small).collect();
        assert!(Message::Chunk(chunk).into_wire().unwrap().len() <= 64 * 1_024, "without its first item, so with indexes");
    }

    #[test]
    fn foreign_and_newer_messages_are_distinguished() {
        assert!(matches!(Message::from_wire(r#"{"v":2,"kind":"chunk","chunks":[]}"#), Err(WireError::Version(2))));
        for foreign in ["", "{}", "null", r#"{"v":1,"kind":"chunk"}"#, r#"{"Records":[]}"#, r#"{"v":"1"}"#] {
            assert!(matches!(Message::from_wire(foreign), Err(WireError::Foreign(_))), "{foreign}");
        }
    }
}
