//! Receiving messages, in one transaction: groups in the mode's order, and no message more often than its limit.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{
    QueueAddress,
    attributes::{Queue, QueueId},
    consumer_time::Event,
    fairness::Fairness,
    fault::Fault,
    handle::Handle,
    order,
    receive_request::ReceiveRequest,
    send::{fewer_ready, more_ready},
    store::{self, QueueTransaction, Store},
};

/// At most this many rows are looked at in one receive, so that many late or dead messages never block it for long.
const ROWS_MAX: usize = 200;

/// The result of a receive.
pub(crate) struct ReceiveResult {
    /// The messages received.
    pub(crate) messages: Vec<Received>,
    /// If there are none: when the next one is due.
    pub(crate) due_ms: Option<u64>,
}

/// A received message.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) handle: Handle,
    pub(crate) message_id: Uuid,
    pub(crate) body: String,
    pub(crate) md5: String,
    pub(crate) group: Option<String>,
    pub(crate) sent_ms: u64,
    pub(crate) first_received_ms: u64,
    /// How often it has been received, this time included.
    pub(crate) receives: u32,
    /// The ARN of the source queue, if it is a dead letter.
    pub(crate) source_arn: Option<String>,
}

struct Head {
    seq: i64,
    message_id: [u8; 16],
    sent_ms: u64,
    receives: u32,
    first_received_ms: Option<u64>,
    bytes: u64,
    md5: String,
    source: Option<String>,
}

/// Receives the messages that may be received now.
///
/// # Errors
///
/// If the file cannot be used.
pub(super) fn receive(store: &mut Store, request: &ReceiveRequest) -> Result<ReceiveResult, Fault> {
    let (is_idle, due_ms) = glance(store, request)?;
    if is_idle {
        return Ok(ReceiveResult { messages: Vec::new(), due_ms });
    }
    store.work(|work| {
        let queue = store::get(&work.tx, request.queue)?;
        forget_expired(work, &queue)?;
        promote(work, &queue)?;
        let messages = take(work, &queue, request)?;
        Ok(ReceiveResult { messages, due_ms: Some(work.now_ms) })
    })
}

/// Looks without writing: returns true if there is nothing to do, and when the next message is due.
fn glance(store: &Store, request: &ReceiveRequest) -> Result<(bool, Option<u64>), Fault> {
    store.look(|connection, now_ms| {
        let has_ready = has_ready(connection, request)?;
        let due_ms = next_due(connection, request.queue)?;
        let has_due = due_ms.is_some_and(|due_ms| due_ms <= now_ms);
        Ok((!has_ready && !has_due, due_ms))
    })
}

fn has_ready(connection: &Connection, request: &ReceiveRequest) -> rusqlite::Result<bool> {
    // Read one row more than are left out: if there are that many, at least one is not left out.
    let mut groups = connection.prepare_cached("SELECT name FROM groups WHERE queue = ?1 LIMIT ?2")?;
    let mut names = groups.query_map(params![request.queue, request.groups_left_out.len() + 1], |row| row.get::<_, String>(0))?;
    names.try_fold(false, |found, name| Ok(found || !request.groups_left_out.contains(&name?)))
}

fn next_due(connection: &Connection, queue: QueueId) -> rusqlite::Result<Option<u64>> {
    connection.prepare_cached("SELECT min(due_ms) FROM messages WHERE queue = ?1 AND ready = 0")?.query_row([queue], |row| row.get(0))
}

/// Deletes messages older than the queue's retention.
pub(super) fn forget_expired(work: &mut QueueTransaction<'_>, queue: &Queue) -> rusqlite::Result<()> {
    let before_ms = work.now_ms.saturating_sub(queue.attributes.retention_ms);
    let expired: Vec<(i64, String, bool)> = work
        .tx
        .prepare_cached("SELECT seq, sender_group, ready FROM messages WHERE queue = ?1 AND sent_ms < ?2 LIMIT ?3")?
        .query_map(params![queue.id, before_ms, ROWS_MAX], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, group, is_ready) in expired {
        work.tx.prepare_cached("DELETE FROM messages WHERE seq = ?1")?.execute([seq])?;
        work.tx.prepare_cached("DELETE FROM bodies WHERE seq = ?1")?.execute([seq])?;
        if is_ready {
            fewer_ready(work, queue.id, &group, 1)?;
        }
        work.note(Event::Ended { seq, at_ms: work.now_ms });
    }
    Ok(())
}

/// Makes messages ready whose waiting time is over.
pub(super) fn promote(work: &mut QueueTransaction<'_>, queue: &Queue) -> rusqlite::Result<()> {
    let due: Vec<(i64, String, u64)> = work
        .tx
        .prepare_cached(
            "SELECT seq, sender_group, due_ms FROM messages WHERE queue = ?1 AND ready = 0 AND due_ms <= ?2
             ORDER BY due_ms LIMIT ?3",
        )?
        .query_map(params![queue.id, work.now_ms, ROWS_MAX], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, group, due_ms) in due {
        work.tx.prepare_cached("UPDATE messages SET ready = 1 WHERE seq = ?1")?.execute([seq])?;
        more_ready(work, queue.id, &group, 1)?;
        work.note(Event::Ended { seq, at_ms: due_ms });
    }
    Ok(())
}

/// What has been received, and how much more there is room for.
struct Basket {
    taken: Vec<Received>,
    messages_left: usize,
    bytes_left: u64,
    rows_left: usize,
}

impl Basket {
    fn is_full(&self) -> bool {
        self.messages_left == 0 || self.rows_left == 0
    }
}

