//! A job's status.

use serde::{Deserialize, Serialize};

/// A job's status. There will be no further ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum JobStatus {
    /// Nothing begun.
    Pending,
    /// At least one item begun.
    Processing,
    /// Every item handled, failures within what is tolerated.
    Completed,
    /// More failures than tolerated, or the system gave up, saying why.
    Failed,
    /// Ended by its user.
    Cancelled,
}

impl JobStatus {
    /// Whether the status is an end.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name as rows and answers show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled].into_iter().find(|s| s.as_str() == name)
    }
}
