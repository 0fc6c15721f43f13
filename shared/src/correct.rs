//! Correcting: failed items of an ended job get new values, which the next retry runs in place of those that failed.
//!
//! Nothing is written before the whole request was checked. The values are written first, a row for each chunk; then
//! the job's row counts them, if the job is still in the round that was corrected. So after an answer every later
//! retry uses the values. A job that is retried at the same moment may have used some of them: then the answer is a
//! conflict, the items that ran say with which value, and what is kept of the round counts them.

mod failed_chunk;
mod note;

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::value::RawValue;

use self::failed_chunk::{FailedChunk, ROWS_AT_ONCE, failed_chunks};
use self::note::{TRIES_MAX, note, refusal};
use crate::access::OwnedJob;
use crate::app::App;
use crate::corrections::{Corrections, Values};
use crate::error::{JobError, Violation};
use crate::ids::PartId;
use crate::job::Job;
use crate::limits::{EXTRA_ROW_BYTES_MAX, VIOLATIONS_MAX};
use crate::part::Part;
use crate::submit::check_items;

/// A new value for a failed item.
#[derive(Debug, Clone)]
pub struct Correction {
    /// The item's index in the job.
    pub index: u64,
    /// Its new value.
    pub item: Box<RawValue>,
}

/// Under which conditions new values are accepted.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// The round whose failures are meant; `None` is the job's current one.
    pub round: Option<u32>,
    /// Whether a new value may replace another one, which somebody gave before and no retry has used.
    pub replaces: bool,
}

impl Default for Conditions {
    /// The current round, and the last value of an item counts.
    fn default() -> Self {
        Self { round: None, replaces: true }
    }
}

/// As [`correct_under`] without conditions: the last value of an item counts.
///
/// # Errors
///
/// As [`correct_under`].
pub async fn correct(app: &App, job: &OwnedJob, corrections: Vec<Correction>) -> Result<usize, JobError> {
    correct_under(app, job, corrections, Conditions::default()).await
}

/// Gives failed items of the job's current round new values. Returns how many. Safe to repeat. While the job is settling, what has failed already can be corrected.
///
/// # Errors
///
/// [`JobError::NotFound`], [`Conflict::JobNotEnded`], [`Conflict::Cancelled`],
/// [`Conflict::RoundDiffers`] if it was retried meanwhile, and [`JobError::Invalid`], whose pointers are the places of
/// the corrections in the request.
///
/// [`Conflict::JobNotEnded`]: crate::Conflict::JobNotEnded
/// [`Conflict::Cancelled`]: crate::Conflict::Cancelled
/// [`Conflict::RoundDiffers`]: crate::Conflict::RoundDiffers
pub async fn correct_under(app: &App, job: &OwnedJob, corrections: Vec<Correction>, conditions: Conditions) -> Result<usize, JobError> {
    if let Some(refusal) = refusal(job, conditions.round.unwrap_or(job.round)) {
        return Err(refusal.into());
    }
    let count = corrections.len();
    let request = Request::checked(job, corrections, conditions.replaces)?;
    let chunks = planned(app, job, &request).await?;
    let writes: Vec<_> = chunks.iter().map(|(chunk, known)| put(app, job.round, chunk, known.clone(), &request)).collect();
    let written: Vec<_> = stream::iter(writes).buffer_unordered(ROWS_AT_ONCE).collect().await;
    let parts: BTreeSet<PartId> = chunks.iter().map(|(chunk, _)| (chunk.id.job, chunk.id.part)).collect();
    // If some of the rows could not be written, a retry uses the others all the same.
    let noted = note(app, job, &parts).await;
    written.into_iter().collect::<Result<(), JobError>>()?;
    noted.map(|()| count)
}

/// The corrections of one request.
struct Request {
    values: Values,
    /// Where in the request each item is.
    places: BTreeMap<u64, usize>,
    replaces: bool,
}

impl Request {
    fn checked(job: &Job, corrections: Vec<Correction>, replaces: bool) -> Result<Self, JobError> {
        let (indexes, items): (Vec<u64>, Vec<_>) = corrections.into_iter().map(|correction| (correction.index, correction.item)).unzip();
        check_items(&items, job.id_field.as_deref(), "", "correct them in several requests")?;
        let (mut places, mut twice) = (BTreeMap::new(), Vec::new());
        for (place, index) in indexes.iter().enumerate() {
            if places.insert(*index, place).is_some() {
                twice.push(violation(place, format!("item {index} is corrected twice in this request")));
            }
        }
        refuse(twice)?;
        Ok(Self { values: indexes.into_iter().zip(items).collect(), places, replaces })
    }

    fn violation(&self, index: u64, detail: impl Into<String>) -> Violation {
        violation(self.places.get(&index).copied().unwrap_or_default(), detail)
    }
}