fn take(work: &mut QueueTransaction<'_>, queue: &Queue, request: &ReceiveRequest) -> Result<Vec<Received>, Fault> {
    let mut basket = Basket { taken: Vec::new(), messages_left: request.messages_max, bytes_left: request.bytes_max, rows_left: ROWS_MAX };
    while !basket.is_full() {
        let servings = order::next(work, request, basket.messages_left)?;
        if servings.is_empty() {
            break;
        }
        for serving in servings {
            let wanted = serving.messages_max.min(basket.messages_left).min(basket.rows_left);
            if wanted > 0 {
                serve(work, queue, &serving.group, wanted, request, &mut basket)?;
            }
        }
        if request.of_one_group && !basket.taken.is_empty() && work.fairness == Fairness::Turns {
            break;
        }
    }
    if !basket.taken.is_empty() {
        work.note(Event::Batch);
    }
    Ok(basket.taken)
}

/// Receives up to `wanted` of a group's messages, oldest first, and ends the group's turn.
fn serve(
    work: &mut QueueTransaction<'_>,
    queue: &Queue,
    group: &str,
    wanted: usize,
    request: &ReceiveRequest,
    basket: &mut Basket,
) -> Result<(), Fault> {
    let heads = heads(work, queue.id, group, wanted)?;
    if heads.is_empty() {
        let words = "the data directory's queue.db is damaged: a message that is ready is missing";
        return Err(Fault::internal(words));
    }
    let mut gone = 0;
    for head in heads {
        basket.rows_left -= 1;
        if !redrive(work, queue, &head, group)? {
            if !basket.taken.is_empty() && head.bytes > basket.bytes_left {
                basket.messages_left = 0;
                break;
            }
            basket.bytes_left = basket.bytes_left.saturating_sub(head.bytes);
            basket.messages_left -= 1;
            basket.taken.push(deliver(work, queue, group, head, request)?);
        }
        gone += 1;
    }
    served(work, queue.id, group, gone)
}

fn heads(work: &QueueTransaction<'_>, queue: QueueId, group: &str, heads_max: usize) -> rusqlite::Result<Vec<Head>> {
    work.tx
        .prepare_cached(
            "SELECT seq, message_id, sent_ms, receives, first_received_ms, bytes, md5, source FROM messages
             WHERE queue = ?1 AND sender_group = ?2 AND ready = 1 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![queue, group, heads_max], |row| {
            Ok(Head {
                seq: row.get(0)?,
                message_id: row.get(1)?,
                sent_ms: row.get(2)?,
                receives: row.get(3)?,
                first_received_ms: row.get(4)?,
                bytes: row.get(5)?,
                md5: row.get(6)?,
                source: row.get(7)?,
            })
        })?
        .collect()
}

/// Moves the message to the dead-letter queue if it has been received too often. It keeps its receive count.
fn redrive(work: &mut QueueTransaction<'_>, queue: &Queue, head: &Head, group: &str) -> Result<bool, Fault> {
    let Some(redrive) = &queue.attributes.redrive else {
        return Ok(false);
    };
    if head.receives < redrive.receives_max {
        return Ok(false);
    }
    let Some(dead_letters) = store::find(&work.tx, &redrive.dead_letters)? else {
        return Ok(false);
    };
    work.tx.prepare_cached("UPDATE messages SET queue = ?2, due_ms = ?3, source = ?4 WHERE seq = ?1")?.execute(params![
        head.seq,
        dead_letters.id,
        work.now_ms,
        queue.name
    ])?;
    more_ready(work, dead_letters.id, group, 1)?;
    work.woken.push(dead_letters.id);
    Ok(true)
}

fn deliver(work: &mut QueueTransaction<'_>, queue: &Queue, group: &str, head: Head, request: &ReceiveRequest) -> Result<Received, Fault> {
    let receives = head.receives + 1;
    let first_received_ms = head.first_received_ms.unwrap_or(work.now_ms);
    let visibility_ms = request.visibility_ms.unwrap_or(queue.attributes.visibility_ms);
    work.tx
        .prepare_cached("UPDATE messages SET ready = 0, due_ms = ?2, receives = ?3, first_received_ms = ?4 WHERE seq = ?1")?
        .execute(params![head.seq, work.now_ms + visibility_ms, receives, first_received_ms])?;
    let body = work
        .tx
        .prepare_cached("SELECT body FROM bodies WHERE seq = ?1")?
        .query_row([head.seq], |row| row.get(0))
        .optional()?
        .ok_or_else(|| Fault::internal("the data directory's queue.db is damaged: a message has no body"))?;
    work.note(Event::Received { seq: head.seq, group: (queue.id, group.to_owned()), at_ms: work.now_ms });
    Ok(Received {
        handle: Handle { queue: queue.id, seq: head.seq, receives, message_id: head.message_id },
        message_id: Uuid::from_bytes(head.message_id),
        body,
        md5: head.md5,
        group: Some(group.to_owned()).filter(|name| !name.is_empty()),
        sent_ms: head.sent_ms,
        first_received_ms,
        receives,
        source_arn: head.source.map(|name| QueueAddress::of(&name).arn),
    })
}

/// Records that a group has had its turn.
fn served(work: &mut QueueTransaction<'_>, queue: QueueId, group: &str, count: i64) -> Result<(), Fault> {
    work.counters.turn += 1;
    work.tx.prepare_cached("UPDATE groups SET turn = ?3 WHERE queue = ?1 AND name = ?2")?.execute(params![
        queue,
        group,
        work.counters.turn
    ])?;
    Ok(fewer_ready(work, queue, group, count)?)
}
