//! The port to the rows of jobs: every row that the counting needs, and one operation for each atomic write. Everything
//! else is in the [`Cupboard`](crate::Cupboard).
//!
//! Reads are strongly consistent, except for operations that only find candidates. Every write is safe to repeat. An
//! update never creates a row, so nothing of a deleted job comes back.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::corrections::Corrections;
use crate::error::JobError;
use crate::ids::{ChunkId, JobId, PartId, UserId};
use crate::job::{Job, JobWrite};
use crate::outcome::Outcome;
use crate::outcome::extra::ExtraRow;
use crate::part::{Part, PartWrite};

pub mod memory;

/// The result of a conditional write.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<T> {
    /// It was applied; the row as it is now.
    Applied(T),
    /// It was refused; the row that refused it, read in the same step.
    Refused(T),
    /// There is no such row.
    Gone,
}

impl<T> Written<T> {
    /// The row, whether the write was applied or refused.
    pub fn row(self) -> Option<T> {
        match self {
            Self::Applied(row) | Self::Refused(row) => Some(row),
            Self::Gone => None,
        }
    }
}

/// Rows that were read together, though not all at the same instant.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The jobs that exist.
    pub jobs: BTreeMap<JobId, Job>,
    /// The parts that exist.
    pub parts: BTreeMap<PartId, Part>,
}

/// An `Idempotency-Key` and the job that it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionKey {
    /// The owner.
    pub user_id: UserId,
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    /// The job that it started.
    pub job: JobId,
    /// SHA-256 of the request's body, in hex.
    pub fingerprint: String,
}

/// A chunk's items that are parked: kept in the table while the job is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The chunk.
    pub id: ChunkId,
    /// The message's nonce. Every send has its own, so that no two parked messages share a row.
    pub nonce: Uuid,
    /// The message as received from the queue.
    pub body: String,
}

/// A mark that something is about to begin that may kill its worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareMark {
    /// The index of the item in the job; `None` for preparing the job's processor.
    pub item: Option<u64>,
    /// The round of the job. In each round strikes are counted anew.
    pub round: u32,
    /// The name of the worker that made it, if it has one.
    pub worker: Option<String>,
    /// When that worker has ended for certain.
    pub deadline: DateTime<Utc>,
    /// How many workers died while it was marked.
    pub strikes: u32,
    /// The same for items of the chunk's other messages that have not run since.
    pub struck: BTreeMap<u64, u32>,
}

/// Jobs found with an index, and where to continue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundJobs {
    /// Ids, in the index's order.
    pub ids: Vec<JobId>,
    /// The position after the last, if there may be more.
    pub next: Option<String>,
}

/// Which jobs the sweep reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidates {
    /// Jobs to be checked, live or ended and not reconciled, by their last change of status.
    Watched,
    /// Ended jobs, by when they expire or were deleted.
    Ended,
}

/// The rows of jobs. Errors are [`JobError::Unavailable`], and [`JobError::Corrupt`] where a row is read.
#[async_trait]
pub trait Ledger: Send + Sync + Debug {
    /// The job rows and part rows with these ids, in as few calls as possible. Rows that do not exist are left out.
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError>;

