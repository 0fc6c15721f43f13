//! Seeds whose histories once broke an invariant, with what was wrong. They mean something only while the histories are
//! generated as they were then: whoever changes that empties the list.

/// A seed, and what it found.
pub(crate) const SEEDS: &[(u64, &str)] = &[];
