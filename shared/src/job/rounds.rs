//! What each round of a job came to.

/// How many rounds are shown: one more than callers see, since what succeeded before the first of these must be known.
const ROUNDS_SHOWN: u32 = 11;

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

impl RoundCounts {
    /// True if they are among the last rounds of a job that is, or was, in this round.
    pub fn is_shown_in(&self, round: u32) -> bool {
        (self.round..self.round.saturating_add(ROUNDS_SHOWN)).contains(&round)
    }
}
