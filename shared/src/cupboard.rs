//! The port to what is kept beside jobs: what owners have started, what keys stand for, secrets, and messages that nobody
//! could work on. No count of a job depends on any of it.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use headway_processor::ProcessorInfo;

use crate::error::JobError;
use crate::ids::UserId;
use crate::ledger::SubmissionKey;
use crate::quota::Usage;

/// A message that could not be worked on, kept for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The queue's id of it.
    pub message_id: String,
    /// Its text.
    pub body: String,
    /// Why it was not worked on.
    pub reason: String,
}

/// What is kept beside jobs. Errors are [`JobError::Unavailable`], and [`JobError::Corrupt`] where a row is read.
///
/// Reads are strongly consistent. Every write is safe to repeat.
#[async_trait]
pub trait Cupboard: Send + Sync + Debug {
    /// What an owner's `Idempotency-Key` stands for, if it has started a job.
    async fn submission(&self, user_id: &UserId, key_hash: &str) -> Result<Option<SubmissionKey>, JobError>;

    /// What the owner has started lately, and has live.
    async fn usage(&self, user_id: &UserId) -> Result<Option<Usage>, JobError>;

    /// Puts an owner's row if the one that is there has the version before it (none before version 1): says whether.
    /// Also true if exactly this row is there already, put by an earlier try whose answer was lost.
    async fn put_usage(&self, usage: &Usage) -> Result<bool, JobError>;

    /// The secret of that name: `fresh` if there was none, from then on always the same.
    async fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, JobError>;

    /// The processors that workers told of last; none if no worker has started yet.
    async fn told_processors(&self) -> Result<Vec<ProcessorInfo>, JobError>;

    /// Keeps what a worker tells of its processors, in place of what was told before.
    async fn tell_processors(&self, processors: &[ProcessorInfo]) -> Result<(), JobError>;

    /// Keeps a message that could not be worked on.
    async fn keep_stray(&self, stray: &Stray, now: DateTime<Utc>) -> Result<(), JobError>;
}
