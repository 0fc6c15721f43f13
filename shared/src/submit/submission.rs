//! What is asked for when a job is started.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::ids::UserId;
use crate::job::ToleratedFailures;

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
    /// What people call the job, 1 to 200 characters.
    pub title: Option<String>,
    /// The caller's own pairs, as a JSON object's text.
    pub metadata: Option<String>,
    /// The endpoint to be told of the end.
    pub callback: Option<String>,
    /// What makes the request safe to send again.
    pub key: Option<RequestKey>,
}

impl Submission {
    /// A job of that owner, with all its items or open for parts; everything else as if the caller had left it out.
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
            title: None,
            metadata: None,
            callback: None,
            key: None,
        }
    }
}

/// An `Idempotency-Key` with the body it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    /// SHA-256 of the body's bytes, in hex.
    pub fingerprint: String,
}
