//! The port to the endpoints that are told when a job ends.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::JobError;

/// What an endpoint is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The endpoint's name, as the job's `callback` has it.
    pub endpoint: String,
    /// The same at every try, so that the receiver recognises a notice that it has seen.
    pub id: String,
    /// JSON.
    pub body: String,
}

/// Sends notices.
#[async_trait]
pub trait NoticeSender: Send + Sync + Debug {
    /// Sends a notice once. When it returns, the endpoint has accepted it.
    ///
    /// # Errors
    ///
    /// [`JobError::Unavailable`] if the endpoint did not accept it, or is not configured.
    async fn send(&self, notice: &Notice) -> Result<(), JobError>;
}

/// For functions that send no notices.
#[derive(Debug, Clone, Copy)]
pub struct NoEndpoints;

#[async_trait]
impl NoticeSender for NoEndpoints {
    async fn send(&self, notice: &Notice) -> Result<(), JobError> {
        Err(JobError::unavailable("the endpoint", format!("no endpoint {} is configured here", notice.endpoint)))
    }
}
