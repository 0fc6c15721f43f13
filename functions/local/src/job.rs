//! A job as the server tells it: the fields that the command acts on, and the body as it came.

use bytes::Bytes;
use headway::JobStatus;
use serde::Deserialize;

/// What the command reads of a job; everything else passes through untouched.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// The job's id.
    pub id: String,
    /// Where it stands.
    pub status: JobStatus,
    /// Per cent of the items that are handled, 0.0 to 100.0.
    pub progress_percentage: f64,
    /// Items so far known.
    pub total_items: u64,
    /// Items that succeeded.
    pub processed_items: u64,
    /// Items that failed for good.
    pub failed_items: u64,
    /// Items that are neither.
    pub pending_items: u64,
    /// Why it failed.
    pub error_message: Option<String>,
    /// What works on it.
    pub processor: String,
    /// The round, from 1.
    pub round: u64,
    /// Whether all parts are there.
    pub sealed: bool,
    /// Whether it is held.
    pub paused: bool,
    /// When it was submitted, RFC 3339.
    pub created_at: String,
    /// When it ended, RFC 3339.
    pub completed_at: Option<String>,
    /// Items handled a second.
    pub items_per_second: Option<f64>,
}

/// A job, and the body that told of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The fields.
    pub view: JobView,
    /// The body as it came.
    pub body: Bytes,
}

impl JobView {
    /// `3252 processed, 70 failed`, and what never ran.
    #[must_use]
    pub fn counts(&self) -> String {
        let handled = format!("{} processed, {} failed", self.processed_items, self.failed_items);
        match self.pending_items {
            0 => handled,
            n if self.status.is_terminal() => format!("{handled}, {n} never ran"),
            n => format!("{handled}, {n} pending"),
        }
    }

    /// The status with what a status alone does not say.
    #[must_use]
    pub fn status_words(&self) -> String {
        let held = if self.paused { " (paused)" } else { "" };
        let open = if self.sealed || self.status.is_terminal() { "" } else { " (open)" };
        format!("{}{held}{open}", self.status.as_str())
    }
}
