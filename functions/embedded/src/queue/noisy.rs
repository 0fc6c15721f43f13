//! Which groups are noisy, and which group's message comes next, as Amazon SQS documents it for fair queues.
//!
//! Source: *Amazon SQS Developer Guide*, How Amazon SQS fair queues work. AWS calls its figures approximate; here they
//! are exact. Where that page gives no figure, the constant or function says what was chosen here.

use std::time::Duration;

/// A group with fewer messages in flight than this is not noisy by their number.
const IN_FLIGHT_MIN: u64 = 30;
/// A group is noisy if it has more than this share of the whole: one tenth.
const SHARE: u128 = 10;
/// A group that has sent nothing for this long is quiet.
const SENT_NOTHING: Duration = Duration::from_secs(5 * 60);

/// How busy consumers are with one group, or with all groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Messages that are in flight: received, and neither deleted nor visible again.
    pub(super) in_flight: u64,
    /// Time that consumers recently spent on messages, in milliseconds.
    pub(super) consumer_ms: u64,
}

/// A group with at least one message that may be received now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its name; empty for messages without a group.
    pub(super) group: String,
    /// The number of its oldest message that may be received.
    pub(super) oldest: i64,
    /// How long ago its newest message in the queue was sent.
    pub(super) since_sent: Duration,
    /// What consumers are doing for it.
    pub(super) load: Load,
}

impl Candidate {
    /// True if the group is noisy; `all` is the load of all groups together.
    ///
    /// AWS lets a group stay noisy until its shares are "comparable" with those of quiet groups and gives no figure.
    /// Here it is noisy as long as one of the two conditions holds. Each message without a group counts as a tenant of
    /// its own: while it waits, that tenant has nothing in flight and is quiet.
    pub(super) fn is_noisy(&self, all: Load) -> bool {
        if self.group.is_empty() || self.since_sent >= SENT_NOTHING {
            return false;
        }
        let is_by_number = self.load.in_flight >= IN_FLIGHT_MIN && is_over_share(self.load.in_flight, all.in_flight);
        is_by_number || is_over_share(self.load.consumer_ms, all.consumer_ms)
    }
}

/// The group whose message comes next: the quiet group with the oldest message; if there is none, the noisy group with
/// the fewest messages in flight.
pub(super) fn next(candidates: &[Candidate], all: Load) -> Option<&Candidate> {
    candidates.iter().min_by_key(|candidate| {
        let is_noisy = candidate.is_noisy(all);
        (is_noisy, if is_noisy { candidate.load.in_flight } else { 0 }, candidate.oldest)
    })
}

fn is_over_share(part: u64, whole: u64) -> bool {
    u128::from(part) * SHARE > u128::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn candidate(group: &str, oldest: i64, in_flight: u64, consumer_ms: u64) -> Candidate {
        Candidate { group: group.to_owned(), oldest, since_sent: NOW, load: Load { in_flight, consumer_ms } }
    }

    #[test]
    fn a_group_is_noisy_by_messages_in_flight_or_by_consumer_time() {
        let table = [
            // (in flight, of all), (consumer time, of all), noisy
            ((0, 0), (0, 0), false, "nothing was received yet"),
            ((29, 29), (0, 0), false, "all that is in flight, but one too few"),
            ((30, 30), (0, 0), true, "alone"),
            ((29, 100), (0, 0), false, "a large share, but one too few"),
            ((30, 100), (0, 0), true, "30 and a large share"),
            ((30, 300), (0, 0), false, "exactly 10 %"),
            ((30, 299), (0, 0), true, "just over 10 %"),
            ((100, 1_000), (0, 0), false, "many, but exactly 10 %"),
            ((101, 1_000), (0, 0), true, "many, just over 10 %"),
            ((1, 1_000), (100, 1_000), false, "exactly 10 % of the time"),
            ((1, 1_000), (101, 1_000), true, "just over 10 % of the time"),
            ((0, 0), (1, 1), true, "nothing in flight, but all of the time"),
            ((u64::MAX, u64::MAX), (u64::MAX, u64::MAX), true, "no overflow"),
        ];
        for ((in_flight, all_in_flight), (consumer_ms, all_ms), noisy, why) in table {
            let all = Load { in_flight: all_in_flight, consumer_ms: all_ms };
            assert_eq!(candidate("group", 1, in_flight, consumer_ms).is_noisy(all), noisy, "{why}");
        }
    }

    #[test]
    fn messages_without_a_group_are_never_noisy() {
        let all = Load { in_flight: 100, consumer_ms: 100 };
        assert!(!candidate("", 1, 100, 100).is_noisy(all), "each of them is a tenant of its own");
    }

    #[test]
    fn a_group_is_quiet_again_five_minutes_after_it_last_sent() {
        let all = Load { in_flight: 40, consumer_ms: 40 };
        for (seconds, noisy) in [(0, true), (299, true), (300, false)] {
            let sent = Candidate { since_sent: Duration::from_secs(seconds), ..candidate("group", 1, 40, 40) };
            assert_eq!(sent.is_noisy(all), noisy, "{seconds} s");
        }
    }

    #[test]
    fn quiet_groups_come_first_by_age_then_noisy_ones_by_messages_in_flight() {
        let all = Load { in_flight: 80, consumer_ms: 0 };
        let [loud, louder] = [candidate("loud", 2, 35, 0), candidate("louder", 1, 45, 0)];
        let [early, late] = [candidate("early", 8, 3, 0), candidate("late", 9, 0, 0)];
        let chosen = |candidates: &[&Candidate]| {
            let candidates: Vec<_> = candidates.iter().map(|candidate| (*candidate).clone()).collect();
            next(&candidates, all).map(|candidate| candidate.group.clone()).unwrap_or_default()
        };
        assert_eq!(chosen(&[&louder, &loud, &late, &early]), "early", "quiet and older, whatever it has in flight");
        assert_eq!(chosen(&[&louder, &late]), "late", "quiet");
        assert_eq!(chosen(&[&louder, &loud]), "loud", "fewer in flight");
        assert_eq!(chosen(&[&louder]), "louder", "nobody else waits");
        assert_eq!(chosen(&[]), "");
    }
}
