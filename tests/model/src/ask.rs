//! What a process asks, one step each, and what it is answered.

use chrono::{DateTime, Utc};
use headway_core::job::{JobStatus, JobWrite};
use headway_core::ledger::Candidates;
use headway_core::part::PartWrite;
use uuid::Uuid;

use crate::extra::ExtraRow;
use crate::message::{Carried, Chunk, Nonce};
use crate::rows::{FixRow, JobRow, OutcomeRow, PartRow};

/// A row that is read together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Job,
    Part(u8),
}

/// One call of a port.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Rows(Vec<Key>),
    Create(JobRow),
    UpdateJob(JobWrite),
    PutPart(u8, PartRow),
    UpdatePart(u8, PartWrite),
    Outcome(u8, u8),
    Outcomes {
        part: u8,
        from: u8,
    },
    PutOutcome(u8, u8, OutcomeRow),
    Park(Chunk),
    Parked(u8),
    Unpark {
        part: u8,
        chunk: u8,
        nonce: Nonce,
    },
    /// True if the job is among the candidates before this time.
    Candidates(Candidates, DateTime<Utc>),
    DeletePart(u8),
    DeleteJob,
    Send(Vec<Carried>),
    /// The endpoint is told that this round ended, and how.
    Tell {
        round: u8,
        status: JobStatus,
    },
    Fixes {
        part: u8,
        from: u8,
    },
    PutFixes(u8, u8, FixRow),
    /// The processor is called with an item (of the job).
    Item {
        index: u8,
        fixed: bool,
    },
    /// The same with several items.
    Items(Vec<u8>),
    PutExtra(ExtraRow),
    Extra(u8, u8, Uuid),
    DeleteExtra(u8, u8, Uuid),
}

/// The outcome of an item. The model chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Succeeds,
    GivesOutput,
    Fails,
    /// It may be called again.
    FailsForNow,
    /// It succeeds, but takes longer than the lease and than the time between checkpoints.
    IsSlow,
    /// The call has no result for it. Only of calls for several items.
    NoResult,
}

/// The outcome of a call with several items. The model chooses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Called {
    /// A result for each item, in their order.
    Each(Vec<Fate>),
    /// It panics.
    Panics,
    /// All succeed, and the result of the last one is missing.
    TooFew,
}

/// How the results of a call reach the worker. Without a planted bug: as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Given {
    AsTheyAre,
    /// Each item gets the result of another one.
    Turned,
    /// What is missing is taken for a success.
    Completed,
}

/// The result of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Found {
    Applied,
    Refused,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Rows(Option<JobRow>, Vec<(u8, PartRow)>),
    /// True if the job was put; otherwise its key had already started it.
    Created(bool),
    Job(Option<(Found, JobRow)>),
    /// The other part that was there.
    PartPut(Option<PartRow>),
    Part(Option<(Found, PartRow)>),
    Outcome(Option<OutcomeRow>),
    Outcomes(Vec<(u8, OutcomeRow)>),
    OutcomePut(bool),
    Fixes(Vec<(u8, FixRow)>),
    FixesPut(bool),
    Parked(Vec<Chunk>),
    Candidate(bool),
    Done,
    Fate(Fate),
    Called(Called, Given),
    Extra(Option<ExtraRow>),
    /// The caller never learns the result.
    Lost,
}

impl Ask {
    /// True if its sender goes on even if the queue accepts nothing.
    pub(crate) fn may_come_to_nothing(&self) -> bool {
        matches!(self, Self::Send(messages) if messages.iter().any(Carried::tells))
    }

    /// True if it can change a row, or send or tell something.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(
            self,
            Self::Rows(_)
                | Self::Outcome(..)
                | Self::Outcomes { .. }
                | Self::Parked(_)
                | Self::Candidates(..)
                | Self::Item { .. }
                | Self::Items(_)
                | Self::Extra(..)
                | Self::Fixes { .. }
        )
    }
}
