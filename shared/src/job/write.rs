//! Every possible write to the job row, as a condition and an effect. A store makes each write atomic; what it allows
//! and does is decided only here.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::rounds::RoundCounts;
use super::status::JobStatus;
use super::{Job, Notices, RolledUp};
use crate::limits::JOB_ERROR_BYTES_MAX;

/// A change of the job row: one conditional write. [`JobWrite::admitted`] is its condition, [`JobWrite::apply`] its
/// effect. Every write upward names its round, so that a write of an older round is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum JobWrite {
    /// The first item begins.
    Begin,
    /// A part is full: its counts move into the row, once.
    RollUp {
        /// The round the part belongs to.
        round: u32,
        /// Which part.
        part: u32,
        /// Its items that succeeded.
        processed: u64,
        /// Its items that failed.
        failed: u64,
    },
    /// All parts are rolled up, and no more items failed than are tolerated: the job is completed.
    End {
        /// The round that ends.
        round: u32,
        /// How many days it is kept from then on: the row's own number.
        retention_days: u16,
        /// True if somebody is told, so that the sweep checks it until that is done.
        tells: bool,
    },
    /// Too many items failed, or the system gives up: the job ends early.
    Fail {
        /// The round that ends.
        round: u32,
        /// The reason.
        error: String,
    },
    /// The user cancels it.
    Cancel,
    /// The user pauses it.
    Pause,
    /// The user resumes it.
    Resume {
        /// How many items are handled so far: the base of the new rate.
        handled: u64,
    },
    /// The user starts the next round.
    Retry {
        /// The round being left.
        round: u32,
        /// How many items have succeeded so far: the base of the new rate.
        processed: u64,
        /// The notices as they were read. If they have changed since, the write is refused.
        read: Notices,
        /// The notices once the round is left.
        notices: Notices,
        /// How many failures of each part are corrected, as it was read: likewise.
        corrected: BTreeMap<u32, u32>,
        /// The counts of the rounds so far.
        rounds: Vec<RoundCounts>,
    },
    /// Failed items of an ended job were given new values.
    Correct {
        /// The round in which they failed.
        round: u32,
        /// Only if the row contains these counts.
        read: BTreeMap<u32, u32>,
        /// The new counts: how many failed items of each part have a new value.
        corrected: BTreeMap<u32, u32>,
    },
    /// New values for failures of a round were written while a retry left it. They are counted in what is kept of the round.
    CountLate {
        /// Only if the row contains these counts of earlier rounds.
        read: Vec<RoundCounts>,
        /// The new counts.
        rounds: Vec<RoundCounts>,
    },
    /// Part numbers up to this one are in use.
    Reserve {
        /// The new highest part.
        part: u32,
    },
    /// Only moves `updated_at`: a part with a lower number arrived, so the sweep must not take the submission for
    /// abandoned.
    Touch,
    /// The job is sealed: no more parts.
    Seal {
        /// How many there are.
        parts: u32,
        /// All their items.
        total_items: u64,
        /// The bytes of these.
        total_bytes: u64,
        /// All their chunks.
        total_chunks: u32,
    },
    /// Nobody finished the submission.
    Abandon {
        /// Only if the row has not changed since.
        untouched_since: DateTime<Utc>,
    },
    /// The job ended so long ago that no worker runs its items any more, and everything recorded is shown.
    Reconcile {
        /// The round in which it was read as ended.
        round: u32,
        /// When it expires: its place among the jobs to be deleted.
        expires_at: DateTime<Utc>,
        /// The notices as they were read. If they have changed since, the write is refused.
        read: Notices,
        /// [`Job::late_results_at`] as it was read: likewise.
        late_results_at: Option<DateTime<Utc>>,
        /// True if a notice is due, so that it stays in its place among the jobs to be checked.
        owes: bool,
    },
    /// A worker is about to write results that no row announces: the numbers of the ended job are not declared final before that.
    AwaitResults {
        /// When the worker asked.
        at: DateTime<Utc>,
    },
    /// What became of a notice. Made by [`Job::note`].
    Note {
        /// The round in which the row was read.
        round: u32,
        /// Whether the row was read as ended.
        ended: bool,
        /// Whether the row was read as reconciled.
        reconciled: bool,
        /// The notices as they were read. If they have changed since, the write is refused.
        read: Notices,
        /// The notices from now on.
        notices: Notices,
        /// Where the sweep finds the row from now on.
        place: Place,
    },
    /// The owner ends all tokens for this job that were made so far.
    EndTokens,
    /// Its rows are about to be deleted.
    Delete {
        /// The round in which it was read as ended.
        round: u32,
    },
    /// The sweep has checked it and found nothing to do for now, so others are checked first.
    Postpone {
        /// Its new place among the jobs to be checked.
        place: DateTime<Utc>,
        /// Only if the row has not changed since it was read.
        updated_at: DateTime<Utc>,
    },
}

