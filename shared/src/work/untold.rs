//! Whoever starts or ends a round asks for its notice right after that write, and may die in between. So whenever a message meets
//! such a job, its worker makes sure that this is asked for. The job's row says what is due; where nothing is, nothing happens.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::notify::NoticeId;
use super::worker::Worker;
use crate::due::{ask_to_tell_untried, untried};
use crate::ids::JobId;

/// How many notices a process remembers to have asked for. Only notices that nobody has tried to tell yet matter.
const REMEMBERED_MAX: usize = 256;

/// The notices that this process has asked for, so that each message of a large job that has failed does not ask again.
#[derive(Debug, Default)]
pub(super) struct AskedFor(Mutex<VecDeque<NoticeId>>);

impl AskedFor {
    fn has(&self, id: NoticeId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    fn remember(&self, id: NoticeId) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.truncate(REMEMBERED_MAX - 1);
        asked.push_front(id);
    }
}

impl Worker {
    /// Asks for the notices of the job that nobody has tried to tell, if it has ended, or if its message was received before. The
    /// job's row was just read.
    pub(super) async fn ask_for_untold(&self, job: JobId, was_received_before: bool) {
        let Some(job) = self.leases.telling(job).filter(|job| job.is_terminal() || was_received_before) else { return };
        let new: Vec<_> = untried(&job).filter(|notice| !self.asked_for.has((job.id, notice.round, notice.kind))).collect();
        if ask_to_tell_untried(&self.app, &job, &new, was_received_before).await {
            new.iter().for_each(|notice| self.asked_for.remember((job.id, notice.round, notice.kind)));
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::job::NoticeKind;

    /// Would find a process that remembers more and more, or that forgets what it has just asked for.
    #[test]
    fn the_latest_are_remembered_and_no_more_than_that() {
        let asked = AskedFor::default();
        let id = |number: usize| (JobId(Uuid::from_u128(number as u128)), 1, NoticeKind::Callback);
        (0..3 * REMEMBERED_MAX).for_each(|number| asked.remember(id(number)));
        let known: Vec<_> = (0..3 * REMEMBERED_MAX).filter(|number| asked.has(id(*number))).collect();
        assert_eq!(known, (2 * REMEMBERED_MAX..3 * REMEMBERED_MAX).collect::<Vec<_>>());
    }
}
