//! Seeds whose histories violated an invariant, with the cause. They are useful only while histories are generated as
//! they were then: if you change that, empty the list.

/// A seed, and what it found.
pub(crate) const SEEDS: &[(u64, &str)] = &[];
