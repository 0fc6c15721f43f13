//! A failure for now: the item is tried again, as the processor says or when its downstream accepts items again.

use std::time::Duration;

use crate::outcome::FailureKind;
use crate::waiting::WaitReason;

/// A failure for now.
#[derive(Debug, Clone)]
pub(super) struct ForNow {
    pub(super) code: String,
    pub(super) message: String,
    /// The wait that it asked for.
    pub(super) after: Option<Duration>,
}

/// Why a downstream accepts no items for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Downstream {
    /// It asks to wait.
    Throttled,
    /// It cannot be reached.
    Unreachable,
}

impl Downstream {
    /// The same as shown in rows and answers.
    pub(super) fn wait_reason(self) -> WaitReason {
        match self {
            Self::Throttled => WaitReason::Throttled,
            Self::Unreachable => WaitReason::Unreachable,
        }
    }

    /// How an item fails if it has waited for longer than its processor's patience.
    pub(super) fn failure_kind(self) -> FailureKind {
        match self {
            Self::Throttled => FailureKind::Throttled,
            Self::Unreachable => FailureKind::Unreachable,
        }
    }
}
