//! The job: its row, its states, and its counts. [`JobWrite`] lists everything that may be written to the row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ids::{JobId, UserId};
use crate::limits::RETENTION_DAYS_DEFAULT;
use crate::split::Split;
use crate::waiting::WaitingFor;

mod counts;
mod ending;
mod labels;
mod notice_kind;
mod notices;
mod owed;
mod rolled_up;
mod rounds;
mod status;
mod tolerated;
mod write;

pub use ending::{Ended, Ending};
pub use labels::Labels;
pub use notice_kind::{Moment, NoticeKind, Target};
pub use notices::{LEFT_ROUNDS_MAX, NoticeState, Notices, RoundEnd, RoundNotice, SendResult, TRY_AGAIN_AFTER};
pub use rolled_up::RolledUp;
pub use rounds::RoundCounts;
pub use status::JobStatus;
pub use tolerated::ToleratedFailures;
pub use write::{ABANDONED, JobWrite, Place, error_within_row};

/// A job. As read from its row, it has the counts of the rolled-up parts only; [`Job::count`] makes them exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its owner.
    pub user_id: UserId,
    /// Its status.
    pub status: JobStatus,
    /// All items; until the job is sealed, those of the parts so far.
    pub total_items: u64,
    /// The bytes of all items, once it is sealed.
    pub total_bytes: u64,
    /// How many chunks it has, once it is sealed.
    pub total_chunks: u32,
    /// Items that succeeded.
    pub processed_items: u64,
    /// Items that failed for good.
    pub failed_items: u64,
    /// How many of the remaining items failed for now and wait for another attempt.
    pub retrying_items: u64,
    /// What they wait for, if it is known.
    pub waiting_for: Option<WaitingFor>,
    /// Why it failed; only in `Failed`.
    pub error_message: Option<String>,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When its row last changed, or after [`Job::count`] also any of its parts.
    pub updated_at: DateTime<Utc>,
    /// When it ended, in any status.
    pub completed_at: Option<DateTime<Utc>>,
    /// When its first item began.
    pub started_at: Option<DateTime<Utc>>,
    /// When its rows will be deleted; only for ended jobs.
    pub expires_at: Option<DateTime<Utc>>,
    /// The `sub` of the token that started it.
    pub created_by: String,
    /// The name of its processor.
    pub processor: String,
    /// 1 at first, and one more with each retry.
    pub round: u32,
    /// True while it is paused.
    pub paused: bool,
    /// True if all its parts have been submitted.
    pub sealed: bool,
    /// True if it ended because nobody finished its submission.
    pub abandoned: bool,
    /// True if its rows are being deleted. For everybody it is gone.
    pub deleting: bool,
    /// True if, after it ended, everything recorded has been shown and no worker runs its items any more.
    pub reconciled: bool,
    /// When a worker last said, after the job's end, that it is about to write results that no row announces.
    pub late_results_at: Option<DateTime<Utc>>,
    /// How many parts it has, once it is sealed.
    pub parts: u32,
    /// The highest part number that was reserved.
    pub top_part: Option<u32>,
    /// The counts of the parts that are rolled up.
    pub rolled_up: RolledUp,
    /// How many failures it tolerates.
    pub tolerated: ToleratedFailures,
    /// How its items are cut into chunks. It never changes, so that a submission that is continued later is cut in the
    /// same way.
    pub split: Split,
    /// How many items will be submitted, as far as the caller knew at the start.
    pub expected_items: Option<u64>,
    /// The top-level member of an item that contains its id.
    pub id_field: Option<String>,
    /// What it only carries.
    pub labels: Labels,
    /// What became of the notices of its rounds' ends.
    pub notices: Notices,
    /// The hash of the submission's `Idempotency-Key`. The key's row is deleted with the job.
    pub key_hash: Option<String>,
    /// When the measuring of the rate began: at the round's start or the last resume.
    pub rate_since: Option<DateTime<Utc>>,
    /// How many items were handled before that.
    pub rate_base: u64,
    /// How many days it is kept after its end.
    pub retention_days: u16,
    /// How often the job's tokens were ended. A token is valid while this is what it was when the token was made.
    pub token_generation: u32,
    /// How many failed items of each part have a new value for the next retry.
    pub corrected: BTreeMap<u32, u32>,
    /// The counts of the last rounds before this one, and of earlier rounds that waiting notices show.
    pub rounds: Vec<RoundCounts>,
}