/// Where the sweep finds a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where it was.
    Unchanged,
    /// Among the jobs to be checked, as if it had changed at this time.
    Watched(DateTime<Utc>),
    /// Among the jobs to be deleted, which expire at this time.
    Ended(DateTime<Utc>),
}

impl Job {
    /// The write that says that the numbers of this ended job, as it was read, are final.
    pub fn reconcile(&self, expires_at: DateTime<Utc>) -> JobWrite {
        let (round, late_results_at) = (self.round, self.late_results_at);
        JobWrite::Reconcile { round, expires_at, read: self.notices.clone(), late_results_at, owes: !self.due_notices().is_empty() }
    }

    /// The write that replaces the notices of this job, as it was read.
    pub fn note(&self, notices: Notices) -> JobWrite {
        let (round, ended, reconciled, read) = (self.round, self.is_terminal(), self.reconciled, self.notices.clone());
        let due = Self { notices: notices.clone(), ..self.clone() }.due_notices();
        let place = match (due.iter().map(|notice| notice.next_at).min(), self.expires_at) {
            _ if !ended || !reconciled => Place::Unchanged,
            (Some(next), _) => Place::Watched(next),
            (None, Some(expires_at)) => Place::Ended(expires_at),
            (None, None) => Place::Unchanged,
        };
        JobWrite::Note { round, ended, reconciled, read, notices, place }
    }
}

impl JobWrite {
    /// True if this row allows the write. The store checks it in the same atomic step as the effect.
    pub fn admitted(&self, job: &Job) -> bool {
        let in_round = |round: u32| job.is_live() && job.round == round;
        match self {
            Self::Note { round, ended, reconciled, read, .. } => {
                let as_read = job.is_terminal() == *ended && job.reconciled == *reconciled && job.notices == *read;
                return as_read && job.round == *round && !job.deleting;
            }
            Self::Retry { read, .. } | Self::Reconcile { read, .. } if job.notices != *read => return false,
            _ => {}
        }
        match *self {
            Self::Begin => job.is_live() && job.status == JobStatus::Pending,
            Self::RollUp { round, part, .. } => !job.deleting && job.round == round && !job.rolled_up.parts.contains(&part),
            Self::End { round, .. } => in_round(round) && job.sealed && job.rolled_up.parts.len() == job.parts as usize,
            Self::Fail { round, .. } => in_round(round),
            Self::Cancel => job.is_live(),
            Self::Pause => job.is_live() && !job.paused,
            Self::Resume { .. } => job.is_live() && job.paused,
            Self::Retry { round, ref corrected, .. } => {
                let completed = job.status == JobStatus::Completed && job.rolled_up.failed > 0;
                let ended = completed || job.status == JobStatus::Failed;
                ended && job.round == round && !job.deleting && job.corrected == *corrected
            }
            Self::Correct { round, ref read, .. } => {
                let ended = matches!(job.status, JobStatus::Completed | JobStatus::Failed);
                ended && !job.deleting && job.round == round && job.corrected == *read
            }
            Self::CountLate { ref read, .. } => !job.deleting && job.rounds == *read,
            Self::Reserve { part } => {
                // A job that failed while its parts were submitted still accepts the rest, so that a retry has all of
                // them.
                let takes = job.is_live() || job.status == JobStatus::Failed;
                takes && !job.deleting && !job.abandoned && !job.sealed && job.top_part.is_none_or(|top| top < part)
            }
            Self::Touch => job.is_live() && !job.sealed,
            Self::Seal { parts, .. } => !job.sealed && !job.abandoned && !job.deleting && job.top_part == parts.checked_sub(1),
            Self::Abandon { untouched_since } => job.is_live() && !job.sealed && job.updated_at < untouched_since,
            Self::Reconcile { round, late_results_at, .. } => {
                job.is_settling() && job.round == round && !job.deleting && job.late_results_at == late_results_at
            }
            Self::AwaitResults { at } => job.is_settling() && !job.deleting && job.late_results_at.is_none_or(|known| known < at),
            // Checked above.
            Self::Note { .. } => true,
            Self::EndTokens => !job.deleting,
            Self::Delete { round } => job.is_terminal() && job.round == round,
            Self::Postpone { updated_at, .. } => job.is_live() && job.updated_at == updated_at,
        }
    }

