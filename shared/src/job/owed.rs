//! Which notices a job owes: of each kind whose target its labels ask for, one for each round that ended, or that started. It
//! owes a notice from the write that ends or starts the round. Only the start of a retry's round has to be written besides.

use chrono::{DateTime, TimeDelta, Utc};

use super::Job;
use super::notice_kind::{Moment, NoticeKind};
use super::notices::{LEFT_ROUNDS_MAX, NoticeState, Notices, RoundEnd, RoundNotice};

/// Workers that read a job before a notice was recorded as told may tell it once more. That ends within a second; this is much
/// more, since the clocks of machines differ.
const TOLD_LATELY: TimeDelta = TimeDelta::minutes(1);

impl Job {
    /// True if anybody is told when a round of it ends.
    pub fn tells(&self) -> bool {
        NoticeKind::ALL.iter().any(|kind| kind.is_end() && self.tells_of(*kind))
    }

    fn tells_of(&self, kind: NoticeKind) -> bool {
        self.labels.asks_for(kind.target())
    }

    /// The notices that have to be told, in the order of their rounds. None if the job is deleted.
    pub fn due_notices(&self) -> Vec<RoundNotice> {
        if self.deleting { Vec::new() } else { self.untold() }
    }

    /// The notices that nobody has been told, whether or not the job is deleted.
    pub(crate) fn untold(&self) -> Vec<RoundNotice> {
        let recorded = self.notices.0.iter().filter(|notice| notice.is_waiting() && self.tells_of(notice.kind)).cloned();
        let new = NoticeKind::ALL.iter().filter_map(|kind| self.new_notice(*kind));
        let mut untold: Vec<_> = recorded.chain(new).collect();
        untold.sort_by_key(|notice| (notice.round, notice.kind));
        untold
    }

    /// True if a worker may be about to tell something of it: something is due, or was recorded as told so lately that another
    /// worker may not know.
    pub(crate) fn may_be_told(&self, now: DateTime<Utc>) -> bool {
        !self.untold().is_empty() || self.notices.0.iter().any(|notice| notice.next_at > now - TOLD_LATELY)
    }

    /// The notice of the current round that follows from the row itself, since nothing of it is recorded yet.
    fn new_notice(&self, kind: NoticeKind) -> Option<RoundNotice> {
        if !self.tells_of(kind) || self.notices.0.iter().any(|notice| notice.is_of(self.round, kind)) {
            return None;
        }
        let at = match kind.moment() {
            Moment::End => self.is_terminal().then(|| self.completed_at.unwrap_or(self.updated_at))?,
            // A retry records the start of its round.
            Moment::Start => self.started_at.filter(|_| self.round == 1)?,
        };
        Some(RoundNotice::new(self.round, kind, at))
    }

    /// The notice of a round, if it has to be told.
    pub fn due_notice(&self, round: u32, kind: NoticeKind) -> Option<RoundNotice> {
        self.due_notices().into_iter().find(|notice| notice.is_of(round, kind))
    }

    /// The notice to the callback that its state is of: the first that waits, or else the last one told. `None` without a
    /// callback, and until the first end.
    pub fn callback_notice(&self) -> Option<RoundNotice> {
        let waiting = self.untold().into_iter().find(|notice| notice.kind.is_callback());
        waiting.or_else(|| self.notices.0.iter().rev().find(|notice| notice.kind.is_callback()).cloned())
    }

    /// Whether the callback has been told of the ends so far. `None` without a callback, and until the first end.
    pub fn callback_state(&self) -> Option<NoticeState> {
        self.callback_notice().map(|notice| notice.state)
    }

    /// The notices once a retry, at `now`, has left the round: those of the round that have not been told are kept with how
    /// it ended, and the start of the next round has to be told. The job's counts must be exact.
    pub fn notices_left(&self, now: DateTime<Utc>) -> Notices {
        let mut notices = self.notices.clone();
        for own in self.due_notices().into_iter().filter(|notice| notice.round == self.round) {
            let started_at = own.started_at.or(self.started_at.filter(|_| !own.kind.is_end()));
            notices = notices.with(RoundNotice { end: Some(self.round_end()), started_at, ..own });
        }
        for kind in NoticeKind::ALL {
            notices = notices.without_too_many(*kind, now);
        }
        let starts = NoticeKind::ALL.iter().filter(|kind| !kind.is_end() && self.tells_of(**kind));
        starts.fold(notices, |notices, kind| {
            let start = RoundNotice::new(self.round.saturating_add(1), *kind, now);
            notices.with(RoundNotice { started_at: Some(now), ..start })
        })
    }

