//! What can go wrong with a job: faults of the parts below, refusals by the rules, and input that is not valid.

use std::time::Duration;

use crate::job::JobStatus;

/// The cause of an error, kept whole.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Every way an operation on a job ends without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The table or the queue did not answer, or said to try again. The operation is safe to repeat.
    #[error("{what} did not answer")]
    Unavailable {
        /// Which part, and what it was asked.
        what: &'static str,
        /// What it said.
        #[source]
        source: Cause,
    },
    /// A row or message is not what was written: it is left as it is.
    #[error("{what} cannot be read")]
    Corrupt {
        /// Which row or message.
        what: String,
        /// Why not.
        #[source]
        source: Cause,
    },
    /// No such job, or another owner's.
    #[error("there is no such job")]
    NotFound,
    /// The request is refused with everything that is wrong with it, 20 at most.
    #[error("{} problem(s) in the request", .0.len())]
    Invalid(Vec<Violation>),
    /// The request does not fit the job's state.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// No processor of that name.
    #[error("there is no such processor; known are {}", .known.join(", "))]
    UnknownProcessor {
        /// Those there are.
        known: Vec<String>,
    },
    /// An `Idempotency-Key` that came before, with another body.
    #[error("the Idempotency-Key was used before with another body")]
    KeyReused,
    /// A quota of the owner is used up.
    #[error("{what}: no more than {limit}")]
    Quota {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// When there may be room again.
        retry_after: Duration,
    },
}

impl JobError {
    /// A part below that did not answer.
    pub fn unavailable(what: &'static str, source: impl Into<Cause>) -> Self {
        Self::Unavailable { what, source: source.into() }
    }

    /// A row or message that cannot be read.
    pub fn corrupt(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Corrupt { what: what.into(), source: source.into() }
    }
}

/// The error with its causes in one line, for a log.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as a JSON Pointer (RFC 6901) into the body.
    pub pointer: String,
    /// What, and what to do.
    pub detail: String,
}

impl Violation {
    /// `pointer` is a JSON Pointer, `detail` a sentence's part such as `larger than 50,000 bytes`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// Why a job's state refuses a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The job has ended.
    #[error("the job has ended as {0:?}")]
    JobEnded(JobStatus),
    /// The job has not ended.
    #[error("the job has not ended, it is {0:?}")]
    JobNotEnded(JobStatus),
    /// Nothing failed and nothing is parked.
    #[error("there is nothing to retry")]
    NothingToRetry,
    /// The round named is not the job's.
    #[error("the job is in round {0}")]
    RoundDiffers(u32),
    /// The part is there with other bytes.
    #[error("part {0} is there already, with other bytes")]
    PartDiffers(u32),
    /// A part is missing, or was not handed over whole.
    #[error("part {0} is missing: send it, then seal again")]
    PartMissing(u32),
    /// A part's first index is not where the part before it ends.
    #[error("part {part} begins at index {first_index}, but the part before it ends at {expected}")]
    PartsDoNotJoin {
        /// The part that begins wrong.
        part: u32,
        /// Where it begins.
        first_index: u64,
        /// Where it had to begin.
        expected: u64,
    },
    /// There is a part beyond those the seal counts.
    #[error("part {0} is there, beyond the parts the seal counts")]
    PartBeyond(u32),
    /// The job is sealed.
    #[error("the job is sealed")]
    Sealed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_all_its_causes() {
        let error = JobError::corrupt("a row", std::io::Error::other("it ends too soon"));
        assert_eq!(error_chain(&error), "a row cannot be read: it ends too soon");
    }
}
