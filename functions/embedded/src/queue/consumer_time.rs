//! How much time consumers recently spent on each group's messages.
//!
//! Kept in memory: it covers a few minutes, and AWS's own figure is approximate. After a restart, all messages in flight
//! are returned to the queue, so both this and the number in flight start at zero.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::attributes::QueueId;

/// How long "recently" is. AWS does not say, so it is the time for which a group must send nothing to be quiet again.
pub(super) const WINDOW_MS: u64 = 5 * 60_000;
/// Times that ended are added up over so long, so that their number does not grow with that of messages.
const STEP_MS: u64 = 10_000;
const STEPS: u64 = WINDOW_MS / STEP_MS;

/// A group of one queue.
pub(super) type GroupKey = (QueueId, String);

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It was received.
    Received { seq: i64, group: GroupKey, at_ms: u64 },
    /// It was deleted, released, or its visibility timeout ended.
    Ended { seq: i64, at_ms: u64 },
    /// The group has no message left that could be received.
    Drained { group: GroupKey },
    /// A receive has returned messages.
    Batch,
}

/// The time spent on each group.
#[derive(Debug, Default)]
pub(super) struct ConsumerTime {
    /// Messages in flight: their group, and since when.
    running: HashMap<i64, (GroupKey, u64)>,
    /// Time spent on messages that are no longer in flight, by when they ended: the step's number, and each group's
    /// milliseconds.
    ended: VecDeque<(u64, HashMap<GroupKey, u64>)>,
    /// How many receives have returned messages.
    batches: u64,
}

impl ConsumerTime {
    /// Records an event.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Received { seq, group, at_ms } => {
                self.running.insert(seq, (group, at_ms));
            }
            Event::Ended { seq, at_ms } => self.end(seq, at_ms),
            Event::Drained { group } => self.forget(&group),
            Event::Batch => self.batches += 1,
        }
    }

    /// How many receives have returned messages since the start.
    pub(super) fn batches(&self) -> u64 {
        self.batches
    }

    /// The milliseconds of each group of this queue within a window of at most [`WINDOW_MS`]. Groups without any are left out.
    pub(super) fn by_group(&self, queue: QueueId, now_ms: u64, window_ms: u64) -> BTreeMap<&str, u64> {
        let steps = window_ms / STEP_MS;
        let ended = self.ended.iter().filter(|(step, _)| step + steps > now_ms / STEP_MS).flat_map(|(_, times)| times.iter());
        let ended = ended.map(|(group, ms)| (group, *ms));
        let running = self.running.values().map(|(group, since_ms)| (group, now_ms.saturating_sub(*since_ms).min(window_ms)));
        let mut times = BTreeMap::new();
        for ((of_queue, name), ms) in ended.chain(running) {
            if *of_queue == queue && ms > 0 {
                *times.entry(name.as_str()).or_default() += ms;
            }
        }
        times
    }

    fn end(&mut self, seq: i64, at_ms: u64) {
        let Some((group, since_ms)) = self.running.remove(&seq) else { return };
        let step = at_ms / STEP_MS;
        // If the clock goes back, the time is added to the newest step.
        if self.ended.back().is_none_or(|(newest, _)| *newest < step) {
            self.ended.push_back((step, HashMap::new()));
        }
        if let Some((_, times)) = self.ended.back_mut() {
            *times.entry(group).or_default() += at_ms.saturating_sub(since_ms).min(WINDOW_MS);
        }
        while self.ended.front().is_some_and(|(oldest, _)| oldest + STEPS <= step) {
            self.ended.pop_front();
        }
    }

    /// A group without a backlog is quiet again, so its past time no longer counts. While it has messages in flight, it
    /// still has a backlog.
    fn forget(&mut self, group: &GroupKey) {
        if self.running.values().any(|(running, _)| running == group) {
            return;
        }
        for (_, times) in &mut self.ended {
            times.remove(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = 1;

    fn received(time: &mut ConsumerTime, seq: i64, group: &str, at_ms: u64) {
        time.note(Event::Received { seq, group: (QUEUE, group.to_owned()), at_ms });
    }

    fn ended(time: &mut ConsumerTime, seq: i64, at_ms: u64) {
        time.note(Event::Ended { seq, at_ms });
    }

    #[test]
    fn counts_messages_that_ended_and_those_still_in_flight() {
        let mut time = ConsumerTime::default();
        received(&mut time, 1, "a", 1_000);
        received(&mut time, 2, "a", 2_000);
        received(&mut time, 3, "b", 2_000);
        ended(&mut time, 1, 4_000);
        ended(&mut time, 1, 9_000);
        ended(&mut time, 99, 9_000);
        assert_eq!(time.by_group(QUEUE, 5_000, WINDOW_MS), BTreeMap::from([("a", 3_000 + 3_000), ("b", 3_000)]));
        assert_eq!(time.by_group(QUEUE + 1, 5_000, WINDOW_MS), BTreeMap::new(), "another queue's");
    }

    #[test]
    fn a_message_received_again_counts_again() {
        let mut time = ConsumerTime::default();
        received(&mut time, 1, "a", 0);
        ended(&mut time, 1, 30_000);
        received(&mut time, 1, "a", 40_000);
        assert_eq!(time.by_group(QUEUE, 45_000, WINDOW_MS), BTreeMap::from([("a", 35_000)]));
    }

    #[test]
    fn what_ended_before_the_window_no_longer_counts() {
        let mut time = ConsumerTime::default();
        received(&mut time, 1, "a", 0);
        ended(&mut time, 1, 1_000);
        for (at_ms, counted) in [(299_999, true), (300_000, false)] {
            assert_eq!(time.by_group(QUEUE, at_ms, WINDOW_MS).contains_key("a"), counted, "{at_ms} ms");
        }
        received(&mut time, 2, "b", 300_000);
        assert_eq!(time.by_group(QUEUE, 1_000_000, WINDOW_MS), BTreeMap::from([("b", WINDOW_MS)]), "not more than the window");
        ended(&mut time, 2, 1_000_000);
        assert_eq!(time.ended.len(), 1, "old steps are dropped");
    }

    #[test]
    fn a_drained_group_is_forgotten_once_nothing_of_it_is_in_flight() {
        let mut time = ConsumerTime::default();
        let drained = || Event::Drained { group: (QUEUE, "a".to_owned()) };
        received(&mut time, 1, "a", 0);
        received(&mut time, 2, "a", 0);
        ended(&mut time, 1, 1_000);
        time.note(drained());
        assert_eq!(time.by_group(QUEUE, 1_000, WINDOW_MS), BTreeMap::from([("a", 2_000)]));
        ended(&mut time, 2, 1_000);
        time.note(drained());
        assert_eq!(time.by_group(QUEUE, 1_000, WINDOW_MS), BTreeMap::new());
    }
}