    /// Applies the write to a row that allows it.
    pub fn apply(&self, job: &mut Job, now: DateTime<Utc>) {
        match self {
            Self::Begin => {
                job.status = JobStatus::Processing;
                job.started_at = Some(now);
                job.rate_since = Some(now);
            }
            Self::RollUp { part, processed, failed, .. } => {
                job.rolled_up.parts.insert(*part);
                job.rolled_up.processed += processed;
                job.rolled_up.failed += failed;
            }
            Self::End { .. } => end(job, JobStatus::Completed, None, now),
            Self::Fail { error, .. } => end(job, JobStatus::Failed, Some(error), now),
            Self::Cancel => end(job, JobStatus::Cancelled, None, now),
            Self::Pause => job.paused = true,
            Self::Resume { handled } => {
                job.paused = false;
                job.rate_since = Some(now);
                job.rate_base = *handled;
            }
            Self::Retry { round, processed, rounds, notices, .. } => {
                job.notices = notices.clone();
                retry(job, *round, *processed, now);
                job.rounds.clone_from(rounds);
            }
            Self::Correct { corrected, .. } => job.corrected.clone_from(corrected),
            Self::Reserve { part } => job.top_part = Some(*part),
            Self::Seal { parts, total_items, total_bytes, total_chunks } => {
                job.sealed = true;
                job.parts = *parts;
                (job.total_items, job.total_bytes, job.total_chunks) = (*total_items, *total_bytes, *total_chunks);
            }
            Self::Abandon { .. } => {
                job.abandoned = true;
                end(job, JobStatus::Failed, Some(ABANDONED), now);
            }
            Self::Reconcile { .. } => job.reconciled = true,
            Self::Delete { .. } => job.deleting = true,
            Self::Touch => {}
            // Nothing of the job itself changes.
            Self::Postpone { .. } => return,
            Self::Note { notices, .. } => {
                job.notices = notices.clone();
                return;
            }
            Self::AwaitResults { at } => {
                job.late_results_at = Some(*at);
                return;
            }
            Self::CountLate { rounds, .. } => {
                job.rounds.clone_from(rounds);
                return;
            }
            Self::EndTokens => {
                job.token_generation += 1;
                return;
            }
        }
        job.updated_at = now;
        job.uncount();
    }

    /// Where the sweep finds the row after this write, as a time, among the jobs to be checked or to be deleted. `None`
    /// leaves it in its place, and no index is written.
    pub fn place(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::RollUp { .. } | Self::Reserve { .. } | Self::Touch | Self::Seal { .. } | Self::EndTokens => None,
            Self::Correct { .. } | Self::CountLate { .. } => None,
            Self::Reconcile { owes: true, .. } | Self::AwaitResults { .. } | Self::Note { place: Place::Unchanged, .. } => None,
            Self::End { retention_days, tells: false, .. } => Some(now + TimeDelta::days((*retention_days).into())),
            Self::Reconcile { expires_at, .. } => Some(*expires_at),
            Self::Note { place: Place::Watched(at) | Place::Ended(at), .. } => Some(*at),
            Self::Postpone { place, .. } => Some(*place),
            _ => Some(now),
        }
    }
}

/// Why an abandoned submission ended.
pub const ABANDONED: &str = "the submission was not finished in time: submit the items again";

/// `error`, cut at a character so that it fits into the row.
pub fn error_within_row(error: &str) -> &str {
    &error[..error.floor_char_boundary(JOB_ERROR_BYTES_MAX)]
}

fn end(job: &mut Job, status: JobStatus, error: Option<&str>, now: DateTime<Utc>) {
    job.status = status;
    job.error_message = error.map(|error| error_within_row(error).to_owned());
    job.completed_at = Some(now);
    job.expires_at = Some(now + TimeDelta::days(job.retention_days.into()));
    job.paused = false;
    // Every register of a completed job is full, so nothing can be left unshown.
    job.reconciled = status == JobStatus::Completed;
}

fn retry(job: &mut Job, round: u32, processed: u64, now: DateTime<Utc>) {
    job.status = JobStatus::Processing;
    job.round = round + 1;
    job.rolled_up = RolledUp::default();
    (job.error_message, job.completed_at, job.expires_at, job.late_results_at) = (None, None, None, None);
    (job.paused, job.abandoned, job.reconciled) = (false, false, false);
    job.corrected.clear();
    (job.rate_since, job.rate_base) = (Some(now), processed);
    job.started_at = job.started_at.or(Some(now));
}

#[cfg(test)]
mod tests;
