//! The port to those who are told when a round of a job starts or ends: endpoints, and an event bus.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::job::{Job, NoticeKind, SendResult};

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What it tells, and whom.
    pub kind: NoticeKind,
    /// The endpoint's name, as the job's `callback` has it. `None` for an event on the bus.
    pub endpoint: Option<String>,
    /// The same at every try, so that the receiver recognises a notice that it has seen.
    pub id: String,
    /// When the round started, or ended.
    pub timestamp: DateTime<Utc>,
    /// The job with exact counts as it is, or as it was at the end of the round if a retry has left that.
    pub job: Job,
}

/// Sends notices.
#[async_trait]
pub trait NoticeSender: Send + Sync + Debug {
    /// Sends a notice once, and waits for the answer. The caller limits the time.
    async fn send(&self, notice: &Notice) -> SendResult;
}

/// For functions that send no notices.
#[derive(Debug, Clone, Copy)]
pub struct SendsNone;

#[async_trait]
impl NoticeSender for SendsNone {
    async fn send(&self, notice: &Notice) -> SendResult {
        SendResult::Failed(format!("this function sends no notices: {}", notice.id))
    }
}
