//! A job's status.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// A job's status. There will never be others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray)]
pub enum JobStatus {
    /// No item has begun.
    Pending,
    /// At least one item has begun.
    Processing,
    /// Every item is handled, with no more failures than tolerated.
    Completed,
    /// More failures than tolerated, or the system gave up and says why.
    Failed,
    /// Cancelled by its user.
    Cancelled,
}

impl JobStatus {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// True if the job has ended.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The name in rows and answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The status with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }
}
