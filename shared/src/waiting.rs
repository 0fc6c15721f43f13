//! What items that failed for now wait for. It is shown with the job, so that a job without progress says why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::limits::cut_to_chars;

/// The longest name, in characters; a longer one is cut.
const LIMIT_CHARS_MAX: usize = 64;
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

    /// What items wait for, for people. `limit` is the name of what makes them wait.
    fn detail(self, limit: &str) -> String {
        match self {
            Self::Rate => format!("the rate of {limit} is limited"),
            Self::Throttled => format!("{limit} asked to wait"),
            Self::Unreachable => format!("{limit} cannot be reached"),
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
