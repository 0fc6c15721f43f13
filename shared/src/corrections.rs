//! The corrections of a chunk: new values for failed items. They are kept beside the chunk's outcome, and a retry uses
//! them in place of the values that failed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use strum::VariantArray;

use crate::ids::ChunkId;

/// New values of items, by their indexes in the job.
pub type Values = BTreeMap<u64, Box<RawValue>>;

/// The corrections row of a chunk, written under a version.
#[derive(Debug, Clone)]
pub struct Corrections {
    /// The chunk.
    pub id: ChunkId,
    /// One more with each write; 0 before the first.
    pub version: u64,
    /// The round whose failures are corrected.
    pub round: u32,
    /// The new values of these failures.
    pub values: Values,
    /// Items whose new values were used by the retries of earlier rounds.
    pub earlier: BTreeSet<u64>,
}

/// Whether a new value has been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum CorrectionUse {
    /// The next retry runs it.
    Waiting,
    /// A retry has used it: the item's outcome, if it has one, is that of the new value.
    Used,
}

impl CorrectionUse {
    /// Both.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}

impl Corrections {
    /// Without any value yet.
    pub fn new(id: ChunkId) -> Self {
        Self { id, version: 0, round: 0, values: Values::new(), earlier: BTreeSet::new() }
    }

    /// Adds new values for failures of `round`. The last value of an item counts. Of an earlier round only the items are
    /// kept, since its values were used by a retry. Returns whether anything changed.
    pub fn add(&mut self, round: u32, values: &Values) -> bool {
        if self.round > round {
            return false;
        }
        let is_known = |index: &u64, value: &RawValue| self.values.get(index).is_some_and(|known| known.get() == value.get());
        if self.round == round && values.iter().all(|(index, value)| is_known(index, value)) {
            return false;
        }
        if self.round < round {
            self.earlier.extend(self.values.keys());
            (self.round, self.values) = (round, Values::new());
        }
        self.values.extend(values.iter().map(|(index, value)| (*index, value.clone())));
        true
    }

    /// How many bytes the row has, about: values, and what each adds.
    pub fn bytes(&self) -> usize {
        self.values.values().map(|value| value.get().len() + 20).sum()
    }

    /// The items with new values, for a job in `round`.
    pub fn uses(&self, round: u32) -> BTreeMap<u64, CorrectionUse> {
        let now = if self.round < round { CorrectionUse::Used } else { CorrectionUse::Waiting };
        let earlier = self.earlier.iter().map(|index| (*index, CorrectionUse::Used));
        earlier.chain(self.values.keys().map(|index| (*index, now))).collect()
    }

    /// How many failures of `round` are corrected.
    pub fn count_in(&self, round: u32) -> u32 {
        if self.round == round { self.values.len() as u32 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobId;

    fn values(of: &[(u64, &str)]) -> Values {
        of.iter().map(|(index, text)| (*index, RawValue::from_string((*text).to_owned()).unwrap())).collect()
    }

    fn shown(corrections: &Corrections) -> Vec<(u64, &str)> {
        corrections.values.iter().map(|(index, value)| (*index, value.get())).collect()
    }

    #[test]
    fn the_last_value_of_the_latest_round_counts() {
        let mut row = Corrections::new(ChunkId { job: JobId(uuid::Uuid::nil()), part: 0, chunk: 0 });
        assert!(row.add(1, &values(&[(3, "1"), (4, "2")])) && row.add(1, &values(&[(3, "5")])));
        assert!(!row.add(1, &values(&[(3, "5")])), "a repeated request changes nothing");
        assert_eq!((shown(&row), row.count_in(1)), (vec![(3, "5"), (4, "2")], 2));
        assert!(row.add(2, &values(&[(4, "7")])));
        assert_eq!((shown(&row), row.count_in(1), row.count_in(2)), (vec![(4, "7")], 0, 1), "round 1 is over");
        assert_eq!(row.uses(2), [(3, CorrectionUse::Used), (4, CorrectionUse::Waiting)].into());
        assert_eq!(row.uses(3), [(3, CorrectionUse::Used), (4, CorrectionUse::Used)].into());
        assert!(!row.add(1, &values(&[(3, "9")])), "a late request for round 1");
    }
}
