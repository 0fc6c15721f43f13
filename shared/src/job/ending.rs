//! How a job ends, and that it has.

use chrono::{DateTime, Utc};

use super::Job;

/// How a job is to end. All but a cancel end the round in which the job was read, and no later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All its parts are rolled up, and no more failed than is tolerated.
    Completed,
    /// Too much failed, or the system gives up, for this reason.
    Failed(String),
    /// By its user.
    Cancelled,
    /// Nobody finished its submission.
    Abandoned {
        /// Only if its row did not change since.
        untouched_since: DateTime<Utc>,
    },
}

/// A job that this process ended: its row, as the write that ended it left it.
///
/// Each round is ended by one write at most. If the answer of that write is lost, nobody gets an `Ended` for it: what has
/// to follow an end must therefore be found in the row too.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The row; its counts are those of the parts that are rolled up.
    pub job: Job,
}
