//! Adding a part to an open job.

use serde_json::value::RawValue;

use super::check::{check, invalid};
use super::dispatch::{Dispatched, dispatch, reserve};
use super::part_items::{PartItems, cut};
use crate::access::OwnedJob;
use crate::admit;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::job::Job;
use crate::limits::{CHUNKS_PER_PART_MAX, ITEMS_PER_JOB_MAX, PARTS_PER_JOB_MAX};
use crate::part::Part;

/// What happened to a part that was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum PartPut {
    /// It is new.
    Created(Part),
    /// The same part was already there, complete.
    Known(Part),
}

/// Adds part `number`, whose first item has index `first_index` in the job, and sends its chunks to the queue.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::JobEnded`], [`Conflict::Sealed`], [`Conflict::PartDiffers`], [`Conflict::PartsOverlap`],
/// [`JobError::Quota`] and [`JobError::Invalid`].
pub async fn put_part(app: &App, job: &OwnedJob, number: u32, first_index: u64, items: Vec<Box<RawValue>>) -> Result<PartPut, JobError> {
    let items = read(job, number, first_index, items)?;
    let part = items.row(app, job);
    if let Some(known) = known_part(app, job, &part).await? {
        return Ok(PartPut::Known(known));
    }
    if job.is_terminal() {
        return Err(Conflict::JobEnded(job.status).into());
    }
    admit::growth(app, job, part.indexes().end).await?;
    match reserve_and_dispatch(app, job, part.clone(), items).await {
        Ok(Dispatched { part, was_there: false }) => Ok(PartPut::Created(part)),
        Ok(Dispatched { part, was_there: true }) => Ok(PartPut::Known(part)),
        // If the same part was sent twice at the same time, the other request may have put it before the seal.
        Err(JobError::Conflict(Conflict::Sealed)) => known_part(app, job, &part).await?.map(PartPut::Known).ok_or(Conflict::Sealed.into()),
        Err(error) => Err(error),
    }
}

async fn reserve_and_dispatch(app: &App, job: &Job, part: Part, items: PartItems) -> Result<Dispatched, JobError> {
    reserve(app, job.id, part.number).await?;
    dispatch(app, job, part, items).await
}

/// The items to dispatch, if a job can have such a part.
fn read(job: &Job, number: u32, first_index: u64, items: Vec<Box<RawValue>>) -> Result<PartItems, JobError> {
    if number >= PARTS_PER_JOB_MAX {
        return Err(invalid("", format!("a job has at most {PARTS_PER_JOB_MAX} parts, numbered from 0")));
    }
    if first_index.saturating_add(items.len() as u64) > ITEMS_PER_JOB_MAX {
        return Err(invalid("", format!("a job has at most {ITEMS_PER_JOB_MAX} items")));
    }
    if items.is_empty() {
        return Err(invalid("", "a part has at least one item; a job without any has no parts"));
    }
    check(&items, job.id_field.as_deref(), "", "send smaller parts")?;
    let chunks = cut(job.split, items);
    if chunks.len() > CHUNKS_PER_PART_MAX {
        let detail = format!("{} chunks, and a part has at most {CHUNKS_PER_PART_MAX}: send smaller parts", chunks.len());
        return Err(invalid("", detail));
    }
    Ok(PartItems { number, first_index, chunks })
}

/// The part with this number, if it is there and complete. A new part shares no index with the parts next to it: items with one
/// index have one idempotency key, and would run long before the seal finds that the parts do not join.
async fn known_part(app: &App, job: &Job, part: &Part) -> Result<Option<Part>, JobError> {
    let beside = part.number.saturating_sub(1)..=part.number + u32::from(part.number + 1 < job.parts_end());
    let mut rows = app.ledger.parts(&beside.map(|number| (job.id, number)).collect::<Vec<_>>()).await?;
    match rows.remove(&(job.id, part.number)) {
        Some(known) if known.fingerprint != part.fingerprint => Err(Conflict::PartDiffers(part.number).into()),
        Some(known) => Ok(known.sent.then_some(known)),
        None => match rows.into_values().find(|other| other.shares_indexes(part)) {
            Some(other) => Err(Conflict::PartsOverlap { part: part.number, other: other.number, indexes: other.indexes() }.into()),
            None => Ok(None),
        },
    }
}
