//! What a receipt handle allows: deleting its message, and changing how long it is invisible.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    attributes::{Census, QueueId},
    consumer_time::Event,
    fairness::Fairness,
    fault::{Fault, Kind},
    handle::Handle,
    send::{fewer_ready, more_ready},
    store::QueueTransaction,
};

/// Deletes a message. As with SQS, the handle of an earlier receive is accepted and deletes nothing.
///
/// # Errors
///
/// If the file cannot be used.
pub(super) fn delete(work: &mut QueueTransaction<'_>, handle: &Handle) -> rusqlite::Result<()> {
    let deleted: Option<(bool, String)> = work
        .tx
        .prepare_cached(
            "DELETE FROM messages WHERE seq = ?1 AND queue = ?2 AND receives = ?3 AND message_id = ?4
             RETURNING ready, sender_group",
        )?
        .query_row(params![handle.seq, handle.queue, handle.receives, handle.message_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((is_ready, group)) = deleted else {
        return Ok(());
    };
    work.tx.prepare_cached("DELETE FROM bodies WHERE seq = ?1")?.execute([handle.seq])?;
    if is_ready {
        fewer_ready(work, handle.queue, &group, 1)?;
    }
    note_deleted(work, handle, group)
}

fn note_deleted(work: &mut QueueTransaction<'_>, handle: &Handle, group: String) -> rusqlite::Result<()> {
    work.note(Event::Ended { seq: handle.seq, at_ms: work.now_ms });
    if work.fairness == Fairness::Turns {
        return Ok(());
    }
    let has_ready = work.tx.prepare_cached("SELECT 1 FROM groups WHERE queue = ?1 AND name = ?2")?.exists(params![handle.queue, group])?;
    if !has_ready {
        work.note(Event::Drained { group: (handle.queue, group) });
    }
    Ok(())
}

/// Makes a message invisible for this long from now on; with 0 it is visible at once.
///
/// # Errors
///
/// The error that SQS gives if the message is gone, was received again, or is visible already.
pub(super) fn change_visibility(work: &mut QueueTransaction<'_>, handle: &Handle, visibility_ms: u64) -> Result<(), Fault> {
    let found: Option<(bool, u64, String)> = work
        .tx
        .prepare_cached(
            "SELECT ready, due_ms, sender_group FROM messages
             WHERE seq = ?1 AND queue = ?2 AND receives = ?3 AND message_id = ?4",
        )?
        .query_row(params![handle.seq, handle.queue, handle.receives, handle.message_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((is_ready, due_ms, group)) = found else {
        let words = "the receipt handle's message does not exist or is not available for a visibility timeout change";
        return Err(Fault::value(words));
    };
    if is_ready || due_ms <= work.now_ms {
        return Err(Fault::new(Kind::MessageNotInflight, "the message is not in flight"));
    }
    work.tx.prepare_cached("UPDATE messages SET due_ms = ?2, ready = ?3 WHERE seq = ?1")?.execute(params![
        handle.seq,
        work.now_ms + visibility_ms,
        visibility_ms == 0
    ])?;
    if visibility_ms == 0 {
        more_ready(work, handle.queue, &group, 1)?;
        work.note(Event::Ended { seq: handle.seq, at_ms: work.now_ms });
    }
    work.woken.push(handle.queue);
    Ok(())
}

/// Counts a queue's messages.
///
/// # Errors
/// If the file cannot be used.
pub(super) fn count(connection: &Connection, queue: QueueId, now_ms: u64) -> rusqlite::Result<Census> {
    let ready: u64 = connection.query_row("SELECT coalesce(sum(ready), 0) FROM groups WHERE queue = ?1", [queue], |row| row.get(0))?;
    connection.query_row(
        "SELECT coalesce(sum(due_ms <= ?2), 0), coalesce(sum(due_ms > ?2 AND receives > 0), 0),
         coalesce(sum(due_ms > ?2 AND receives = 0), 0) FROM messages WHERE queue = ?1 AND ready = 0",
        params![queue, now_ms],
        |row| {
            let due: u64 = row.get(0)?;
            Ok(Census { ready: ready + due, in_flight: row.get(1)?, delayed: row.get(2)? })
        },
    )
}