    /// One job row.
    async fn job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        Ok(self.rows(&[id], &[]).await?.jobs.remove(&id))
    }

    /// One part row.
    async fn part(&self, id: PartId) -> Result<Option<Part>, JobError> {
        Ok(self.rows(&[], &[id]).await?.parts.remove(&id))
    }

    /// Part rows. Without ids nothing is read.
    async fn parts(&self, ids: &[PartId]) -> Result<BTreeMap<PartId, Part>, JobError> {
        if ids.is_empty() { Ok(BTreeMap::new()) } else { Ok(self.rows(&[], ids).await?.parts) }
    }

    /// The parts whose counts are not in the job's row, read after the row.
    async fn open_parts(&self, job: &Job) -> Result<Vec<Part>, JobError> {
        let ids: Vec<PartId> = job.parts_not_rolled_up().into_iter().map(|part| (job.id, part)).collect();
        Ok(self.parts(&ids).await?.into_values().collect())
    }

    /// Writes a job row, its params and, if it has one, its key row: all or none. If the owner's key already has a row
    /// for another job, that row is returned and nothing is written, unless the job is `replacing`.
    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError>;

    /// The job that was started with an owner's `Idempotency-Key`, if there is one.
    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError>;

    /// One conditional write to a job row.
    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError>;

    /// Writes a part row, unless there is a different one: then returns that. A row that is exactly the same was
    /// written by an earlier try and counts as this one.
    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError>;

    /// One conditional write to a part row.
    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError>;

    /// The job's params.
    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError>;

    /// The outcome row of a chunk.
    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError>;

    /// A page of a part's outcome rows in order of chunks, beginning at `from`. Empty only at the end.
    async fn outcomes(&self, id: PartId, from: u16) -> Result<Vec<Outcome>, JobError>;

    /// Writes an outcome row if the stored row has the previous version (there is none before version 1). Returns
    /// whether it did. Also true if exactly this row is already there, written by an earlier try whose answer was lost.
    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError>;

    /// Writes an extra row of an outcome. The row of this name, if there is one, has the same content.
    async fn put_extra(&self, row: &ExtraRow) -> Result<(), JobError>;

    /// An extra row of an outcome.
    async fn extra(&self, id: ChunkId, name: Uuid) -> Result<Option<ExtraRow>, JobError>;

    /// Deletes an extra row of an outcome.
    async fn delete_extra(&self, id: ChunkId, name: Uuid) -> Result<(), JobError>;

    /// A page of a part's corrections rows in order of chunks, beginning at `from`. Empty only at the end.
    async fn corrections(&self, id: PartId, from: u16) -> Result<Vec<Corrections>, JobError>;

    /// All corrections rows of a part, by chunk.
    async fn all_corrections(&self, id: PartId) -> Result<BTreeMap<u16, Corrections>, JobError> {
        self.corrections_in(id, 0..=u16::MAX).await
    }

    /// The corrections rows of these chunks of a part. Reads no page that begins after them.
    async fn corrections_in(&self, id: PartId, chunks: RangeInclusive<u16>) -> Result<BTreeMap<u16, Corrections>, JobError> {
        let (mut all, mut from) = (BTreeMap::new(), *chunks.start());
        loop {
            let page = self.corrections(id, from).await?;
            let next = page.last().and_then(|last| last.id.chunk.checked_add(1));
            all.extend(page.into_iter().map(|row| (row.id.chunk, row)).filter(|(chunk, _)| chunks.contains(chunk)));
            match next.filter(|next| chunks.contains(next)) {
                Some(next) => from = next,
                None => return Ok(all),
            }
        }
    }

    /// Writes a corrections row if the stored row has the previous version (there is none before version 1). Returns
    /// whether it did. Also true if exactly this row is already there, written by an earlier try whose answer was lost.
    async fn put_corrections(&self, corrections: &Corrections) -> Result<bool, JobError>;

    /// Parks a message.
    async fn park(&self, parked: &Parked) -> Result<(), JobError>;

    /// A page of a part's parked messages. Empty only if there are none.
    async fn parked(&self, id: PartId) -> Result<Vec<Parked>, JobError>;

    /// Deletes a parked message.
    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError>;

    /// The mark of a chunk in careful mode.
    async fn care(&self, id: ChunkId) -> Result<Option<CareMark>, JobError>;

    /// Writes, changes or removes the mark.
    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError>;

    /// An owner's jobs, newest first, at most `limit`, after a position. Eventually consistent: use them as candidates
    /// only.
    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError>;

    /// Jobs whose time in the index is before `before`, oldest first, at most `limit`, after a position. Eventually
    /// consistent: use them as candidates only.
    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<FoundJobs, JobError>;

    /// Deletes a page of a part's rows. Returns true if none are left.
    async fn delete_part(&self, id: PartId) -> Result<bool, JobError>;

    /// Deletes a job's params, its key row, and last of all its job row.
    async fn delete_job(&self, job: &Job) -> Result<(), JobError>;
}
