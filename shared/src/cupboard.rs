//! The port to what is kept besides jobs: owners' starts, idempotency keys, secrets, and strays. No count of a job
//! depends on any of it.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_processor::ProcessorInfo;

use crate::error::JobError;
use crate::ids::UserId;
use crate::ledger::SubmissionKey;
use crate::quota::Usage;

/// A message that no worker could read, kept for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its id in the queue.
    pub message_id: String,
    /// Its text.
    pub body: String,
    /// Why it could not be read.
    pub reason: String,
}

/// What is kept besides jobs. Errors are [`JobError::Unavailable`], and [`JobError::Corrupt`] where a row is read.
///
/// Reads are strongly consistent. Every write is safe to repeat.
#[async_trait]
pub trait Cupboard: Send + Sync + Debug {
    /// The job that was started with an owner's `Idempotency-Key`, if there is one.
    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError>;

    /// The owner's recent starts and live jobs.
    async fn usage(&self, user_id: &UserId) -> Result<Option<Usage>, JobError>;

    /// Writes an owner's row if the stored row has the previous version (there is none before version 1). Returns
    /// whether it did. Also true if exactly this row is already there, written by an earlier try whose answer was lost.
    async fn put_usage(&self, usage: &Usage) -> Result<bool, JobError>;

    /// The secret with that name: `fresh` if there was none yet, and from then on always the same.
    async fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, JobError>;

    /// The processors that a worker announced last; none if no worker has started yet.
    async fn told_processors(&self) -> Result<Vec<ProcessorInfo>, JobError>;

    /// Keeps the processors that a worker announces, in place of those announced before.
    async fn tell_processors(&self, processors: &[ProcessorInfo]) -> Result<(), JobError>;

    /// Keeps a message that no worker could read.
    async fn keep_stray(&self, stray: &Stray, now: DateTime<Utc>) -> Result<(), JobError>;
}
