//! A failure for now: the item is tried again, by the processor's word or when its downstream takes items again.

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

/// Why a downstream takes no items for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Downstream {
    /// It asks to wait.
    Throttled,
    /// It cannot be reached.
    Unreachable,
}

impl Downstream {
    /// As rows and readers have it.
    pub(super) fn wait_reason(self) -> WaitReason {
        match self {
            Self::Throttled => WaitReason::Throttled,
            Self::Unreachable => WaitReason::Unreachable,
        }
    }

    /// How an item fails that has waited for longer than its processor's patience.
    pub(super) fn failure_kind(self) -> FailureKind {
        match self {
            Self::Throttled => FailureKind::Throttled,
            Self::Unreachable => FailureKind::Unreachable,
        }
    }
}
