//! What is suspected of having killed its worker: preparing the job's processor, or items of a chunk.
//!
//! A chunk has one mark, and its items may be in several messages. Whoever marks an item keeps the strikes of items in other
//! messages in the mark. So items of different messages that kill their workers in turns are all convicted. The strikes of items
//! in the same message are not kept: a process that is killed from outside again and again would collect suspects, and in the end
//! one of them would be convicted by chance.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::chunk::ChunkMessage;
use crate::ledger::CareMark;
use crate::outcome::Outcome;

/// An item is blamed if its worker died this often while it ran.
const STRIKES_MAX: u32 = 2;
/// The same for preparing its processor, which fails the whole job, in a worker that is the only one. Such a process is
/// often ended from outside, by its developer or a supervisor, and that must almost never look like the job's fault.
const STRIKES_MAX_ALONE: u32 = 12;

/// The suspects of a chunk, each with its strikes.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspects {
    /// The strikes of preparing the job's processor.
    preparing: u32,
    /// The strikes of items that have not run since.
    items: BTreeMap<u64, u32>,
    /// The items of the message that runs now.
    own: BTreeSet<u64>,
    /// When the worker that left the mark had ended for certain.
    since: DateTime<Utc>,
    /// The round of the job in which the strikes were counted.
    round: u32,
}

impl Suspects {
    /// Nobody yet.
    pub(super) fn none(round: u32) -> Self {
        Self { round, ..Self::default() }
    }

    /// What a mark says in this round whose worker has died: what it names has one more strike. A mark of an earlier round says
    /// nothing: since then its items may have been corrected.
    pub(super) fn of(mark: &CareMark, round: u32) -> Self {
        if mark.round < round {
            return Self::none(round);
        }
        let (mut items, strikes) = (mark.struck.clone(), mark.strikes + 1);
        let preparing = match mark.item {
            Some(item) => {
                items.insert(item, strikes);
                0
            }
            None => strikes,
        };
        Self { preparing, items, own: BTreeSet::new(), since: mark.deadline, round: mark.round }
    }

    /// What was known before the mark was made, for a worker that did not die of what the mark names: it has no further strike.
    pub(super) fn before(mark: &CareMark, round: u32) -> Self {
        let mut suspects = Self::of(mark, round);
        suspects.preparing = suspects.preparing.saturating_sub(1);
        if let Some(strikes) = mark.item.and_then(|item| suspects.items.get_mut(&item)) {
            *strikes -= 1;
        }
        suspects.items.retain(|_, strikes| *strikes > 0);
        suspects
    }

    /// The worker that left the mark had ended by this time, so nobody has to wait for it any more.
    pub(super) fn ended_by(mut self, time: DateTime<Utc>) -> Self {
        self.since = self.since.min(time);
        self
    }

    /// The same, for a worker that runs this message.
    pub(super) fn with_message(mut self, message: &ChunkMessage) -> Self {
        self.own = message.items.iter().map(|(index, _)| *index).collect();
        self
    }

    /// The strikes of preparing.
    pub(super) fn preparing(&self) -> u32 {
        self.preparing
    }

    /// The strikes of the item.
    pub(super) fn strikes(&self, index: u64) -> u32 {
        self.items.get(&index).copied().unwrap_or_default()
    }

    /// True if preparing is to blame.
    pub(super) fn blames_preparing(&self, alone: bool) -> bool {
        let most = if alone { STRIKES_MAX_ALONE } else { STRIKES_MAX };
        self.preparing >= most
    }

    /// True if the item is to blame.
    pub(super) fn blames(&self, index: u64) -> bool {
        self.strikes(index) >= STRIKES_MAX
    }

    /// Preparing came to an end, or its job was failed for it.
    pub(super) fn clear_preparing(&mut self) {
        self.preparing = 0;
    }

    /// The item has run without killing its worker, or was failed.
    pub(super) fn clear(&mut self, index: u64) {
        self.items.remove(&index);
    }

    /// Items that have a result are no suspects.
    pub(super) fn clear_recorded(&mut self, recorded: Option<&Outcome>) {
        self.items.retain(|index, _| !recorded.is_some_and(|outcome| outcome.has(*index)));
    }

    /// The mark of the item that begins now, or of preparing, in this worker. It keeps the strikes of items in other messages.
    pub(super) fn mark(&self, item: Option<u64>, worker: Option<String>, deadline: DateTime<Utc>) -> CareMark {
        let strikes = item.map_or(self.preparing, |index| self.strikes(index));
        let struck = self.all_but(|index| self.own.contains(&index));
        CareMark { item, round: self.round, worker, deadline, strikes, struck }
    }