    fn round_end(&self) -> RoundEnd {
        RoundEnd {
            status: self.status,
            error_message: self.error_message.clone(),
            completed_at: self.completed_at.unwrap_or(self.updated_at),
            total_items: self.total_items,
            processed_items: self.processed_items,
            failed_items: self.failed_items,
            open: !self.sealed,
        }
    }

    /// The job as it was at the end of that notice's round. A round that a retry has left is shown as it was then.
    #[must_use]
    pub fn at_the_end(mut self, notice: &RoundNotice) -> Self {
        let Some(end) = notice.end.clone() else { return self };
        self.round = notice.round;
        self.status = end.status;
        self.error_message = end.error_message;
        self.completed_at = Some(end.completed_at);
        self.expires_at = Some(end.completed_at + TimeDelta::days(self.retention_days.into()));
        (self.total_items, self.processed_items, self.failed_items) = (end.total_items, end.processed_items, end.failed_items);
        (self.retrying_items, self.waiting_for) = (0, None);
        // Of later rounds nothing was known then. The row has the rounds before it as long as this notice waits. How many failures
        // were corrected is known since the round was left.
        let own = self.rounds.iter().find(|counts| counts.round == notice.round).copied();
        self.rounds.retain(|counts| counts.round < notice.round);
        let corrected = own.and_then(|own| u32::try_from(own.corrected).ok());
        self.corrected = corrected.map(|corrected| (0, corrected)).into_iter().collect();
        (self.sealed, self.paused, self.reconciled) = (!end.open, false, true);
        self
    }
}

