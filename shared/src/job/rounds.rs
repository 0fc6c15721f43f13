//! What each round of a job came to.

/// How many rounds a job's row remembers.
pub(super) const ROUNDS_KEPT_MAX: usize = 11;

/// The counts at the end of a round, or of the current round so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundCounts {
    /// The round, from 1.
    pub round: u32,
    /// Items that had succeeded by then, in all rounds together.
    pub processed: u64,
    /// Items that failed in it.
    pub failed: u64,
    /// How many of these were corrected before the next round.
    pub corrected: u64,
}
