//! The notices that a process has asked for.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::ids::JobId;
use crate::job::NoticeKind;

/// Which notice: of which job and round, and what it tells.
pub(super) type NoticeId = (JobId, u32, NoticeKind);

/// How many notices a process remembers to have asked for. Only notices that nobody has tried to tell yet matter.
const REMEMBERED_MAX: usize = 256;

/// The notices that this process has asked for, so that each message of a large job that has failed does not ask again.
#[derive(Debug, Default)]
pub(super) struct AskedFor(Mutex<VecDeque<NoticeId>>);

impl AskedFor {
    pub(super) fn has(&self, id: NoticeId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(super) fn remember(&self, id: NoticeId) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.truncate(REMEMBERED_MAX - 1);
        asked.push_front(id);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

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
