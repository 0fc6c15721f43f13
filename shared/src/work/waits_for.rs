//! What an item waits for.

use chrono::{DateTime, Utc};

use crate::waiting::{WaitReason, WaitingFor};

/// What an item waits for.
#[derive(Debug, Clone)]
pub(super) struct WaitsFor {
    pub(super) limit: String,
    pub(super) reason: WaitReason,
    pub(super) error: Option<String>,
}

impl WaitsFor {
    /// As rows and answers show it.
    pub(super) fn until(&self, until: DateTime<Utc>) -> WaitingFor {
        WaitingFor::new(&self.limit, self.reason, until, self.error.as_deref())
    }
}
