//! The items whose ids are not known: they succeeded without an output, or did not run.

use std::collections::BTreeMap;

use super::super::outcome::Outcome;
use crate::server_part::ServerPart;

/// How many items of which part have an id that is not known.
#[derive(Debug)]
pub(super) struct UnknownIds<'a> {
    parts: &'a [ServerPart],
    /// By part; `None` for items of no part in the list.
    counts: BTreeMap<Option<u32>, u64>,
    /// How many of them run, or ran, with a corrected value. Its id may be any.
    corrected: u64,
    all: u64,
}

impl<'a> UnknownIds<'a> {
    /// Without any item yet. The parts are in order.
    pub(super) fn of(parts: &'a [ServerPart]) -> UnknownIds<'a> {
        UnknownIds { parts, counts: BTreeMap::new(), corrected: 0, all: 0 }
    }

    /// Adds an item without an id.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        *self.counts.entry(self.part(outcome.index)).or_default() += 1;
        self.corrected += u64::from(outcome.correction.is_some());
        self.all += 1;
    }

    /// How many of them may have the same id as this item. The server has compared the ids of a part with each other
    /// when it was submitted, but not the ids of different parts, and not those of corrected values.
    pub(super) fn that_may_have_the_id_of(&self, outcome: &Outcome) -> u64 {
        let part = self.part(outcome.index);
        if outcome.correction.as_deref() == Some("Used") || part.is_none() {
            return self.all;
        }
        let others = self.all - self.counts.get(&part).copied().unwrap_or_default();
        others.max(self.corrected)
    }

    fn part(&self, index: u64) -> Option<u32> {
        let part = self.parts.get(self.parts.partition_point(|part| part.end() <= index))?;
        (part.first_index <= index).then_some(part.part)
    }
}
