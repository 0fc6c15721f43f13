//! The running calls: how many there may be, and of which message groups they hold messages.

use std::collections::{BTreeSet, HashMap};

use tokio::task::{Id, JoinError, JoinSet};

/// The running calls of a function.
pub(super) struct Calls {
    running: JoinSet<()>,
    groups: HashMap<Id, Vec<String>>,
    calls_max: usize,
    kept_free: usize,
}

impl Calls {
    /// No running calls yet. At most `calls_max` (at least one) may run, and `kept_free` more for groups without a
    /// running call.
    pub(super) fn new(calls_max: usize, kept_free: usize) -> Self {
        Self { running: JoinSet::new(), groups: HashMap::new(), calls_max: calls_max.max(1), kept_free }
    }

    /// The groups whose messages may not be in the next call. `None` if no further call may run at all.
    pub(super) fn groups_left_out(&self) -> Option<Vec<String>> {
        match self.running.len() {
            calls if calls < self.calls_max => Some(Vec::new()),
            calls if calls < self.calls_max + self.kept_free => Some(self.groups_under_way()),
            _ => None,
        }
    }

    /// Begins a call that holds messages of these groups.
    pub(super) fn spawn(&mut self, groups: Vec<String>, call: impl Future<Output = ()> + Send + 'static) {
        self.groups.insert(self.running.spawn(call).id(), groups);
    }

    /// Waits for a call to end. `None` if none is running.
    pub(super) async fn next_ended(&mut self) -> Option<Result<(), JoinError>> {
        let ended = self.running.join_next_with_id().await?;
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id);
        self.groups.remove(&id);
        Some(ended.map(|_| ()))
    }

    fn groups_under_way(&self) -> Vec<String> {
        self.groups.values().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn calls_kept_free_are_for_groups_without_a_running_call() {
        let mut calls = Calls::new(2, 1);
        assert_eq!(calls.groups_left_out(), Some(Vec::new()));
        calls.spawn(names(&["a", "a", ""]), pending());
        assert_eq!(calls.groups_left_out(), Some(Vec::new()));
        calls.spawn(names(&["a", "b"]), pending());
        assert_eq!(calls.groups_left_out(), Some(names(&["", "a", "b"])));
        calls.spawn(names(&["c"]), async { panic!("on purpose") });
        assert_eq!(calls.groups_left_out(), None);
        assert!(calls.next_ended().await.unwrap().is_err());
        assert_eq!(calls.groups_left_out(), Some(names(&["", "a", "b"])), "forgotten, though it panicked");
    }

    #[tokio::test]
    async fn without_calls_kept_free_one_group_may_use_all_calls() {
        let mut calls = Calls::new(0, 0);
        assert_eq!(calls.groups_left_out(), Some(Vec::new()));
        calls.spawn(names(&["a"]), ready(()));
        assert_eq!(calls.groups_left_out(), None);
        assert!(calls.next_ended().await.unwrap().is_ok());
        assert_eq!(calls.groups_left_out(), Some(Vec::new()));
        assert!(calls.next_ended().await.is_none());
    }
}
