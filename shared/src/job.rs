//! The job: its row, its states, and its counts. [`JobWrite`] lists everything that may be written to the row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::ids::{JobId, UserId};
use crate::limits::RETENTION_DAYS_DEFAULT;
use crate::part::Part;
use crate::split::Split;
use crate::waiting::WaitingFor;

mod ending;
mod labels;
mod notice_kind;
mod notices;
mod owed;
mod rounds;
mod status;
mod tolerated;
mod write;

pub use ending::{Ended, Ending};
pub use labels::Labels;
pub use notice_kind::{Moment, NoticeKind, Target};
pub use notices::{LEFT_ROUNDS_MAX, NoticeState, Notices, RoundEnd, RoundNotice, TRY_AGAIN_AFTER, Told};
use rounds::ROUNDS_KEPT_MAX;
pub use rounds::RoundCounts;
pub use status::JobStatus;
pub use tolerated::ToleratedFailures;
pub use write::{ABANDONED, JobWrite, Place, error_within_row};

/// The most progress that is shown of a job that is not sealed.
const OPEN_PERCENTAGE_MAX: f64 = 99.9;

/// The counts that finished parts have put into the job's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// The parts that are counted below.
    pub parts: BTreeSet<u32>,
    /// Items of those parts that succeeded.
    pub processed: u64,
    /// Items of those parts that failed for good.
    pub failed: u64,
}

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
    /// How many failed items of each part have a new value for the next retry.
    pub corrected: BTreeMap<u32, u32>,
    /// The counts of the rounds before this one.
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
            corrected: BTreeMap::new(),
            rounds: Vec::new(),
        }
    }

    /// 100 × (processed + failed) / total; 0 without items; always 100 when `Completed`.
    ///
    /// Until the job is sealed its total is not known. Then it is the share of the expected items, or of those that
    /// arrived if they are more, and always less than 100. It is 0 if no number was given.
    pub fn progress_percentage(&self) -> f64 {
        let of = |total: u64| if total == 0 { 0.0 } else { 100.0 * self.handled_items() as f64 / total as f64 };
        match (self.status, self.expected_items) {
            (JobStatus::Completed, _) => 100.0,
            _ if self.sealed => of(self.total_items),
            (_, Some(expected)) => of(expected.max(self.total_items)).min(OPEN_PERCENTAGE_MAX),
            (_, None) => 0.0,
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

    /// True if workers may begin its items.
    pub fn runs(&self) -> bool {
        self.is_live() && !self.paused
    }

    /// True if workers park its messages, so that it can continue later: it is paused, or it has failed and may be
    /// retried.
    pub fn parks(&self) -> bool {
        self.paused || self.status == JobStatus::Failed
    }

    /// The counts of the last rounds, the current one included. The job must have exact counts.
    pub fn rounds_so_far(&self) -> Vec<RoundCounts> {
        let now = RoundCounts {
            round: self.round,
            processed: self.processed_items,
            failed: self.failed_items,
            corrected: self.corrected_items(),
        };
        let too_many = (self.rounds.len() + 1).saturating_sub(ROUNDS_KEPT_MAX);
        self.rounds.iter().skip(too_many).copied().chain([now]).collect()
    }

    /// How many failed items have a new value for the next retry.
    pub fn corrected_items(&self) -> u64 {
        self.corrected.values().map(|count| u64::from(*count)).sum()
    }

    /// Items that are processed or failed.
    pub fn handled_items(&self) -> u64 {
        self.processed_items + self.failed_items
    }

    /// Items that are neither processed nor failed.
    pub fn pending_items(&self) -> u64 {
        self.total_items.saturating_sub(self.handled_items())
    }

    /// One more than the highest part number that may exist.
    pub fn parts_end(&self) -> u32 {
        if self.sealed { self.parts } else { self.top_part.map_or(0, |top| top + 1) }
    }

    /// The parts whose counts are not in the row: all that may exist and are not rolled up.
    pub fn parts_not_rolled_up(&self) -> Vec<u32> {
        (0..self.parts_end()).filter(|part| !self.rolled_up.parts.contains(part)).collect()
    }

    /// The job with exact counts: those of its row and of `parts`, which were read after the row. Safe to repeat.
    #[must_use]
    pub fn count(mut self, parts: &[Part]) -> Self {
        let open = parts.iter().filter(|part| !self.rolled_up.parts.contains(&part.number));
        let (mut processed, mut failed, mut items) = (self.rolled_up.processed, self.rolled_up.failed, 0);
        let (mut retrying, mut waiting) = (0, Vec::new());
        for part in open {
            let counts = part.counts_in(self.round);
            processed += counts.processed;
            failed += counts.failed;
            items += u64::from(part.items);
            retrying += part.retrying();
            let held_back = |waiting: &WaitingFor| waiting.held_back && !part.is_full();
            waiting.extend(part.waiting_for.as_ref().filter(|waiting| part.retrying() > 0 || held_back(waiting)));
            self.updated_at = self.updated_at.max(part.updated_at);
        }
        if !self.sealed {
            // A rolled-up part is full, so its items are its processed and failed ones.
            self.total_items = self.rolled_up.processed + self.rolled_up.failed + items;
        }
        (self.processed_items, self.failed_items) = (processed, failed);
        // Nothing is tried again in an ended job.
        self.retrying_items = if self.is_terminal() { 0 } else { retrying };
        let latest = waiting.into_iter().max_by_key(|waiting| waiting.until).cloned();
        self.waiting_for = latest.filter(|_| !self.is_terminal());
        self
    }

    /// False if a part (read after this row) is already in a later round: the row still counts failures which that part
    /// has cleared, so read the row again.
    pub fn is_as_late_as(&self, parts: &[Part]) -> bool {
        parts.iter().all(|part| part.round <= self.round)
    }

    /// Reduces the counts to what the row itself contains after each write: those of the rolled-up parts.
    pub fn uncount(&mut self) {
        (self.processed_items, self.failed_items) = (self.rolled_up.processed, self.rolled_up.failed);
        (self.retrying_items, self.waiting_for) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::part::Register;
    use proptest::prelude::*;

    fn job(status: JobStatus, total: u64, processed: u64, failed: u64) -> Job {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), total, DateTime::UNIX_EPOCH);
        (job.sealed, job.status, job.processed_items, job.failed_items) = (true, status, processed, failed);
        job
    }

    proptest! {
        #[test]
        fn percentage_stays_within_bounds_and_counts_add_up(total in 0u64..10_000, a in 0u64..10_000, b in 0u64..10_000) {
            let processed = a.min(total);
            let failed = b.min(total - processed);
            let job = job(JobStatus::Processing, total, processed, failed);
            prop_assert!((0.0..=100.0).contains(&job.progress_percentage()));
            prop_assert_eq!(job.processed_items + job.failed_items + job.pending_items(), total);
        }
    }

    #[test]
    fn progress_is_the_share_of_items_that_came_out_either_way() {
        assert_eq!(job(JobStatus::Processing, 8, 3, 1).progress_percentage(), 50.0);
        assert_eq!(job(JobStatus::Cancelled, 3_000, 999, 1).progress_percentage(), 100.0 / 3.0);
    }

    /// Bug found: a job that was not sealed showed 100 %, which fell as soon as more parts arrived.
    #[test]
    fn an_unsealed_job_shows_its_share_of_the_expected_items() {
        let open = |total, handled, expected| {
            Job { sealed: false, expected_items: expected, ..job(JobStatus::Processing, total, handled, 0) }.progress_percentage()
        };
        assert_eq!((open(10, 10, None), open(0, 0, Some(0)), open(10, 0, Some(0))), (0.0, 0.0, 0.0));
        assert_eq!((open(10, 10, Some(40)), open(20, 10, Some(40))), (25.0, 25.0));
        assert_eq!(open(40, 10, Some(20)), 25.0, "more came than were expected");
        assert_eq!((open(40, 40, Some(40)), open(40, 40, Some(1))), (99.9, 99.9), "more may come until it is sealed");
    }

    #[test]
    fn an_empty_job_shows_no_progress_until_it_completes() {
        assert_eq!(job(JobStatus::Processing, 0, 0, 0).progress_percentage(), 0.0);
        assert_eq!(job(JobStatus::Completed, 0, 0, 0).progress_percentage(), 100.0);
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

    #[test]
    fn an_unsealed_job_counts_its_parts_and_a_sealed_one_its_total() {
        let part = |number: u32, items, processed, round| Part {
            round,
            registers: [(0, Register::at_rest(1, false, processed, 1))].into(),
            sent: true,
            ..Part::new((JobId(Uuid::nil()), number), 0, items, 1, DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(number.into()))
        };
        let mut open = job(JobStatus::Processing, 0, 0, 0);
        (open.sealed, open.top_part) = (false, Some(2));
        open.rolled_up = RolledUp { parts: [0].into(), processed: 4, failed: 3 };
        let parts = [part(0, 7, 4, 1), part(1, 10, 5, 1), part(2, 20, 6, 1)];
        assert_eq!(open.parts_not_rolled_up(), [1, 2]);
        let counted = open.clone().count(&parts);
        assert_eq!((counted.total_items, counted.processed_items, counted.failed_items), (37, 15, 5));
        assert_eq!(counted.updated_at, parts[2].updated_at);
        assert_eq!(counted.clone().count(&parts), counted, "safe to repeat");
        let sealed = Job { sealed: true, parts: 2, total_items: 17, ..open };
        assert_eq!(sealed.parts_not_rolled_up(), [1]);
        assert_eq!(sealed.count(&parts[..2]).total_items, 17);
        assert_eq!(job(JobStatus::Pending, 0, 0, 0).parts_not_rolled_up(), [0; 0]);
        let retried = Job { round: 2, ..counted };
        assert!(retried.is_as_late_as(&parts) && !retried.is_as_late_as(&[part(1, 10, 5, 3)]));
        let again = retried.count(&[part(1, 10, 5, 1), part(2, 20, 6, 2)]);
        assert_eq!(again.failed_items, 3 + 1, "what failed in an earlier round is pending");
        let mut row = again;
        row.uncount();
        assert_eq!((row.processed_items, row.failed_items), (4, 3));
    }

    #[test]
    fn only_the_text_of_an_id_is_an_id() {
        let text = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
        assert_eq!(JobId::parse(text).unwrap().to_string(), text);
        for other in
            ["7C9E6679-7425-40DE-944B-E07FC1F90AE7", "7c9e6679742540de944be07fc1f90ae7", "{7c9e6679-7425-40de-944b-e07fc1f90ae7}", ""]
        {
            assert_eq!(JobId::parse(other), None, "{other}");
        }
    }

    /// Bug it would find: the row of a job that is retried without end grows without end.
    #[test]
    fn only_the_last_rounds_are_remembered() {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH);
        for round in 1..=30 {
            job.round = round;
            job.rounds = job.rounds_so_far();
        }
        let rounds: Vec<u32> = job.rounds.iter().map(|counts| counts.round).collect();
        assert_eq!(rounds, (20..=30).collect::<Vec<_>>());
    }
}
