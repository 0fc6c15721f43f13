//! What a write changes in an outcome row besides adding results.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::waiting::WaitingFor;

/// What a write changes in an outcome row besides adding results.
#[derive(Debug, Clone, Default)]
pub struct OutcomeChange {
    /// A run that continues after this write, with the time after which its worker has ended for certain.
    pub enters: Option<(Uuid, DateTime<Utc>)>,
    /// A run that ends with this write.
    pub leaves: Option<Uuid>,
    /// Items that failed for now and wait for another attempt.
    pub retrying: BTreeSet<u64>,
    /// What they wait for, if it is known, or what items wait for that are held back.
    pub waiting_for: Option<WaitingFor>,
    /// Removes runs whose workers ended before this time.
    pub gone_before: Option<DateTime<Utc>>,
}

impl OutcomeChange {
    /// True if the write would change nothing.
    pub fn is_nothing(&self) -> bool {
        self.enters.is_none() && self.leaves.is_none() && self.retrying.is_empty() && self.waiting_for.is_none()
    }
}
