//! A job as the server tells it: the fields that the command acts on, and the body as it came.

use bytes::Bytes;
use headway_core::JobStatus;
use serde::Deserialize;

use crate::out::printable;

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
    /// What people call it.
    #[serde(default)]
    pub title: Option<String>,
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
    /// Whether it has ended, and its numbers can still change: items were in flight at the end.
    #[serde(default)]
    pub settling: bool,
    /// Items that failed for now and wait to be tried again.
    #[serde(default)]
    pub retrying_items: u64,
    /// What it has cost so far; only operators are told.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// Why it makes no progress, if something holds it up.
    #[serde(default)]
    pub waiting_for: Option<Waiting>,
}

/// What a job has cost.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// US dollars, a decimal number.
    pub usd: String,
    /// Whether it is an estimate.
    #[serde(default)]
    pub estimated: bool,
}

/// What a job waits for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The limit's name.
    #[serde(default)]
    pub limit: Option<String>,
    /// `rate`, `throttled`, `unreachable`, or what a later server says.
    #[serde(default)]
    pub reason: Option<String>,
    /// Until when, RFC 3339.
    #[serde(default)]
    pub until: Option<String>,
    /// What the endpoint answered last.
    #[serde(default)]
    pub last_error: Option<String>,
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

    /// Per cent of the items that are handled, rounded down: 100.0 only if all are, or the job is `Completed`.
    #[must_use]
    pub fn percent(&self) -> String {
        let handled = self.processed_items + self.failed_items;
        let all = self.status == JobStatus::Completed || self.sealed && handled >= self.total_items && self.total_items > 0;
        let most = if all { 100.0 } else { 99.9 };
        format!("{:.1} %", ((self.progress_percentage * 10.0).floor() / 10.0).min(most))
    }

    /// Whether it has ended and no number changes any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.status.is_terminal() && !self.settling
    }

    /// What holds the job up, or that items wait to be tried again; what is known, in a few words each.
    #[must_use]
    pub fn waiting_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.retrying_items > 0 {
            words.push(format!("{} to be tried again", self.retrying_items));
        }
        words.extend(self.waiting_for.as_ref().map(Waiting::words));
        words
    }

    /// The status with what a status alone does not say.
    #[must_use]
    pub fn status_words(&self) -> String {
        let held = if self.paused { " (paused)" } else { "" };
        let held = if self.settling { " (settling)" } else { held };
        let open = if self.sealed || self.status.is_terminal() { "" } else { " (open)" };
        format!("{}{held}{open}", self.status.as_str())
    }
}

impl Waiting {
    fn words(&self) -> String {
        let limit = self.limit.as_deref().unwrap_or("a limit");
        let what = match self.reason.as_deref() {
            Some("rate") => format!("waiting for the rate of {limit}"),
            Some("throttled") => format!("{limit} asks to wait"),
            Some("unreachable") => format!("{limit} is unreachable"),
            Some(reason) => format!("waiting for {limit} ({reason})"),
            None => format!("waiting for {limit}"),
        };
        let until = self.until.as_deref().map(|until| format!(" until {until}")).unwrap_or_default();
        let error = self.last_error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
        printable(&format!("{what}{until}{error}")).replace('\n', " ")
    }
}
