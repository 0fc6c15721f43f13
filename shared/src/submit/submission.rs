//! A request to start a job.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::ids::UserId;
use crate::job::{Labels, ToleratedFailures};

/// The job that is requested.
#[derive(Debug)]
pub struct Submission {
    /// The owner.
    pub user_id: UserId,
    /// The subject of the token.
    pub created_by: String,
    /// The processor's name.
    pub processor: String,
    /// Its params, at most 100,000 bytes.
    pub params: Arc<RawValue>,
    /// All items; `None` opens the job for parts.
    pub items: Option<Vec<Box<RawValue>>>,
    /// How many items will come, for a job that is open for parts.
    pub expected_items: Option<u64>,
    /// The top-level member of an item that is its id.
    pub id_field: Option<String>,
    /// How many failures are tolerated.
    pub tolerated: ToleratedFailures,
    /// The maximum number of items in a chunk, 1 to 250.
    pub chunk_size: Option<u16>,
    /// What the job only carries.
    pub labels: Labels,
    /// The key that makes the request safe to send again.
    pub key: Option<RequestKey>,
}

impl Submission {
    /// A job of this owner, with all its items or open for parts. Everything else has its default.
    pub fn new(user_id: UserId, processor: impl Into<String>, items: Option<Vec<Box<RawValue>>>) -> Self {
        Self {
            created_by: user_id.to_string(),
            user_id,
            processor: processor.into(),
            params: Arc::from(RawValue::NULL.to_owned()),
            items,
            expected_items: None,
            id_field: None,
            tolerated: ToleratedFailures::default(),
            chunk_size: None,
            labels: Labels::default(),
            key: None,
        }
    }
}

/// An `Idempotency-Key`, and the hash of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    /// SHA-256 of the body's bytes, in hex.
    pub fingerprint: String,
}