impl Notices {
    /// The oldest notices of the kind are given up, if too many wait.
    fn without_too_many(&self, kind: NoticeKind, now: DateTime<Utc>) -> Notices {
        let mut waiting: Vec<_> = self.0.iter().filter(|notice| notice.kind == kind && notice.is_waiting()).collect();
        waiting.truncate(waiting.len().saturating_sub(LEFT_ROUNDS_MAX));
        waiting
            .into_iter()
            .fold(self.clone(), |notices, oldest| notices.with(RoundNotice { state: NoticeState::GivenUp, next_at: now, ..oldest.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::job::{JobStatus, RoundCounts, SendResult};

    const CALLBACK: NoticeKind = NoticeKind::Callback;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn ended(round: u32) -> Job {
        let mut job = Job::new(JobId(Uuid::nil()), UserId::new("u").unwrap(), 9, at(0));
        (job.round, job.status, job.completed_at) = (round, JobStatus::Failed, Some(at(10)));
        (job.processed_items, job.failed_items, job.error_message) = (7, 2, Some("no".to_owned()));
        job.labels.callback = Some("crm".to_owned());
        job
    }

    /// Bug found: of two workers that told the same notice, one recorded it; a deletion was answered, and the other one told it.
    #[test]
    fn what_was_told_lately_may_be_told_once_more() {
        let job = ended(1);
        let told = job.due_notice(1, CALLBACK).unwrap().after(&SendResult::Delivered, at(20));
        let job = Job { notices: job.notices.with(told), ..job };
        assert!(job.untold().is_empty());
        assert!(job.may_be_told(at(21)) && job.may_be_told(at(19)), "clocks differ");
        assert!(!job.may_be_told(at(100)), "a deletion much later need not wait");
    }

    /// Bug found: a notice was tried once too often or too seldom, or at other times than promised.
    #[test]
    fn a_notice_is_tried_seven_times_over_eighteen_hours() {
        let failed = SendResult::Failed("refused".to_owned());
        let (mut notice, mut at) = (ended(1).due_notice(1, CALLBACK).unwrap(), at(10));
        let mut waits = Vec::new();
        while notice.state == NoticeState::Waiting {
            assert_eq!(notice.next_at, at);
            notice = notice.after(&failed, at);
            waits.push((notice.next_at - at).num_seconds());
            at = notice.next_at;
        }
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 0]);
        assert_eq!((notice.state, notice.tries), (NoticeState::GivenUp, 7));
    }

    /// Bugs found: a retry cancelled the notice of the round that it left, or the notice told of the new round, or of the rounds after
    /// its own.
    #[test]
    fn a_round_that_was_left_is_still_told_as_it_ended() {
        let job = ended(1);
        let left = Job { notices: job.notices_left(at(15)), round: 2, status: JobStatus::Processing, completed_at: None, ..job.clone() };
        let due = left.due_notices();
        assert_eq!(due.iter().map(|notice| notice.round).collect::<Vec<_>>(), [1]);
        let told = Job { processed_items: 9, failed_items: 0, ..left.clone() }.at_the_end(&due[0]);
        assert_eq!((told.round, told.status, told.completed_at), (1, JobStatus::Failed, Some(at(10))));
        assert_eq!((told.processed_items, told.failed_items, told.error_message.as_deref()), (7, 2, Some("no")));
        let counts = |round, processed, corrected| RoundCounts { round, processed, failed: 2, corrected };
        let much_later = Job { round: 4, rounds: vec![counts(1, 7, 1), counts(2, 8, 0), counts(3, 8, 2)], ..left.clone() };
        let told = Job { corrected: [(0, 2)].into(), ..much_later }.at_the_end(&due[0]);
        assert_eq!((told.rounds_so_far(), told.corrected_items()), (vec![counts(1, 7, 1)], 1), "nothing of the rounds after it");
        let open = Job { sealed: false, expected_items: Some(20), ..job };
        let sealed_later = Job { notices: open.notices_left(at(15)), round: 2, sealed: true, ..open.clone() };
        let told = sealed_later.clone().at_the_end(&sealed_later.due_notices()[0]);
        assert_eq!((told.sealed, told.progress_percentage()), (false, open.progress_percentage()));
        let ended_again = Job { status: JobStatus::Completed, completed_at: Some(at(20)), ..left };
        assert_eq!(ended_again.due_notices().iter().map(|notice| notice.round).collect::<Vec<_>>(), [1, 2]);
        let first = ended_again.due_notice(1, CALLBACK).unwrap().after(&SendResult::Delivered, at(30));
        let one_told = Job { notices: ended_again.notices.with(first), ..ended_again };
        assert_eq!(one_told.due_notices().iter().map(|notice| notice.round).collect::<Vec<_>>(), [2]);
        assert_eq!(one_told.callback_state(), Some(NoticeState::Waiting));
    }

    /// Bug found: after ten more rounds the notice of a round that was left listed fewer rounds, or none, and no corrections.
    #[test]
    fn a_notice_shows_the_same_rounds_however_long_it_waits() {
        let mut job = ended(1);
        let mut as_left: Vec<(RoundNotice, Vec<RoundCounts>)> = Vec::new();
        for round in 1..=60 {
            (job.round, job.processed_items, job.corrected) = (round, 100 + u64::from(round), [(0, round)].into());
            for (notice, rounds) in &as_left {
                let told = job.clone().at_the_end(notice);
                assert_eq!((told.rounds_so_far(), told.corrected_items()), (rounds.clone(), u64::from(notice.round)), "in round {round}");
            }
            let (shown, notices) = (job.rounds_so_far(), job.notices_left(at(20)));
            assert_eq!(
                shown.iter().map(|counts| counts.round).collect::<Vec<_>>(),
                (round.saturating_sub(10).max(1)..=round).collect::<Vec<_>>()
            );
            (job.rounds, job.notices) = (job.rounds_left(&notices), notices);
            for notice in job.due_notices().into_iter().filter(|notice| notice.round == round && round % 3 > 0) {
                job.notices = job.notices.with(notice.after(&SendResult::Delivered, at(21)));
            }
            let waits = |round| job.due_notice(round, CALLBACK).filter(|notice| notice.end.is_some());
            as_left.extend(waits(round).map(|notice| (notice, shown)));
            as_left.retain(|(notice, _)| waits(notice.round).is_some());
        }
        assert_eq!((as_left.len(), as_left[0].0.round, job.rounds.len()), (20, 3, 60));
        (job.round, job.notices) = (61, Notices::default());
        assert_eq!(job.rounds_left(&job.notices).len(), 10, "told or given up, it needs none");
    }

    /// Bug found: a job without a callback, or one that was deleted, owed a notice, so that it was never swept away.
    #[test]
    fn who_asked_for_none_and_who_is_deleted_owes_none() {
        let without = Job { labels: crate::job::Labels::default(), ..ended(1) };
        assert_eq!((without.due_notices().len(), without.callback_state()), (0, None));
        assert!(Job { deleting: true, ..ended(1) }.due_notices().is_empty());
        let live = Job { status: JobStatus::Processing, ..ended(1) };
        assert_eq!((live.due_notices().len(), live.callback_state()), (0, None));
    }

    #[test]
    fn the_list_stays_short_and_is_read_as_written() {
        let mut job = ended(1);
        for round in 1..100 {
            job.round = round;
            job.notices = job.notices_left(at(20));
        }
        assert_eq!(job.notices.0.len(), LEFT_ROUNDS_MAX + 1);
        assert_eq!((job.notices.0[0].state, job.notices.0[0].end.is_none()), (NoticeState::GivenUp, true));
        assert_eq!(Notices::from_json(&job.notices.to_json()).unwrap(), job.notices);
    }

    /// Bug found: an event of a round that a retry had left was lost, told twice, or told with another time.
    #[test]
    fn each_start_and_each_end_of_a_round_is_one_event() {
        let due = |job: &Job| job.due_notices().iter().map(|notice| (notice.round, notice.kind)).collect::<Vec<_>>();
        let (start, end) = (NoticeKind::JobStarted, NoticeKind::JobEnded);
        let mut job = ended(1);
        (job.labels.callback, job.labels.events, job.started_at) = (None, true, Some(at(2)));
        let live = Job { status: JobStatus::Processing, completed_at: None, ..job.clone() };
        assert_eq!(due(&Job { started_at: None, ..live.clone() }), [], "nothing has begun");
        assert_eq!((due(&live), due(&job)), (vec![(1, start)], vec![(1, start), (1, end)]));
        assert_eq!(due(&Job { started_at: None, ..job.clone() }), [(1, end)], "it ended before anything began");
        assert_eq!(job.callback_state(), None);
        let retried = Job { notices: job.notices_left(at(15)), round: 2, ..live };
        assert_eq!(due(&retried), [(1, start), (1, end), (2, start)]);
        let starts = [1, 2].map(|round| retried.due_notice(round, start).unwrap().started_at);
        assert_eq!(starts, [Some(at(2)), Some(at(15))]);
        let told = retried.due_notices().into_iter().fold(retried.clone(), |job, notice| {
            let notices = job.notices.with(notice.after(&SendResult::Delivered, at(16)));
            Job { notices, ..job }
        });
        assert_eq!(due(&told), []);
        assert_eq!(due(&Job { status: JobStatus::Completed, completed_at: Some(at(20)), ..told }), [(2, end)]);
        let both = |callback: Option<&str>| Job {
            labels: crate::job::Labels { callback: callback.map(str::to_owned), events: true, ..crate::job::Labels::default() },
            ..job.clone()
        };
        assert_eq!(due(&both(Some("crm"))), [(1, CALLBACK), (1, start), (1, end)]);
    }

    /// Bug found: the page said when the next try would be of a notice that had been delivered.
    #[test]
    fn the_state_of_the_callback_has_its_tries_and_its_time() {
        let job = ended(1);
        let shown = |job: &Job| job.callback_notice().map(|notice| (notice.round, notice.state, notice.tries, notice.next_at));
        assert_eq!(shown(&job), Some((1, NoticeState::Waiting, 0, at(10))));
        let failed = job.due_notice(1, CALLBACK).unwrap().after(&SendResult::Failed("no".to_owned()), at(11));
        assert_eq!(shown(&Job { notices: job.notices.with(failed.clone()), ..job.clone() }), Some((1, NoticeState::Waiting, 1, at(16))));
        let told = failed.after(&SendResult::Delivered, at(17));
        assert_eq!(shown(&Job { notices: job.notices.with(told), ..job.clone() }), Some((1, NoticeState::Delivered, 1, at(17))));
    }
}
