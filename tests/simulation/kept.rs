//! Seeds whose histories once broke an invariant, with what was wrong. They mean something only while the histories are
//! generated as they were then: whoever changes that empties the list.

/// A seed, and what it found.
pub(crate) const SEEDS: &[(u64, &str)] = &[
    (157_486, "the auditor took the same clear, put by two at once, for two clears"),
    (174_382, "the auditor did not wait for the end of a job that was paused and sealed days later"),
    (614_527, "the auditor took a mark for set whose write was struck before it happened"),
    (850_579, "the auditor took a key for used whose job was being forgotten"),
];
