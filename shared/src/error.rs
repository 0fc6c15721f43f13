//! What can go wrong with a job: faults of the table or queue, refusals by the rules, and invalid input.

use std::ops::Range;
use std::time::Duration;

use crate::job::JobStatus;

/// The cause of an error, with its own causes.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation on a job failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The table or the queue did not answer, or asked to try again. The operation is safe to repeat.
    #[error("{what} did not answer")]
    Unavailable {
        /// What did not answer, and to which request.
        what: &'static str,
        /// Its error.
        #[source]
        source: Cause,
    },
    /// A row or message does not have the expected content. It is not changed.
    #[error("{what} cannot be read")]
    Corrupt {
        /// Which row or message.
        what: String,
        /// The cause.
        #[source]
        source: Cause,
    },
    /// There is no such job, or it belongs to another owner.
    #[error("there is no such job")]
    NotFound,
    /// The caller's token for the job was ended by the job's owner.
    #[error("the token was ended")]
    TokenEnded,
    /// The request is refused. Lists everything that is wrong with it, 20 entries at most.
    #[error("{} problem(s) in the request", .0.len())]
    Invalid(Vec<Violation>),
    /// The request is not possible in the job's state.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// There is no processor with that name.
    #[error("there is no such processor; known are {}", .known.join(", "))]
    UnknownProcessor {
        /// The names of all processors.
        known: Vec<String>,
    },
    /// The `Idempotency-Key` was used before with another body.
    #[error("the Idempotency-Key was used before with another body")]
    KeyReused,
    /// A quota of the owner is used up.
    #[error("{what}: no more than {limit}")]
    Quota {
        /// Which quota.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// When there may be room again.
        retry_after: Duration,
    },
}

impl JobError {
    /// The table or queue did not answer.
    pub fn unavailable(what: &'static str, source: impl Into<Cause>) -> Self {
        Self::Unavailable { what, source: source.into() }
    }

    /// What is wrong with the store, if somebody has to repair it. Otherwise the same call may succeed in a moment.
    pub fn storage_fault(&self) -> Option<&StorageFault> {
        match self {
            Self::Unavailable { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// A row or message that cannot be read.
    pub fn corrupt(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Corrupt { what: what.into(), source: source.into() }
    }
}

/// A store does not work until somebody repairs it. As the cause of a [`JobError::Unavailable`] it tells that from load. The text is
/// for the log: what is wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum StorageFault {
    /// Its disk is full.
    #[error("{0}")]
    Full(String),
    /// Its files cannot be read or written.
    #[error("{0}")]
    Broken(String),
}

impl StorageFault {
    /// The code with which the embedded store answers if its disk is full. Stores of AWS have no such code.
    pub const FULL: &'static str = "StorageFull";
    /// The code with which the embedded store answers if its files cannot be read or written.
    pub const BROKEN: &'static str = "StorageBroken";

    /// The fault that a store's answer with this code and this text is about, if it is about one.
    ///
    /// # Errors
    ///
    /// The text, if the code says something else.
    pub fn of(code: &str, text: String) -> Result<Self, String> {
        match code {
            Self::FULL => Ok(Self::Full(text)),
            Self::BROKEN => Ok(Self::Broken(text)),
            _ => Err(text),
        }
    }
}

/// The error with all its causes in one line, for a log.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    // Some errors of libraries repeat their cause.
    texts.dedup_by(|cause, error| error.ends_with(cause.as_str()));
    texts.join(": ")
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as a JSON Pointer (RFC 6901) into the body.
    pub pointer: String,
    /// What is wrong, and what to do.
    pub detail: String,
}

impl Violation {
    /// `pointer` is a JSON Pointer, `detail` part of a sentence such as `larger than 262,144 bytes`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// Why a request is not possible in the job's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The job has ended.
    #[error("the job has ended as {0:?}")]
    JobEnded(JobStatus),
    /// The job was cancelled, and a cancelled job has no further round.
    #[error("it was cancelled, and a cancelled job cannot be retried or corrected: submit the items as a new job")]
    Cancelled,
    /// The job has not ended.
    #[error("the job has not ended, it is {0:?}")]
    JobNotEnded(JobStatus),
    /// No item has failed, and nothing is parked.
    #[error("no item has failed, and none is left to run")]
    NothingToRetry,
    /// The round in the request is not the job's.
    #[error("the job is in round {0}")]
    RoundDiffers(u32),
    /// The part exists with different content.
    #[error("part {0} exists already, with different content")]
    PartDiffers(u32),
    /// Items of the part would have the same indexes as items of a part next to it.
    #[error("part {part} would have indexes of part {other}, which has {} to {}: each item has an index of its own", indexes.start, indexes.end - 1)]
    PartsOverlap {
        /// The part that is refused.
        part: u32,
        /// The part that is there.
        other: u32,
        /// The indexes of the part that is there.
        indexes: Range<u64>,
    },
    /// A part is missing, or was not completely sent to the queue.
    #[error("part {0} is missing: send it, then seal again")]
    PartMissing(u32),
    /// A part's first index is not where the part before it ends.
    #[error("part {part} begins at index {first_index}, but the part before it ends at {expected}")]
    PartsDoNotJoin {
        /// The part whose beginning is wrong.
        part: u32,
        /// The index at which it begins.
        first_index: u64,
        /// The index at which it has to begin.
        expected: u64,
    },
    /// There is a part with a number that is too high for the seal.
    #[error("part {0} exists, but the seal says that there are fewer parts")]
    PartBeyond(u32),
    /// The job is sealed.
    #[error("the job is sealed")]
    Sealed,
}

impl Conflict {
    /// The job's status, where it is the reason.
    pub fn job_status(&self) -> Option<JobStatus> {
        match self {
            Self::JobEnded(status) | Self::JobNotEnded(status) => Some(*status),
            Self::Cancelled => Some(JobStatus::Cancelled),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_all_its_causes() {
        let error = JobError::corrupt("a row", std::io::Error::other("it ends too soon"));
        assert_eq!(error_chain(&error), "a row cannot be read: it ends too soon");
    }
}
