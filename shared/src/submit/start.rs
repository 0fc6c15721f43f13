//! Starts a job, with all its items or open for parts.

use super::check::{check, invalid};
use super::dispatch::{dispatch_all, reserve};
use super::part_items::{PartItems, cut, parts_of};
use super::seal::{exact, seal_row};
use super::submission::Submission;
use crate::admit;
use crate::app::App;
use crate::error::{Conflict, JobError};
use crate::ids::JobId;
use crate::job::{Job, JobStatus, Labels};
use crate::jobs::{Created, NewJob};
use crate::ledger::SubmissionKey;
use crate::limits::{CHUNKS_PER_BODY_MAX, ID_CHARS_MAX};
use crate::quota::Usage;
use crate::split::Split;
use headway_processor::ProcessorInfo;

/// Starts a job: writes its record and its parts, and sends all its chunks to the queue. If the request is sent again
/// with its key, it completes what is missing and returns the job as it is.
///
/// # Errors
///
/// [`JobError::UnknownProcessor`], [`JobError::Invalid`] with pointers into the body, [`JobError::KeyReused`],
/// [`JobError::Quota`], and [`JobError::Unavailable`], after which the same request may be sent again.
pub async fn start_job(app: &App, submission: Submission) -> Result<Job, JobError> {
    let info = app.processors.find(&submission.processor).await?;
    start_with(app, &info, submission).await
}

/// The same for a caller that has looked up the job's processor.
///
/// # Errors
///
/// As [`start_job`], except [`JobError::UnknownProcessor`].
pub async fn start_with(app: &App, info: &ProcessorInfo, mut submission: Submission) -> Result<Job, JobError> {
    let Checked { split, parts } = checked(info, &mut submission)?;
    let fingerprint = submission.key.as_ref().map(|key| key.fingerprint.clone());
    let new = new_job(app, submission, split, parts.as_deref());
    match (create(app, new).await?, parts) {
        (Created::Known(_, known), _) if fingerprint.is_some_and(|fingerprint| fingerprint != known.fingerprint) => {
            Err(JobError::KeyReused)
        }
        (Created::New(job), Some(parts)) => finish(app, job, parts).await,
        (Created::New(job), None) => Ok(job),
        (Created::Known(job, _), Some(parts)) if !job.sealed && !job.abandoned && job.status != JobStatus::Cancelled => {
            resume(app, job, parts).await
        }
        (Created::Known(job, _), _) => exact(app, job).await,
    }
}

/// A submission without fault.
pub(super) struct Checked {
    /// How its items are cut.
    pub(super) split: Split,
    /// Its items; `None` if they follow as parts.
    pub(super) parts: Option<Vec<PartItems>>,
}

/// What can be done about too many items in one request.
const IN_PARTS: &str = "start the job with `\"sealed\": false` and send its items as parts";

/// Checks everything that can be checked without writing, and takes the items.
pub(super) fn checked(info: &ProcessorInfo, submission: &mut Submission) -> Result<Checked, JobError> {
    if submission.id_field.as_ref().is_some_and(|field| field.chars().count() > ID_CHARS_MAX) {
        return Err(invalid("/idField", format!("longer than {ID_CHARS_MAX} characters")));
    }
    check(submission.items.as_deref().unwrap_or_default(), submission.id_field.as_deref(), "/items", IN_PARTS)?;
    let split = split(submission, info);
    let chunks = submission.items.take().map(|items| cut(split, items));
    if chunks.as_ref().is_some_and(|chunks| chunks.len() > CHUNKS_PER_BODY_MAX) {
        return Err(invalid("/items", format!("more than {CHUNKS_PER_BODY_MAX} chunks: ask for a larger chunkSize, or {IN_PARTS}")));
    }
    Ok(Checked { split, parts: chunks.map(parts_of) })
}

/// Creates the job, unless an earlier request with its key did. Then it is the same start, whatever the quotas say.
async fn create(app: &App, new: NewJob) -> Result<Created, JobError> {
    let usage = Usage::read(app.cupboard.as_ref(), &new.job.user_id);
    let usage = match &new.key {
        None => usage.await?,
        Some(key) => {
            let (known, usage) = futures::try_join!(app.ledger.submission(&key.user_id, &key.key_hash), usage)?;
            if let Some(known) = known
                && let Some(job) = owned_if_there(app, &known).await?
            {
                return Ok(Created::Known(job, known));
            }
            usage
        }
    };
    admit::start(app, usage, &new.job).await?;
    app.jobs.create(new).await
}

pub(super) async fn owned_if_there(app: &App, known: &SubmissionKey) -> Result<Option<Job>, JobError> {
    match app.owned(&known.user_id, known.job).await {
        Ok(job) => Ok(Some(job.into_job())),
        Err(JobError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Continues where an earlier request was interrupted. The job row says how the items were cut.
async fn resume(app: &App, job: Job, parts: Vec<PartItems>) -> Result<Job, JobError> {
    let items = parts.into_iter().flat_map(|part| part.chunks).flatten();
    let parts = parts_of(cut(job.split, items));
    if let Some(last) = parts.last() {
        match reserve(app, job.id, last.number).await {
            // The user has cancelled it already, or the same request was sent twice and the other one was faster.
            Err(JobError::Conflict(Conflict::JobEnded(_) | Conflict::Sealed)) => return now(app, job.id).await,
            reserved => reserved?,
        }
    }
    finish(app, job, parts).await
}

/// Dispatches all parts, whose numbers are reserved, and seals the job.
async fn finish(app: &App, job: Job, parts: Vec<PartItems>) -> Result<Job, JobError> {
    let count = parts.len() as u32;
    let rows = dispatch_all(app, &job, parts).await?;
    match seal_row(app, job.id, count, rows).await {
        // The job has ended meanwhile.
        Err(JobError::Conflict(Conflict::JobEnded(_))) => now(app, job.id).await,
        sealed => sealed,
    }
}

async fn now(app: &App, id: JobId) -> Result<Job, JobError> {
    app.jobs.get(id).await?.ok_or(JobError::NotFound)
}

/// The caller's chunk size, else the processor's, else one that fits the number of items.
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

/// The job as it is created. If all its items are in the request, the numbers of its parts are reserved at once.
fn new_job(app: &App, submission: Submission, split: Split, parts: Option<&[PartItems]>) -> NewJob {
    let id = JobId(app.clock.fresh_id());
    let items = parts.unwrap_or_default().iter().flat_map(|part| &part.chunks).map(Vec::len).sum::<usize>();
    let Submission { user_id, created_by, processor, params, expected_items, id_field, tolerated, labels, key, .. } = submission;
    let key = key.map(|key| SubmissionKey { user_id: user_id.clone(), key_hash: key.key_hash, job: id, fingerprint: key.fingerprint });
    let job = Job {
        created_by,
        processor,
        tolerated,
        split,
        expected_items,
        id_field,
        labels: Labels { events: app.events, ..labels },
        key_hash: key.as_ref().map(|key| key.key_hash.clone()),
        retention_days: app.retention_days,
        top_part: parts.and_then(<[_]>::last).map(|last| last.number),
        ..Job::new(id, user_id, items as u64, app.clock.now())
    };
    NewJob { job, params, key }
}
