//! The counts of a job: what its row has of rolled-up parts, and what the open parts add.

use super::rounds::RoundCounts;
use super::{Job, JobStatus, Notices};
use crate::part::Part;
use crate::waiting::{WaitReason, WaitingFor};

/// The most progress that is shown of a job that is not sealed.
const OPEN_PERCENTAGE_MAX: f64 = 99.9;

impl Job {
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

    /// The counts of the last rounds, the current one included. The job must have exact counts.
    pub fn rounds_so_far(&self) -> Vec<RoundCounts> {
        self.all_rounds().filter(|counts| counts.is_shown_in(self.round)).collect()
    }

    /// The counts that the row keeps when a retry leaves the round: those that the next round shows, and those that a notice
    /// shows which still waits, however many rounds ago its round was left. The others are forgotten. The job must have exact counts.
    ///
    /// That is 11 rounds for the job and at most as many for each waiting notice. With the most that may wait, 20 of each kind, and none
    /// of neighbouring rounds, these are 671 rounds of at most 40 bytes: 27 KB. Rounds that wait are neighbours in general: then
    /// they are about 30 rounds, less than 1 KB.
    pub(crate) fn rounds_left(&self, notices: &Notices) -> Vec<RoundCounts> {
        let next = self.round.saturating_add(1);
        self.all_rounds().filter(|counts| counts.is_shown_in(next) || notices.show(counts)).collect()
    }

    fn all_rounds(&self) -> impl Iterator<Item = RoundCounts> {
        let now = RoundCounts {
            round: self.round,
            processed: self.processed_items,
            failed: self.failed_items,
            corrected: self.corrected_items(),
        };
        self.rounds.iter().copied().chain([now])
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
            waiting.extend(part.stalled_in(self.round).map(|stall| &stall.waiting_for));
            self.updated_at = self.updated_at.max(part.updated_at);
        }
        if !self.sealed {
            // A rolled-up part is full, so its items are its processed and failed ones.
            self.total_items = self.rolled_up.processed + self.rolled_up.failed + items;
        }
        (self.processed_items, self.failed_items) = (processed, failed);
        // Nothing is tried again in an ended job.
        self.retrying_items = if self.is_terminal() { 0 } else { retrying };
        let is_error = |waiting: &WaitingFor| waiting.reason == WaitReason::Error;
        let latest = waiting.into_iter().max_by_key(|waiting| (!is_error(waiting), waiting.until)).cloned();
        // While other items are left, a single one that failed for now does not hold the job up.
        let holds_up = |waiting: &WaitingFor| !is_error(waiting) || self.retrying_items >= self.pending_items();
        self.waiting_for = latest.filter(|waiting| !self.is_terminal() && holds_up(waiting));
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
    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::job::RolledUp;
    use crate::part::Register;

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

    /// Bug it would find: the row of a job that is retried without end grows without end.
    #[test]
    fn only_the_last_rounds_are_remembered() {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 0, DateTime::UNIX_EPOCH);
        for round in 1..=30 {
            job.round = round;
            job.rounds = job.rounds_left(&Notices::default());
        }
        let rounds: Vec<u32> = job.rounds.iter().map(|counts| counts.round).collect();
        assert_eq!(rounds, (21..=30).collect::<Vec<_>>());
    }
}
