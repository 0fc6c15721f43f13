//! Submitting: a job at once with its items, or open, with its items as parts that follow, and a seal.
//!
//! Nothing is acknowledged before the queue has accepted every chunk it stands for; everything before that is safe to
//! send again, and cut the same way again, since the job row pins how.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::access::OwnedJob;
use crate::admit;
use crate::app::App;
use crate::chunk::{ChunkMessage, Message};
use crate::error::{Conflict, JobError, Violation};
use crate::ids::{ChunkId, JobId, UserId};
use crate::item_id;
use crate::job::{Job, JobStatus, JobWrite, ToleratedFailures};
use crate::jobs::{Created, NewJob};
use crate::ledger::{SubmissionKey, Written};
use crate::limits::{
    CHUNKS_PER_BODY_MAX, CHUNKS_PER_PART_MAX, ID_CHARS_MAX, ITEM_BYTES_MAX, ITEMS_PER_JOB_MAX, ITEMS_PER_REQUEST_MAX, PARTS_PER_JOB_MAX,
    VIOLATIONS_MAX,
};
use crate::part::{Part, PartWrite};
use crate::queue::Outgoing;
use crate::split::{Split, fingerprint};
use crate::upward;
use headway_processor::ProcessorInfo;

/// A job as it is asked for.
#[derive(Debug)]
pub struct Submission {
    /// Whose it is to be.
    pub user_id: UserId,
    /// The subject that asks.
    pub created_by: String,
    /// The processor's name.
    pub processor: String,
    /// Its params, at most 100,000 bytes.
    pub params: Arc<RawValue>,
    /// All items; `None` leaves the job open for parts.
    pub items: Option<Vec<Box<RawValue>>>,
    /// How many items will come, of a job that is open for parts.
    pub expected_items: Option<u64>,
    /// The top-level member that is an item's id.
    pub id_field: Option<String>,
    /// How many failures are borne.
    pub tolerated: ToleratedFailures,
    /// The most items in a chunk, 1 to 250.
    pub chunk_size: Option<u16>,
    /// The caller's own pairs, as a JSON object's text.
    pub metadata: Option<String>,
    /// The endpoint to be told of the end.
    pub callback: Option<String>,
    /// What makes the request safe to send again.
    pub key: Option<RequestKey>,
}

/// An `Idempotency-Key` with the body it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    /// SHA-256 of the body's bytes, in hex.
    pub fingerprint: String,
}

/// Starts a job: its record, its parts, all its chunks handed to the queue. A request sent again under its key
/// finishes what was cut off, and gives the job as it is.
///
/// # Errors
/// [`JobError::UnknownProcessor`], [`JobError::Invalid`] with pointers into the body, [`JobError::KeyReused`],
/// [`JobError::Quota`], and [`JobError::Unavailable`], after which the same request may be sent again.
pub async fn start_job(app: &App, submission: Submission) -> Result<Job, JobError> {
    let info = processor(app, &submission.processor)?;
    let items = submission.items.as_deref();
    if submission.id_field.as_ref().is_some_and(|field| field.chars().count() > ID_CHARS_MAX) {
        let detail = format!("longer than {ID_CHARS_MAX} characters");
        return Err(JobError::Invalid(vec![Violation::new("/idField", detail)]));
    }
    check(items.unwrap_or_default(), submission.id_field.as_deref(), "/items")?;
    let split = split(&submission, info);
    if items.map_or(0, |items| cut(split, items).len()) > CHUNKS_PER_BODY_MAX {
        let detail = format!("more than {CHUNKS_PER_BODY_MAX} chunks: ask for a larger chunkSize, or submit in parts");
        return Err(JobError::Invalid(vec![Violation::new("/items", detail)]));
    }
    let new = new_job(app, &submission, split);
    if !is_known(app, &new).await? {
        admit::start(app, &new.job.user_id, new.job.id, new.job.round, new.job.total_items).await?;
    }
    let job = match app.jobs.create(new).await? {
        Created::New(job) => job,
        Created::Known(_, known) if submission.key.as_ref().is_some_and(|key| key.fingerprint != known.fingerprint) => {
            return Err(JobError::KeyReused);
        }
        Created::Known(job, _) => job,
    };
    match submission.items {
        Some(items) if !job.sealed && !job.abandoned && job.status != JobStatus::Cancelled => dispatch_all(app, job, items).await,
        _ => Ok(job),
    }
}

