//! Dispatches a part: writes its row, sends its chunks to the queue, and records that the queue has them.

use std::time::Duration;

use chrono::TimeDelta;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::part_items::PartItems;
use crate::app::App;
use crate::chunk::{ChunkMessage, Message};
use crate::error::{Conflict, JobError};
use crate::ids::{ChunkId, JobId};
use crate::job::{Job, JobStatus, JobWrite};
use crate::ledger::Written;
use crate::limits::SENDING_TAKES_MAX;
use crate::part::{Part, PartWrite};
use crate::queue::Outgoing;

/// How many parts of one request are dispatched at the same time.
const PARTS_SIDE_BY_SIDE: usize = 4;
/// How often a request looks whether another one, which put the same part before, has sent it.
const LOOKS_MAX: u32 = 10;

/// A part that was dispatched.
pub(super) struct Dispatched {
    /// Its row; the queue has all its chunks.
    pub(super) part: Part,
    /// True if an earlier request had put the row.
    pub(super) was_there: bool,
}

/// Dispatches parts whose numbers the job row has reserved. Returns their rows, in the order of the parts.
pub(super) async fn dispatch_all(app: &App, job: &Job, parts: Vec<PartItems>) -> Result<Vec<Part>, JobError> {
    let dispatches: Vec<_> = parts.into_iter().map(|items| dispatch(app, job, items.row(app, job), items)).collect();
    stream::iter(dispatches).buffered(PARTS_SIDE_BY_SIDE).map_ok(|dispatched| dispatched.part).try_collect().await
}

/// Dispatches one part whose number the job row has reserved; `part` is the row to put.
pub(super) async fn dispatch(app: &App, job: &Job, part: Part, items: PartItems) -> Result<Dispatched, JobError> {
    let known = app.jobs.add_part(&part).await?;
    let was_there = known.is_some();
    if let Some(known) = known {
        if known.fingerprint != part.fingerprint {
            return Err(Conflict::PartDiffers(part.number).into());
        }
        let known = sent_meanwhile(app, known).await?;
        if known.sent {
            return Ok(Dispatched { part: known, was_there });
        }
    }
    app.queue.send(&job.user_id, messages(app, job, items)?).await?;
    let written = app.jobs.update_progress((job.id, part.number), &PartWrite::Sent).await?;
    let part = written.row().ok_or(JobError::NotFound)?;
    Ok(Dispatched { part, was_there })
}

/// The part, if it was there, once the request that put it has sent its chunks. If that takes too long, that request may have died.
async fn sent_meanwhile(app: &App, mut part: Part) -> Result<Part, JobError> {
    let may_be_sent_by = part.updated_at + TimeDelta::from_std(SENDING_TAKES_MAX).unwrap_or_default();
    for _ in 0..LOOKS_MAX {
        if part.sent || app.clock.now() > may_be_sent_by {
            break;
        }
        crate::time::sleep(SENDING_TAKES_MAX / LOOKS_MAX).await;
        part = app.ledger.part((part.job, part.number)).await?.ok_or(JobError::NotFound)?;
    }
    Ok(part)
}

/// First reserves part numbers up to this one in the job row: adding a part, sealing and abandoning all write there, so
/// each sees the other.
pub(super) async fn reserve(app: &App, id: JobId, number: u32) -> Result<(), JobError> {
    let reserved = match app.jobs.update_status(id, &JobWrite::Reserve { part: number }).await? {
        Written::Refused(job) if JobWrite::Touch.admitted(&job) => app.jobs.update_status(id, &JobWrite::Touch).await?,
        reserved => reserved,
    };
    match reserved {
        Written::Applied(_) => Ok(()),
        Written::Refused(job) if job.status == JobStatus::Cancelled || job.abandoned => Err(Conflict::JobEnded(job.status).into()),
        Written::Refused(job) if job.sealed => Err(Conflict::Sealed.into()),
        Written::Refused(_) => Ok(()),
        Written::Gone => Err(JobError::NotFound),
    }
}

fn messages(app: &App, job: &Job, part: PartItems) -> Result<Vec<Outgoing>, JobError> {
    let mut first_index = part.first_index;
    let mut messages = Vec::with_capacity(part.chunks.len());
    for (chunk, items) in (0..).zip(part.chunks) {
        let chunk_items = items.len() as u16;
        let message = Message::Chunk(ChunkMessage {
            id: ChunkId { job: job.id, part: part.number, chunk },
            chunk_items,
            first_index,
            items: (first_index..).zip(items).collect(),
            round: job.round,
            attempt: 0,
            hops: 0,
            returns: 0,
            waited: Duration::ZERO,
            not_before: None,
            nonce: app.clock.fresh_id(),
            careful: false,
            call_items_max: None,
        });
        messages.push(Outgoing { body: message.into_wire()?, delay: Duration::ZERO });
        first_index += u64::from(chunk_items);
    }
    Ok(messages)
}