/// The chunks that are to be written, with their corrections so far, if every correction is of a failed item and fits.
async fn planned(app: &App, job: &Job, request: &Request) -> Result<Vec<(FailedChunk, Corrections)>, JobError> {
    let ids: Vec<PartId> = (0..job.parts_end()).map(|part| (job.id, part)).collect();
    let parts = app.ledger.parts(&ids).await?;
    // The failures of a part in an earlier round are pending again.
    let current = parts.values().filter(|part| part.round == job.round);
    let reads: Vec<_> = current.map(|part| of_part(app, part, request)).collect();
    let found: Vec<Vec<_>> = stream::iter(reads).buffered(ROWS_AT_ONCE).try_collect().await?;
    let chunks: Vec<(FailedChunk, Corrections)> = found.into_iter().flatten().collect();
    let failed: BTreeSet<u64> = chunks.iter().flat_map(|(chunk, _)| chunk.values.keys().copied()).collect();
    let others = request.values.keys().filter(|index| !failed.contains(index));
    refuse(others.map(|index| request.violation(*index, not_failed(job, *index))).take(VIOLATIONS_MAX).collect())?;
    refuse(chunks.iter().flat_map(|(chunk, known)| taken(chunk, known, job.round, request)).take(VIOLATIONS_MAX).collect())?;
    refuse(chunks.iter().filter_map(|(chunk, known)| too_large(chunk, known, job.round, request)).take(VIOLATIONS_MAX).collect())?;
    Ok(chunks)
}

async fn of_part(app: &App, part: &Part, request: &Request) -> Result<Vec<(FailedChunk, Corrections)>, JobError> {
    let values: Vec<(u64, &RawValue)> = request.values.range(part.indexes()).map(|(index, value)| (*index, &**value)).collect();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let chunks = failed_chunks(app, part, &values).await?;
    let mut known = app.ledger.all_corrections((part.job, part.number)).await?;
    let with_known = |chunk: FailedChunk| {
        let known = known.remove(&chunk.id.chunk).unwrap_or_else(|| Corrections::new(chunk.id));
        (chunk, known)
    };
    Ok(chunks.into_iter().map(with_known).collect())
}

/// Adds the values to the chunk's row.
async fn put(app: &App, round: u32, chunk: &FailedChunk, known: Corrections, request: &Request) -> Result<(), JobError> {
    let mut row = known;
    for _ in 0..TRIES_MAX {
        refuse(taken(chunk, &row, round, request).collect())?;
        refuse(too_large(chunk, &row, round, request).into_iter().collect())?;
        if !row.add(round, &chunk.values) {
            return Ok(());
        }
        row.version += 1;
        if app.ledger.put_corrections(&row).await? {
            return Ok(());
        }
        let page = app.ledger.corrections((chunk.id.job, chunk.id.part), chunk.id.chunk).await?;
        row = page.into_iter().find(|row| row.id == chunk.id).unwrap_or_else(|| Corrections::new(chunk.id));
    }
    Err(JobError::unavailable("the table: correcting a chunk's items", "other requests kept correcting it at the same time"))
}

/// Refuses values for items that have got other new values, if these are not to be replaced: somebody else corrects the job
/// too, and one of the two must be told.
fn taken<'a>(chunk: &'a FailedChunk, known: &'a Corrections, round: u32, request: &'a Request) -> impl Iterator<Item = Violation> + 'a {
    let waiting = (!request.replaces && known.round == round).then_some(&known.values);
    let other = move |index: &u64, value: &RawValue| waiting?.get(index).filter(|known| known.get() != value.get()).map(|_| *index);
    let detail = |index| format!("item {index} has another new value already, from an earlier correction that no retry has used yet");
    chunk.values.iter().filter_map(move |(index, value)| other(index, value)).map(move |index| request.violation(index, detail(index)))
}

/// Refuses values that do not fit into one row with the other new values of their chunk.
fn too_large(chunk: &FailedChunk, known: &Corrections, round: u32, request: &Request) -> Option<Violation> {
    let mut with = known.clone();
    with.add(round, &chunk.values);
    let index = *chunk.values.keys().next()?;
    let detail = format!(
        "the new values of item {index} and its neighbours have more than {EXTRA_ROW_BYTES_MAX} bytes together: shorten some, or correct fewer of them before a retry"
    );
    (with.bytes() > EXTRA_ROW_BYTES_MAX).then(|| request.violation(index, detail))
}

fn not_failed(job: &Job, index: u64) -> String {
    format!("item {index} is not among the failed items of round {}", job.round)
}

fn violation(place: usize, detail: impl Into<String>) -> Violation {
    Violation::new(format!("/{place}"), detail)
}

fn refuse(mut violations: Vec<Violation>) -> Result<(), JobError> {
    violations.truncate(VIOLATIONS_MAX);
    if violations.is_empty() { Ok(()) } else { Err(JobError::Invalid(violations)) }
}