/// Whether the request came before and its job is there: it is the same start then, whatever the quotas say.
async fn is_known(app: &App, new: &NewJob) -> Result<bool, JobError> {
    let Some(key) = &new.key else { return Ok(false) };
    let Some(known) = app.cupboard.submission(&key.user_id, &key.key_hash).await? else { return Ok(false) };
    match app.owned(&key.user_id, known.job).await {
        Ok(_) => Ok(true),
        Err(JobError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What became of a part that was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum PartPut {
    /// It is new.
    Created(Part),
    /// The same part was there, whole.
    Known(Part),
}

/// Adds part `number`, whose first item has index `first_index` in the job, and hands its chunks to the queue.
///
/// # Errors
/// [`JobError::NotFound`], [`Conflict::JobEnded`], [`Conflict::Sealed`], [`Conflict::PartDiffers`], [`JobError::Quota`]
/// and [`JobError::Invalid`].
pub async fn put_part(app: &App, job: &OwnedJob, number: u32, first_index: u64, items: Vec<Box<RawValue>>) -> Result<PartPut, JobError> {
    if number >= PARTS_PER_JOB_MAX {
        return Err(JobError::Invalid(vec![Violation::new("", format!("a job has at most {PARTS_PER_JOB_MAX} parts, numbered from 0"))]));
    }
    if first_index.saturating_add(items.len() as u64) > ITEMS_PER_JOB_MAX {
        return Err(JobError::Invalid(vec![Violation::new("", format!("a job has at most {ITEMS_PER_JOB_MAX} items"))]));
    }
    if items.is_empty() {
        return Err(JobError::Invalid(vec![Violation::new("", "a part has at least one item; a job without any has no parts")]));
    }
    check(&items, job.id_field.as_deref(), "")?;
    let chunks = cut(job.split, &items);
    if chunks.len() > CHUNKS_PER_PART_MAX {
        let detail = format!("{} chunks, and a part has at most {CHUNKS_PER_PART_MAX}: send smaller parts", chunks.len());
        return Err(JobError::Invalid(vec![Violation::new("", detail)]));
    }
    let part = new_part(app, job, number, first_index, &chunks, &items);
    if let Some(known) = known_part(app, job, &part).await? {
        return Ok(PartPut::Known(known));
    }
    if job.is_terminal() {
        return Err(Conflict::JobEnded(job.status).into());
    }
    admit::growth(app, job, first_index + u64::from(part.items)).await?;
    match dispatch_part(app, job, part.clone(), &chunks, &items).await {
        // The same part, sent twice side by side, may have been there in time for the seal.
        Err(JobError::Conflict(Conflict::Sealed)) => known_part(app, job, &part).await?.map(PartPut::Known).ok_or(Conflict::Sealed.into()),
        other => other,
    }
}

/// Says that there are no more parts than `parts`, all of them there and joined.
///
/// # Errors
/// [`JobError::NotFound`], [`Conflict::PartMissing`], [`Conflict::PartBeyond`], [`Conflict::PartsDoNotJoin`], and
/// [`Conflict::Sealed`] if the job is sealed with another count.
pub async fn seal(app: &App, job: &OwnedJob, parts: u32) -> Result<Job, JobError> {
    let id = job.id;
    if job.sealed {
        return if job.parts == parts { exact(app, id).await } else { Err(Conflict::Sealed.into()) };
    }
    // A job that failed early has all its items all the same, and a retry needs to know that.
    if job.status == JobStatus::Cancelled || job.abandoned {
        return Err(Conflict::JobEnded(job.status).into());
    }
    if let Some(top) = job.top_part.filter(|top| *top >= parts) {
        return Err(Conflict::PartBeyond(top).into());
    }
    seal_row(app, job, parts).await?;
    exact(app, id).await
}

fn processor<'a>(app: &'a App, name: &str) -> Result<&'a ProcessorInfo, JobError> {
    app.processors
        .iter()
        .find(|info| info.name == name)
        .ok_or_else(|| JobError::UnknownProcessor { known: app.processors.iter().map(|info| info.name.clone()).collect() })
}

/// The caller's chunk size, else the processor's wish, else what fits the number of items.
fn split(submission: &Submission, info: &ProcessorInfo) -> Split {
    match (submission.chunk_size, info.chunk_size_asked, &submission.items) {
        (Some(asked), ..) => Split::of(asked),
        (None, true, _) | (None, false, None) => Split::of(info.chunk_size),
        (None, false, Some(items)) => {
            let fit = Split::for_items(items.len());
            Split::of(fit.items_per_chunk_max.min(info.chunk_size))
        }
    }
}

fn cut(split: Split, items: &[Box<RawValue>]) -> Vec<Range<usize>> {
    split.cut(items.iter().map(|item| item.get().len()))
}

fn new_job(app: &App, submission: &Submission, split: Split) -> NewJob {
    let id = JobId(app.clock.fresh_id());
    let total = submission.items.as_ref().map_or(0, |items| items.len() as u64);
    let key = submission.key.as_ref();
    let job = Job {
        created_by: submission.created_by.clone(),
        processor: submission.processor.clone(),
        tolerated: submission.tolerated,
        split,
        expected_items: submission.expected_items,
        id_field: submission.id_field.clone(),
        callback: submission.callback.clone(),
        metadata: submission.metadata.clone(),
        key_hash: key.map(|key| key.key_hash.clone()),
        retention_days: app.retention_days,
        ..Job::new(id, submission.user_id.clone(), total, app.clock.now())
    };
    let key = key.map(|key| SubmissionKey {
        user_id: submission.user_id.clone(),
        key_hash: key.key_hash.clone(),
        job: id,
        fingerprint: key.fingerprint.clone(),
    });
    NewJob { job, params: submission.params.clone(), key }
}

/// Everything that is wrong with the items of one request, told by pointer below `base`.
fn check(items: &[Box<RawValue>], id_field: Option<&str>, base: &str) -> Result<(), JobError> {
    let mut violations = Vec::new();
    if items.len() > ITEMS_PER_REQUEST_MAX {
        violations.push(Violation::new(base, format!("more than {ITEMS_PER_REQUEST_MAX} items: submit in parts")));
    }
    let too_large = items.iter().enumerate().filter(|(_, item)| item.get().len() > ITEM_BYTES_MAX);
    let violation = |(i, _)| Violation::new(format!("{base}/{i}"), format!("larger than {ITEM_BYTES_MAX} bytes"));
    violations.extend(too_large.map(violation).take(VIOLATIONS_MAX));
    if let Some(field) = id_field {
        violations.extend(item_id::violations(items, field, base, ID_CHARS_MAX));
    }
    violations.truncate(VIOLATIONS_MAX);
    if violations.is_empty() { Ok(()) } else { Err(JobError::Invalid(violations)) }
}

fn new_part(app: &App, job: &Job, number: u32, first_index: u64, chunks: &[Range<usize>], items: &[Box<RawValue>]) -> Part {
    Part {
        fingerprint: fingerprint(first_index, chunks, items),
        round: job.round,
        ..Part::new((job.id, number), first_index, items.len() as u32, chunks.len() as u16, app.clock.now())
    }
}

async fn dispatch_all(app: &App, job: Job, items: Vec<Box<RawValue>>) -> Result<Job, JobError> {
    let chunks = cut(job.split, &items);
    let parts: Vec<_> = chunks.chunks(CHUNKS_PER_PART_MAX).collect();
    for (number, chunks) in parts.iter().enumerate() {
        let (first, end) = (chunks[0].start, chunks[chunks.len() - 1].end);
        let local: Vec<Range<usize>> = chunks.iter().map(|chunk| chunk.start - first..chunk.end - first).collect();
        let part = new_part(app, &job, number as u32, first as u64, &local, &items[first..end]);
        match dispatch_part(app, &job, part, &local, &items[first..end]).await {
            // The user has cancelled it already, or the same request, sent twice, was faster.
            Err(JobError::Conflict(Conflict::JobEnded(_) | Conflict::Sealed)) => return exact(app, job.id).await,
            other => other?,
        };
    }
    match seal_row(app, &job, parts.len() as u32).await {
        Ok(()) | Err(JobError::Conflict(Conflict::JobEnded(_))) => exact(app, job.id).await,
        Err(error) => Err(error),
    }
}

/// The part of that number, if it is there whole.
async fn known_part(app: &App, job: &Job, part: &Part) -> Result<Option<Part>, JobError> {
    let Some(known) = app.ledger.part((job.id, part.number)).await? else { return Ok(None) };
    if known.fingerprint != part.fingerprint {
        return Err(Conflict::PartDiffers(part.number).into());
    }
    Ok(known.sent.then_some(known))
}

async fn dispatch_part(app: &App, job: &Job, part: Part, chunks: &[Range<usize>], items: &[Box<RawValue>]) -> Result<PartPut, JobError> {
    reserve(app, job.id, part.number).await?;
    let known = app.jobs.add_part(&part).await?;
    if let Some(known) = &known {
        if known.fingerprint != part.fingerprint {
            return Err(Conflict::PartDiffers(part.number).into());
        }
        if known.sent {
            return Ok(PartPut::Known(known.clone()));
        }
    }
    app.queue.send(&job.user_id, messages(app, &part, chunks, items)?).await?;
    match app.jobs.update_progress((job.id, part.number), &PartWrite::Sent).await?.row() {
        Some(row) if known.is_some() => Ok(PartPut::Known(row)),
        Some(row) => Ok(PartPut::Created(row)),
        None => Err(JobError::NotFound),
    }
}

/// Makes the part known on the job row first: there, adding a part and sealing or abandoning meet.
async fn reserve(app: &App, id: JobId, number: u32) -> Result<(), JobError> {
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

fn messages(app: &App, part: &Part, chunks: &[Range<usize>], items: &[Box<RawValue>]) -> Result<Vec<Outgoing>, JobError> {
    let message = |(number, range): (usize, &Range<usize>)| {
        let index = |i: usize| part.first_index + i as u64;
        let message = Message::Chunk(ChunkMessage {
            id: ChunkId { job: part.job, part: part.number, chunk: number as u16 },
            chunk_items: range.len() as u16,
            first_index: index(range.start),
            items: range.clone().map(|i| (index(i), items[i].clone())).collect(),
            attempt: 0,
            hops: 0,
            returns: 0,
            waited: Duration::ZERO,
            not_before: None,
            nonce: app.clock.fresh_id(),
            careful: false,
        });
        Ok(Outgoing { body: message.to_wire()?, delay: Duration::ZERO })
    };
    chunks.iter().enumerate().map(message).collect()
}

/// Seals the row after reading that every part is there, whole, and joined; then looks upward.
async fn seal_row(app: &App, job: &Job, parts: u32) -> Result<(), JobError> {
    let ids: Vec<_> = (0..parts).map(|part| (job.id, part)).collect();
    let rows = app.ledger.parts(&ids).await?;
    let mut total_items = 0;
    for id in ids {
        let part = rows.get(&id).filter(|part| part.sent).ok_or(Conflict::PartMissing(id.1))?;
        if part.first_index != total_items {
            let (part, first_index) = (part.number, part.first_index);
            return Err(Conflict::PartsDoNotJoin { part, first_index, expected: total_items }.into());
        }
        total_items += u64::from(part.items);
    }
    match app.jobs.update_status(job.id, &JobWrite::Seal { parts, total_items }).await? {
        Written::Applied(job) => upward::look_upward_from_job(app, job).await.map(drop),
        Written::Refused(job) if job.sealed && job.parts == parts => upward::look_upward_from_job(app, job).await.map(drop),
        Written::Refused(job) if job.sealed => Err(Conflict::Sealed.into()),
        Written::Refused(job) if job.is_terminal() => Err(Conflict::JobEnded(job.status).into()),
        Written::Refused(job) => Err(Conflict::PartBeyond(job.top_part.unwrap_or(parts)).into()),
        Written::Gone => Err(JobError::NotFound),
    }
}

async fn exact(app: &App, id: JobId) -> Result<Job, JobError> {
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}