    /// The mark while none of them runs. Whoever finds it knows the same suspects, each with the same strikes. `None` if there are
    /// none.
    pub(super) fn mark_at_rest(&self) -> Option<CareMark> {
        let item = self.items.keys().next().copied().filter(|_| self.preparing == 0);
        // The finder adds one.
        let strikes = item.map_or(self.preparing, |index| self.strikes(index)).checked_sub(1)?;
        let struck = self.all_but(|index| Some(index) == item);
        Some(CareMark { item, round: self.round, worker: None, deadline: self.since, strikes, struck })
    }

    fn all_but(&self, left_out: impl Fn(u64) -> bool) -> BTreeMap<u64, u32> {
        self.items.iter().filter(|(index, _)| !left_out(**index)).map(|(index, strikes)| (*index, *strikes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(item: Option<u64>, strikes: u32, struck: &[(u64, u32)]) -> CareMark {
        CareMark { item, round: 2, worker: None, deadline: DateTime::UNIX_EPOCH, strikes, struck: struck.iter().copied().collect() }
    }

    /// Bug found: a mark of one item replaced the strike of another, so items of two messages that killed workers in turns were
    /// never convicted.
    #[test]
    fn each_death_adds_a_strike_and_a_mark_at_rest_adds_none() {
        for found in [
            mark(Some(3), 0, &[]),
            mark(Some(3), 1, &[(5, 1)]),
            mark(Some(7), 0, &[(3, 1), (5, 2)]),
            mark(None, 0, &[]),
            mark(None, 1, &[(3, 1)]),
        ] {
            let suspects = Suspects::of(&found, 2);
            let named = found.item.map_or(suspects.preparing(), |index| suspects.strikes(index));
            assert_eq!(named, found.strikes + 1, "{found:?}");
            assert!(found.struck.iter().all(|(index, strikes)| suspects.strikes(*index) == *strikes), "{found:?}");
            let later = Suspects::of(&suspects.mark_at_rest().unwrap(), 2);
            assert_eq!((later.preparing, &later.items), (suspects.preparing, &suspects.items), "{found:?}");
            let again = Suspects::of(&suspects.mark(Some(9), None, DateTime::UNIX_EPOCH), 2);
            assert_eq!(again.strikes(9), 1);
            assert!(suspects.items.iter().all(|(index, strikes)| again.strikes(*index) == *strikes), "{found:?}");
        }
        let mut suspects = Suspects::of(&mark(Some(3), 1, &[(5, 1)]), 2);
        assert!(suspects.blames(3) && !suspects.blames(5));
        suspects.clear(3);
        assert_eq!(suspects.mark_at_rest(), Some(mark(Some(5), 0, &[])));
        suspects.clear(5);
        assert_eq!(suspects.mark_at_rest(), None);
    }

    /// Bug found: a worker convicted an item and died before it could remove the mark. After a retry the item's new value was convicted for
    /// the strikes of the old one, before it had run.
    #[test]
    fn strikes_of_an_earlier_round_do_not_count() {
        let left = mark(Some(3), 1, &[(5, 2)]);
        for (round, strikes) in [(1, 2), (2, 2), (3, 0)] {
            let suspects = Suspects::of(&left, round);
            assert_eq!((suspects.strikes(3), suspects.strikes(5)), (strikes, strikes), "in round {round}");
            assert_eq!(suspects.mark(Some(3), None, DateTime::UNIX_EPOCH).round, round.max(2));
        }
        assert_eq!(Suspects::of(&mark(None, 5, &[]), 3).preparing(), 0);
    }
    /// Would find an item or a job that is blamed because its server was killed twice while it ran.
    #[test]
    fn the_end_of_a_server_is_no_strike() {
        for (found, preparing, items) in [
            (mark(Some(3), 0, &[]), 0, vec![]),
            (mark(Some(3), 1, &[(5, 2)]), 0, vec![(3, 1), (5, 2)]),
            (mark(None, 0, &[(5, 1)]), 0, vec![(5, 1)]),
            (mark(None, 1, &[]), 1, vec![]),
        ] {
            let known = Suspects::before(&found, 2);
            assert_eq!((known.preparing, known.items), (preparing, items.into_iter().collect()), "{found:?}");
        }
        assert!(Suspects::before(&mark(Some(3), 1, &[(5, 2)]), 3).items.is_empty(), "an earlier round");
    }
}
