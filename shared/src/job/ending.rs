//! How a job ends, and the proof that it has ended.

use chrono::{DateTime, Utc};

use super::Job;

/// How a job is to end. All but a cancel end only the round in which the job was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All its parts are rolled up, and no more items failed than are tolerated.
    Completed,
    /// Too many items failed, or the system gives up, for this reason.
    Failed(String),
    /// Its user cancelled it.
    Cancelled,
    /// Nobody finished its submission.
    Abandoned {
        /// Only if its row has not changed since.
        untouched_since: DateTime<Utc>,
    },
}

/// A job that this process ended: its row as the ending write left it.
///
/// Each round is ended by one write at most. If that write's answer is lost, nobody gets an `Ended` for it. So whatever
/// has to follow an end must also be found from the row.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The row. Its counts are those of the rolled-up parts.
    pub job: Job,
}
