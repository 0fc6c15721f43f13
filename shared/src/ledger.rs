//! The port to the rows of jobs: every row the protocol of counting knows, and the one atomic write each operation is.
//! What else is kept is in the [`Cupboard`](crate::Cupboard).
//!
//! Reads are strongly consistent, except where an operation only finds candidates. Every write is safe to repeat. An
//! update never creates a row: of a deleted job nothing comes back.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::JobError;
use crate::ids::{ChunkId, JobId, PartId, UserId};
use crate::job::{Job, JobWrite};
use crate::outcome::Outcome;
use crate::part::{Part, PartWrite};

pub mod memory;

/// What a conditional write found and left.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<T> {
    /// It happened; the row as it is since.
    Applied(T),
    /// It was not admitted; the row that refused it, freshly read in the same step.
    Refused(T),
    /// There is no such row.
    Gone,
}

impl<T> Written<T> {
    /// The row, whether it was written or refused.
    pub fn row(self) -> Option<T> {
        match self {
            Self::Applied(row) | Self::Refused(row) => Some(row),
            Self::Gone => None,
        }
    }
}

/// Rows read together, though not at one instant.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The jobs that are there.
    pub jobs: BTreeMap<JobId, Job>,
    /// The parts that are there.
    pub parts: BTreeMap<PartId, Part>,
}

/// What an `Idempotency-Key` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionKey {
    /// The owner.
    pub user_id: UserId,
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    /// The job it started.
    pub job: JobId,
    /// SHA-256 of the request's body, in hex.
    pub fingerprint: String,
}

/// A chunk's items kept in the table while its job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Which chunk.
    pub id: ChunkId,
    /// Of the message; each send has its own, so no two park in one place.
    pub nonce: Uuid,
    /// The message as the queue carried it.
    pub body: String,
}

/// A mark that something was about to begin that may kill its worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareMark {
    /// An item, by its index in the job; `None` if it was the preparing of the job's processor.
    pub item: Option<u64>,
    /// When the worker that made the mark is gone at the latest.
    pub deadline: DateTime<Utc>,
    /// How often it was begun by a worker that died.
    pub strikes: u32,
}

/// Jobs found by an index, with where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Ids, in the index's order.
    pub ids: Vec<JobId>,
    /// The position after the last, if there may be more.
    pub next: Option<String>,
}

/// Which jobs the sweep asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidates {
    /// Those to be looked at, live or ended and not reconciled, by their last change of status.
    Live,
    /// Ended ones, by when they expire, or were forgotten.
    Ended,
}

/// The rows of jobs. Errors are [`JobError::Unavailable`], and [`JobError::Corrupt`] where a row is read.
#[async_trait]
pub trait Ledger: Send + Sync + Debug {
    /// The job rows and part rows of these ids, in as few calls as can be. Those that are not there are left out.
    async fn rows(&self, jobs: &[JobId], parts: &[PartId]) -> Result<Rows, JobError>;

    /// One job row.
    async fn job(&self, id: JobId) -> Result<Option<Job>, JobError> {
        Ok(self.rows(&[id], &[]).await?.jobs.remove(&id))
    }

    /// One part row.
    async fn part(&self, id: PartId) -> Result<Option<Part>, JobError> {
        Ok(self.rows(&[], &[id]).await?.parts.remove(&id))
    }

    /// Part rows; of none nothing is asked.
    async fn parts(&self, ids: &[PartId]) -> Result<BTreeMap<PartId, Part>, JobError> {
        if ids.is_empty() { Ok(BTreeMap::new()) } else { Ok(self.rows(&[], ids).await?.parts) }
    }

    /// The parts whose counts are not in the job's row, read after it.
    async fn open_parts(&self, job: &Job) -> Result<Vec<Part>, JobError> {
        let ids: Vec<PartId> = job.parts_not_rolled_up().into_iter().map(|part| (job.id, part)).collect();
        Ok(self.parts(&ids).await?.into_values().collect())
    }

    /// Puts a job row and its params, and its key row if it has one, all or none. A key row of the same owner and
    /// key that names another job is in the way, unless that job is `replacing`: it is returned and nothing is put.
    async fn create(
        &self,
        job: &Job,
        params: &RawValue,
        key: Option<&SubmissionKey>,
        replacing: Option<JobId>,
    ) -> Result<Option<SubmissionKey>, JobError>;

    /// One conditional write to a job row.
    async fn update_job(&self, id: JobId, write: &JobWrite, now: DateTime<Utc>) -> Result<Written<Job>, JobError>;

    /// Puts a part row unless there is another: then returns that. Exactly this row was put by an earlier try, and is no other.
    async fn put_part(&self, part: &Part) -> Result<Option<Part>, JobError>;

    /// One conditional write to a part row.
    async fn update_part(&self, id: PartId, write: &PartWrite, now: DateTime<Utc>) -> Result<Written<Part>, JobError>;

    /// The job's params.
    async fn params(&self, id: JobId) -> Result<Option<Arc<RawValue>>, JobError>;

    /// The outcome row of a chunk.
    async fn outcome(&self, id: ChunkId) -> Result<Option<Outcome>, JobError>;

    /// Outcome rows of a part in the order of chunks, from `from` on: a page, empty only at the end.
    async fn outcomes(&self, id: PartId, from: u16) -> Result<Vec<Outcome>, JobError>;

    /// Puts an outcome row if the one that is there has the version before it (none before version 1): says whether.
    /// Also true if exactly this row is there already, put by an earlier try whose answer was lost.
    async fn put_outcome(&self, outcome: &Outcome) -> Result<bool, JobError>;

    /// Keeps a message.
    async fn park(&self, parked: &Parked) -> Result<(), JobError>;

    /// Messages kept of a part: a page, empty only when there are none.
    async fn parked(&self, id: PartId) -> Result<Vec<Parked>, JobError>;

    /// Forgets a kept message.
    async fn unpark(&self, id: ChunkId, nonce: Uuid) -> Result<(), JobError>;

    /// The mark of a chunk in careful mode.
    async fn care(&self, id: ChunkId) -> Result<Option<CareMark>, JobError>;

    /// Makes, changes or removes the mark.
    async fn put_care(&self, id: ChunkId, care: Option<&CareMark>) -> Result<(), JobError>;

    /// An owner's jobs, newest first, at most `limit`, after a position. Eventually consistent: candidates only.
    async fn jobs_of(&self, user_id: &UserId, after: Option<&str>, limit: usize) -> Result<Found, JobError>;

    /// Jobs whose index time is before `before`, oldest first, at most `limit`, after a position. Eventually consistent:
    /// candidates only.
    async fn candidates(&self, kind: Candidates, before: DateTime<Utc>, after: Option<&str>, limit: usize) -> Result<Found, JobError>;

    /// Deletes every row of a part: a page of them; says whether none is left.
    async fn delete_part(&self, id: PartId) -> Result<bool, JobError>;

    /// Deletes a job's params, its key row, and last the job row.
    async fn delete_job(&self, job: &Job) -> Result<(), JobError>;
}