impl Job {
    /// A job of `total_items` that is created now, with default settings.
    pub fn new(id: JobId, user_id: UserId, total_items: u64, now: DateTime<Utc>) -> Self {
        Self {
            id,
            created_by: user_id.to_string(),
            user_id,
            status: JobStatus::Pending,
            total_items,
            total_bytes: 0,
            total_chunks: 0,
            processed_items: 0,
            failed_items: 0,
            retrying_items: 0,
            waiting_for: None,
            error_message: None,
            created_at: now,
            updated_at: now,
            completed_at: None,
            started_at: None,
            expires_at: None,
            processor: String::new(),
            round: 1,
            paused: false,
            sealed: false,
            abandoned: false,
            deleting: false,
            reconciled: false,
            late_results_at: None,
            parts: 0,
            top_part: None,
            rolled_up: RolledUp::default(),
            tolerated: ToleratedFailures::default(),
            split: Split::default(),
            expected_items: None,
            id_field: None,
            labels: Labels::default(),
            notices: Notices::default(),
            key_hash: None,
            rate_since: None,
            rate_base: 0,
            retention_days: RETENTION_DAYS_DEFAULT,
            token_generation: 0,
            corrected: BTreeMap::new(),
            rounds: Vec::new(),
        }
    }

    /// True if it has ended.
    pub fn is_terminal(&self) -> bool {
        self.status.is_terminal()
    }

    /// True if it may still change by itself: it has not ended, is not paused and is not being deleted.
    pub fn is_live(&self) -> bool {
        !self.is_terminal() && !self.deleting
    }

    /// True if it no longer exists for anybody, though its rows may still be there: it was deleted, or its retention is
    /// over.
    pub fn is_gone(&self, now: DateTime<Utc>) -> bool {
        self.deleting || self.expires_at.is_some_and(|expires| expires <= now)
    }

    /// True if the sweep has to check it: until it has ended, nothing of it can be left unshown, and no notice is due.
    pub fn is_watched(&self) -> bool {
        !(self.is_terminal() && (self.deleting || (self.reconciled && self.due_notices().is_empty())))
    }

    /// True if it has ended and its counts may still change, because items were running at its end.
    pub fn is_settling(&self) -> bool {
        self.is_terminal() && !self.reconciled
    }

    /// True if it has ended and only a retry changes its counts.
    pub fn is_settled(&self) -> bool {
        self.is_terminal() && self.reconciled
    }

    /// True if workers may begin its items.
    pub fn runs(&self) -> bool {
        self.is_live() && !self.paused
    }

    /// True if workers park its messages, so that it can continue later: it is paused, or it has failed and may be
    /// retried.
    pub fn parks(&self) -> bool {
        self.paused || self.status == JobStatus::Failed
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn job(status: JobStatus, total: u64, processed: u64, failed: u64) -> Job {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), total, DateTime::UNIX_EPOCH);
        (job.sealed, job.status, job.processed_items, job.failed_items) = (true, status, processed, failed);
        job
    }

    #[test]
    fn the_sweep_watches_a_job_until_it_is_reconciled() {
        let now = DateTime::UNIX_EPOCH;
        let with = |change: fn(&mut Job)| {
            let mut job = job(JobStatus::Failed, 9, 0, 9);
            change(&mut job);
            job
        };
        let gone = [with(|job| job.deleting = true), with(|job| job.expires_at = Some(DateTime::UNIX_EPOCH))];
        assert!(gone.iter().all(|job| job.is_gone(now)));
        assert!(!with(|job| job.expires_at = Some(DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1))).is_gone(now));
        assert!(with(|_| ()).is_watched() && with(|job| (job.status, job.reconciled) = (JobStatus::Processing, true)).is_watched());
        assert!(!with(|job| job.reconciled = true).is_watched() && !with(|job| job.deleting = true).is_watched());
    }
}
