//! What items that failed for now wait for. It is shown with the job, so that a job without progress says why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::limits::{LIMIT_CHARS_MAX, cut_to_chars};

/// The longest last error, in characters. A longer one is cut, so that it fits into the part's row with the registers.
const LAST_ERROR_CHARS_MAX: usize = 200;

/// Why items have to wait. Another limit has its reason here, with its words: the command and the page show what
/// `detail` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum WaitReason {
    /// A configured rate does not allow them to begin yet.
    Rate,
    /// The endpoint asked to wait.
    Throttled,
    /// The endpoint could not be reached.
    Unreachable,
    /// The processor could not be prepared for the job, which may pass.
    Preparing,
    /// A worker that had them ended before they had results.
    WorkerEnded,
    /// Their last try failed for now. It is shown only while no other item is left.
    Error,
}

impl WaitReason {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The reason with that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    /// Its name in the API and in rows.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// True if no time is known at which it is over: it is shown until items go on.
    pub fn lasts(self) -> bool {
        matches!(self, Self::Preparing | Self::WorkerEnded)
    }

    /// What items wait for, for people. `limit` is the name of what makes them wait.
    fn detail(self, limit: &str) -> String {
        match self {
            Self::Rate => format!("the rate of {limit} is limited"),
            Self::Throttled => format!("{limit} asked to wait"),
            Self::Unreachable => format!("{limit} cannot be reached"),
            Self::Preparing => format!("{limit} cannot be prepared for this job yet; it is tried again"),
            Self::WorkerEnded => format!("a worker with items of {limit} ended before they had results; they are tried again"),
            Self::Error => format!("the last try at {limit} did not succeed"),
        }
    }
}

/// What items wait for, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// What makes them wait: the name of an endpoint or processor.
    pub limit: String,
    /// Why.
    pub reason: WaitReason,
    /// When the first of them is tried again.
    pub until: DateTime<Utc>,
    /// The last error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// True if none of them was tried: they are held back because others were told to wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
}

impl WaitingFor {
    /// With its texts cut to their limits.
    pub fn new(limit: &str, reason: WaitReason, until: DateTime<Utc>, last_error: Option<&str>) -> Self {
        let last_error = last_error.map(|error| cut_to_chars(error, LAST_ERROR_CHARS_MAX).to_owned());
        Self { limit: cut_to_chars(limit, LIMIT_CHARS_MAX).to_owned(), reason, until, last_error, held_back: false }
    }

    /// What they wait for, for people: `crm asked to wait`.
    pub fn detail(&self) -> String {
        self.reason.detail(&self.limit)
    }
}

/// What keeps a part from going on, and for how many results that is true. With the next result it is over, without another write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// What is shown meanwhile.
    pub waiting_for: WaitingFor,
    /// The job's round in which it was noted.
    pub round: u32,
    /// How many items of the part had a result in that round when it was noted.
    pub handled: u64,
}
