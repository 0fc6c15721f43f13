//! The port to the endpoints that are told when a round of a job ends.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::job::{Job, Told};

/// What an endpoint is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The endpoint's name, as the job's `callback` has it.
    pub endpoint: String,
    /// The same at every try, so that the receiver recognises a notice that it has seen.
    pub id: String,
    /// When the round ended.
    pub timestamp: DateTime<Utc>,
    /// The job with exact counts, as it was at the end of the round if a retry has left that.
    pub job: Job,
}

/// Sends notices.
#[async_trait]
pub trait NoticeSender: Send + Sync + Debug {
    /// Sends a notice once, and waits for the answer. The caller limits the time.
    async fn send(&self, notice: &Notice) -> Told;
}

/// For functions that send no notices.
#[derive(Debug, Clone, Copy)]
pub struct NoEndpoints;

#[async_trait]
impl NoticeSender for NoEndpoints {
    async fn send(&self, notice: &Notice) -> Told {
        Told::Failed(format!("no endpoint {} is configured here", notice.endpoint))
    }
}
