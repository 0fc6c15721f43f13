//! The invariants by name, and how a history reports a violation.

use std::fmt;

/// The invariants, in the design's order. One that the design says in two sentences has two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// 1. Every item of an acknowledged job is processed, failed, dropped by a cancel, or kept for a retry.
    NoItemDisappears,
    /// 2. The counts add up in every answer and never fall, except for the failures of a retried job.
    CountsAddUpAndNeverFall,
    /// 3. A count is the number of distinct items with that outcome.
    CountsAreDistinctItems,
    /// 4. Every job ends without help when faults stop.
    JobsEnd,
    /// 5. An end changes only because a user asked for it, and there is one end for each round.
    EndsAreFinal,
    /// 6. For everybody but its owner a job does not exist.
    OwnersAreApart,
    /// 5. When an ended job is shown as settled, no count changes any more, and it is shown so within the limit.
    SettledIsFinal,
    /// 7. Counts, lists, and the counts recomputed from the rows agree.
    ListsAndLedgerAgree,
    /// 8. A message or kept item is deleted only after its effect is durable, and every call is safe to repeat.
    DurableBeforeForgotten,
    /// 9. After a cancel is acknowledged no item begins, nor after a pause, until the job is resumed.
    NothingBeginsWhileHeld,
    /// 9. The sweep never touches a live job, nor deletes one before its time.
    SweepSparesTheLive,
    /// 11. A throttled item is never charged an attempt.
    WaitingIsNotFailing,
    /// An item is charged an attempt only for a failure of its own, whatever becomes of the calls that it shares.
    OnlyTheCulpritIsCharged,
    /// An item is charged only attempts that it had in this round.
    AttemptsAreItsOwn,
    /// A message that a worker sends or parks counts every attempt that the worker has charged its items.
    ChargesAreKept,
    /// 14. Each end is told, never before it is durable, always with the same id, and nothing of a deleted job is told.
    EndsAreTold,
    /// Nothing is left of a deleted job, and nothing comes back.
    DeletedIsGone,
    /// An item fails only for a reason of its own.
    InnocentItemsDoNotFail,
    /// 15. A retry runs the corrected value of exactly the items that were corrected before it.
    Corrected,
    /// 16. Whatever another owner's jobs do, no item of this owner fails or is lost.
    Alone,
    /// A job whose workers die says so.
    StallsAreShown,
    /// What was written can be read.
    RowsCanBeRead,
    /// No code panics except a processor's.
    NothingPanics,
}

/// A violated invariant, and what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(invariant: Invariant, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// Returns the violation unless the condition is true.
macro_rules! hold {
    ($invariant:ident, $holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err($crate::invariant::Violation::new($crate::invariant::Invariant::$invariant, format!($($what)+)));
        }
    };
}

pub(crate) use hold;
