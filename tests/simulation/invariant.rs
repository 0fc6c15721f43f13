//! What must always hold, by name, and how a history says that one does not.

use std::fmt;

/// The invariants, in the design's order; what two sentences say has two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// 1. Every item of an acknowledged job is processed, failed, dropped by a cancel, or kept for a retry.
    NoItemDisappears,
    /// 2. The counts add up in every answer and never fall, a retry's failures excepted.
    CountsAddUpAndNeverFall,
    /// 3. A count is the number of distinct items that came out so.
    CountsAreDistinctItems,
    /// 4. Every job ends without help once faults stop.
    JobsEnd,
    /// 5. An end changes only through a user's act, and happens once a round.
    EndsAreFinal,
    /// 6. To everybody but its owner a job does not exist.
    OwnersAreApart,
    /// 5. Once an ended job is said to be settled no count changes, and that is said within the bound.
    SettledIsFinal,
    /// 7. Counts, lists, and the ledger recomputed from its rows agree.
    ListsAndLedgerAgree,
    /// 8. A message or kept item is forgotten only after what it led to is durable; every call is safe to repeat.
    DurableBeforeForgotten,
    /// 9. After a cancel is acknowledged no item begins.
    NothingBeginsAfterCancel,
    /// 9. The sweep never touches a live job, nor deletes one before its time.
    SweepSparesTheLive,
    /// 11. A throttled item is never charged an attempt.
    WaitingIsNotFailing,
    /// Of a deleted job nothing is left, and nothing comes back.
    DeletedIsGone,
    /// An item is failed only for what it did.
    InnocentItemsDoNotFail,
    /// 16. Whatever another owner's jobs do, no item of a neighbour fails or is lost.
    Alone,
    /// What was written can be read.
    RowsCanBeRead,
    /// No code panics but a processor's.
    NothingPanics,
}

/// An invariant that did not hold, and what was seen.
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

/// Returns the violation unless it holds.
macro_rules! hold {
    ($invariant:ident, $holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err($crate::invariant::Violation::new($crate::invariant::Invariant::$invariant, format!($($what)+)));
        }
    };
}

pub(crate) use hold;
