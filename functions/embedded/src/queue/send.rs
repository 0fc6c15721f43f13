//! Sending messages: checked and hashed before the store is called, and stored in one transaction a call.

use std::collections::BTreeMap;

use rusqlite::params;
use uuid::Uuid;

use super::{
    attributes::{Queue, QueueId},
    fault::{Fault, Kind},
    store::QueueTransaction,
};

/// How long the second of two copies is delayed, if it is delayed.
const COPY_LATER_MS: u64 = 200;

/// A checked message.
pub(crate) struct Outgoing {
    /// Text.
    pub(crate) body: String,
    /// The sender's group, for fair receives.
    pub(crate) group: Option<String>,
    /// How long it is delayed; `None`: as the queue's settings say.
    pub(crate) delay_ms: Option<u64>,
    /// The body's MD5, in hexadecimal.
    pub(crate) md5: String,
    /// Generated here.
    pub(crate) message_id: Uuid,
}

impl Outgoing {
    /// Checks a message as SQS does, apart from its length.
    ///
    /// # Errors
    ///
    /// The error that SQS would give.
    pub(crate) fn new(body: String, group: Option<String>, delay_seconds: Option<i64>) -> Result<Self, Fault> {
        if body.is_empty() {
            return Err(Fault::new(Kind::MissingParameter, "a message needs a body of at least one character"));
        }
        if !is_allowed(&body) {
            let words = "a message may hold #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF only";
            return Err(Fault::new(Kind::InvalidMessageContents, words));
        }
        let group_is_right = |name: &str| (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        if !group.as_deref().is_none_or(group_is_right) {
            return Err(Fault::value("MessageGroupId must be 1 to 128 letters, digits and punctuation marks"));
        }
        let delay_ms = match delay_seconds {
            None => None,
            Some(seconds @ 0..=900) => Some(seconds.unsigned_abs() * 1000),
            Some(_) => return Err(Fault::value("DelaySeconds must be from 0 to 900")),
        };
        Ok(Self { md5: format!("{:x}", md5::compute(&body)), body, group, delay_ms, message_id: Uuid::new_v4() })
    }
}

fn is_allowed(body: &str) -> bool {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    !body.bytes().any(is_control) && !body.contains(['\u{FFFE}', '\u{FFFF}'])
}

/// Stores all messages, or none.
///
/// # Errors
///
/// If the file cannot be used.
pub(super) fn send(work: &mut QueueTransaction<'_>, queue: &Queue, messages: &[Outgoing]) -> Result<(), Fault> {
    let mut ready: BTreeMap<&str, i64> = BTreeMap::new();
    for message in messages {
        let delay_ms = message.delay_ms.unwrap_or(queue.attributes.delay_ms);
        let mut delays_ms = vec![delay_ms];
        if work.twice {
            // Some copies come in the same batch, others after the first has been worked on: both cases must work.
            delays_ms.push(delay_ms + COPY_LATER_MS * u64::from(message.message_id.as_bytes()[0] % 2));
        }
        for delay_ms in delays_ms {
            keep(work, queue, message, delay_ms)?;
            if delay_ms == 0 {
                *ready.entry(message.group.as_deref().unwrap_or_default()).or_default() += 1;
            }
        }
    }
    for (group, count) in ready {
        more_ready(work, queue.id, group, count)?;
    }
    work.woken.push(queue.id);
    Ok(())
}

fn keep(work: &mut QueueTransaction<'_>, queue: &Queue, message: &Outgoing, delay_ms: u64) -> rusqlite::Result<()> {
    work.counters.seq += 1;
    work.tx
        .prepare_cached(
            "INSERT INTO messages (seq, queue, sender_group, message_id, sent_ms, due_ms, ready, receives, bytes, md5)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)",
        )?
        .execute(params![
            work.counters.seq,
            queue.id,
            message.group.as_deref().unwrap_or_default(),
            message.message_id.as_bytes(),
            work.now_ms,
            work.now_ms + delay_ms,
            delay_ms == 0,
            message.body.len(),
            message.md5,
        ])?;
    work.tx.prepare_cached("INSERT INTO bodies (seq, body) VALUES (?1, ?2)")?.execute(params![work.counters.seq, message.body])?;
    Ok(())
}

/// Records that a group has this many more ready messages. A group that had none goes to the end of the line.
pub(super) fn more_ready(work: &mut QueueTransaction<'_>, queue: QueueId, group: &str, count: i64) -> rusqlite::Result<()> {
    work.counters.turn += 1;
    work.tx
        .prepare_cached(
            "INSERT INTO groups (queue, name, turn, ready) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET ready = ready + excluded.ready",
        )?
        .execute(params![queue, group, work.counters.turn, count])?;
    Ok(())
}

/// Records that a group has this many fewer ready messages.
pub(super) fn fewer_ready(work: &QueueTransaction<'_>, queue: QueueId, group: &str, count: i64) -> rusqlite::Result<()> {
    let left: i64 = work
        .tx
        .prepare_cached("UPDATE groups SET ready = ready - ?3 WHERE queue = ?1 AND name = ?2 RETURNING ready")?
        .query_row(params![queue, group, count], |row| row.get(0))?;
    if left <= 0 {
        work.tx.prepare_cached("DELETE FROM groups WHERE queue = ?1 AND name = ?2")?.execute(params![queue, group])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_exactly_the_characters_sqs_refuses() {
        for right in ["\t\n\r ~", "\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}", "\u{7F}\u{80}"] {
            assert!(is_allowed(right), "{right:?}");
        }
        for wrong in ["\0", "\u{8}", "\u{B}", "\u{C}", "\u{E}", "\u{1F}", "a\u{FFFE}", "\u{FFFF}b"] {
            assert!(!is_allowed(wrong), "{wrong:?}");
        }
    }
}
