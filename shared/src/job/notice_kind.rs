//! What a notice tells, and whom.

use serde::{Deserialize, Serialize};

/// What a notice tells, and whom. Of a round there is one notice of each kind at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum NoticeKind {
    /// The job's endpoint is called: the round has ended.
    #[default]
    #[serde(rename = "C")]
    Callback,
    /// An event on the bus: the round has started.
    #[serde(rename = "S")]
    JobStarted,
    /// An event on the bus: the round has ended.
    #[serde(rename = "E")]
    JobEnded,
}

impl NoticeKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Callback, Self::JobStarted, Self::JobEnded];

    /// The name, for logs and messages. For an event it is its `detail-type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "Callback",
            Self::JobStarted => "JobStarted",
            Self::JobEnded => "JobEnded",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The id of a notice of this kind: the same at every try.
    pub fn id(self, job: crate::ids::JobId, round: u32) -> String {
        match self {
            Self::Callback => format!("{job}_{round}"),
            Self::JobStarted => format!("{job}_{round}_started"),
            Self::JobEnded => format!("{job}_{round}_ended"),
        }
    }

    /// True if it tells the end of a round.
    pub fn is_end(self) -> bool {
        match self {
            Self::Callback | Self::JobEnded => true,
            Self::JobStarted => false,
        }
    }

    /// True if the job's endpoint is told; otherwise it is an event.
    pub fn is_callback(&self) -> bool {
        *self == Self::Callback
    }
}
