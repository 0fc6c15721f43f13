//! What items that failed for now wait for. It is shown with the job, so that a job without progress says why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::limits::cut_to_chars;

/// The longest name, in characters; a longer one is cut.
const LIMIT_CHARS_MAX: usize = 64;
/// The longest last error, in characters. A longer one is cut, since it is kept in the part's row beside the registers.
const LAST_ERROR_CHARS_MAX: usize = 200;

/// Why items have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WaitReason {
    /// A configured rate does not allow them to begin yet.
    Rate,
    /// The endpoint asked to wait.
    Throttled,
    /// The endpoint could not be reached.
    Unreachable,
}

impl WaitReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rate, Self::Throttled, Self::Unreachable];

    /// The reason with that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Its name in the API and in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
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
}
