//! Which notices a job owes. One with a callback owes a notice for each round that ended, from the very write that ended
//! it: nothing else has to be written for that.

use chrono::TimeDelta;

use super::Job;
use super::notices::{LEFT_ROUNDS_MAX, NoticeState, Notices, RoundEnd, RoundNotice};

impl Job {
    /// True if somebody is told when a round of it ends.
    pub fn tells(&self) -> bool {
        self.labels.callback.is_some()
    }

    /// The notices that have to be told, in the order of their rounds. None if the job is deleted.
    pub fn due_notices(&self) -> Vec<RoundNotice> {
        if self.deleting { Vec::new() } else { self.untold() }
    }

    /// The notices that nobody has been told, whether or not the job is deleted.
    pub(crate) fn untold(&self) -> Vec<RoundNotice> {
        if !self.tells() {
            return Vec::new();
        }
        let mut untold: Vec<_> = self.notices.0.iter().filter(|notice| notice.is_waiting()).cloned().collect();
        if self.is_terminal() && self.notices.0.iter().all(|notice| notice.round != self.round) {
            untold.push(RoundNotice::new(self.round, self.completed_at.unwrap_or(self.updated_at)));
        }
        untold
    }

    /// The notice of a round, if it has to be told.
    pub fn due_notice(&self, round: u32) -> Option<RoundNotice> {
        self.due_notices().into_iter().find(|notice| notice.round == round)
    }

    /// Whether the callback has been told of the ends so far. `None` without a callback, and until the first end.
    pub fn callback_state(&self) -> Option<NoticeState> {
        match self.untold().is_empty() {
            false => Some(NoticeState::Waiting),
            true => self.notices.0.last().map(|notice| notice.state),
        }
    }

    /// The notices once a retry has left the round: the round's own is kept with how it ended, if it has not been told.
    /// The job's counts must be exact.
    pub fn notices_left(&self) -> Notices {
        let Some(own) = self.due_notice(self.round) else { return self.notices.clone() };
        let end = RoundEnd {
            status: self.status,
            error_message: self.error_message.clone(),
            completed_at: self.completed_at.unwrap_or(self.updated_at),
            total_items: self.total_items,
            processed_items: self.processed_items,
            failed_items: self.failed_items,
        };
        let mut notices = self.notices.with(RoundNotice { end: Some(end), ..own });
        while notices.0.iter().filter(|notice| notice.is_waiting()).count() > LEFT_ROUNDS_MAX {
            let Some(oldest) = notices.0.iter().find(|notice| notice.is_waiting()).cloned() else { break };
            notices = notices.with(RoundNotice { state: NoticeState::GivenUp, ..oldest });
        }
        notices
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
        (self.paused, self.reconciled) = (false, true);
        self
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::job::{JobStatus, Told};

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

    /// Bug found: a notice was tried once too often or too seldom, or at other times than promised.
    #[test]
    fn a_notice_is_tried_seven_times_over_eighteen_hours() {
        let failed = Told::Failed("refused".to_owned());
        let (mut notice, mut at) = (ended(1).due_notice(1).unwrap(), at(10));
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

    /// Bug found: a retry cancelled the notice of the round that it left, or the notice told of the new round.
    #[test]
    fn a_round_that_was_left_is_still_told_as_it_ended() {
        let job = ended(1);
        let left = Job { notices: job.notices_left(), round: 2, status: JobStatus::Processing, completed_at: None, ..job.clone() };
        let due = left.due_notices();
        assert_eq!(due.iter().map(|notice| notice.round).collect::<Vec<_>>(), [1]);
        let told = Job { processed_items: 9, failed_items: 0, ..left.clone() }.at_the_end(&due[0]);
        assert_eq!((told.round, told.status, told.completed_at), (1, JobStatus::Failed, Some(at(10))));
        assert_eq!((told.processed_items, told.failed_items, told.error_message.as_deref()), (7, 2, Some("no")));
        let ended_again = Job { status: JobStatus::Completed, completed_at: Some(at(20)), ..left };
        assert_eq!(ended_again.due_notices().iter().map(|notice| notice.round).collect::<Vec<_>>(), [1, 2]);
        let first = ended_again.due_notice(1).unwrap().after(&Told::Delivered, at(30));
        let one_told = Job { notices: ended_again.notices.with(first), ..ended_again };
        assert_eq!(one_told.due_notices().iter().map(|notice| notice.round).collect::<Vec<_>>(), [2]);
        assert_eq!(one_told.callback_state(), Some(NoticeState::Waiting));
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
            job.notices = job.notices_left();
        }
        assert_eq!(job.notices.0.len(), LEFT_ROUNDS_MAX + 1);
        assert_eq!((job.notices.0[0].state, job.notices.0[0].end.is_none()), (NoticeState::GivenUp, true));
        assert_eq!(Notices::from_json(&job.notices.to_json()).unwrap(), job.notices);
    }
}
