//! The port to small rows that are not part of a job: what an owner has started, secrets, the processors that workers
//! announced, messages that no worker can read. No count of a job depends on any of them.
//!
//! A row is a key and a text. What the text means is known only where it is used, so a new kind of row needs a file
//! beside its use, and no change in any store.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::JobError;
use crate::ledger::Written;

/// The most bytes of a row's text: a row in DynamoDB may have 400 KB.
pub const KEPT_BYTES_MAX: usize = 380_000;

/// The key of a row: whose it is, and what it is. Both together are unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptKey {
    /// Whose row it is, beginning with a word in capitals for its kind: `OWNER#ann`.
    pub of: String,
    /// What it is: `USAGE`.
    pub what: String,
    /// True if it is deleted about a year after its last write.
    pub expires: bool,
}

impl KeptKey {
    /// The key of a row that is kept until it is replaced.
    pub fn lasting(of: impl Into<String>, what: impl Into<String>) -> Self {
        Self { of: of.into(), what: what.into(), expires: false }
    }

    /// The key of a row that is deleted about a year after its last write.
    pub fn expiring(of: impl Into<String>, what: impl Into<String>) -> Self {
        Self { of: of.into(), what: what.into(), expires: true }
    }
}

/// A row without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// 1 at first, and one more with each write. 0 if versions do not matter to this kind of row.
    pub version: u64,
    /// What it contains, at most [`KEPT_BYTES_MAX`] bytes.
    pub text: String,
}

impl KeptRow {
    /// A row whose last write counts.
    pub fn unversioned(text: impl Into<String>) -> Self {
        Self { version: 0, text: text.into() }
    }
}

/// Small rows. Errors are [`JobError::Unavailable`], and [`JobError::Corrupt`] where a row is read.
///
/// Reads are strongly consistent. Every write is safe to repeat.
#[async_trait]
pub trait Cupboard: Send + Sync + Debug {
    /// The row with this key, if there is one.
    async fn kept(&self, key: &KeptKey) -> Result<Option<KeptRow>, JobError>;

    /// Writes a row if the stored row has the previous version; before version 1 there must be none. Version 0 is always
    /// written. A row that is exactly the same was written by an earlier try, whose answer was lost, and counts as this
    /// one. [`Written::Gone`] if there is no row, and so no previous version.
    async fn put_kept(&self, key: &KeptKey, row: &KeptRow) -> Result<Written<KeptRow>, JobError>;

    /// Deletes the rows whose time is over, these and those below jobs. The sweep calls it. A store that does so by itself,
    /// as DynamoDB does, has nothing to do here.
    async fn drop_expired(&self) -> Result<(), JobError> {
        Ok(())
    }
}
