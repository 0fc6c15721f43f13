//! How many failures a job tolerates.

use crate::percentage::Percentage;

/// How many failures a job tolerates before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToleratedFailures {
    /// The job fails when more than this many items have failed.
    Count(u64),
    /// The job fails when more than this percentage of its items has failed.
    Percentage {
        /// Of all items. Only checked once the job is sealed.
        percentage: Percentage,
        /// If given, also of the handled items, as soon as there are this many.
        minimum_sample: Option<u64>,
    },
}

impl Default for ToleratedFailures {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl ToleratedFailures {
    /// True if `failed` items are too many, given how many are `handled` (processed or failed) and how many the job has
    /// in `total` (`None` until it is sealed).
    pub fn exceeded(&self, failed: u64, handled: u64, total: Option<u64>) -> bool {
        match *self {
            Self::Count(count) => failed > count,
            Self::Percentage { percentage, minimum_sample } => {
                let over = |of: u64| percentage.is_exceeded_by(failed, of);
                total.is_some_and(over) || minimum_sample.is_some_and(|least| handled >= least && over(handled))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerance_is_checked_as_promised() {
        let percent = |minimum_sample| ToleratedFailures::Percentage { percentage: "10".parse().unwrap(), minimum_sample };
        assert!(!ToleratedFailures::Count(2).exceeded(2, 5, None) && ToleratedFailures::Count(2).exceeded(3, 5, None));
        assert!(!percent(None).exceeded(50, 50, None), "an open job has no total to take a share of");
        assert!(!percent(None).exceeded(10, 50, Some(100)) && percent(None).exceeded(11, 50, Some(100)));
        assert!(!percent(Some(20)).exceeded(3, 19, Some(1_000)) && percent(Some(20)).exceeded(3, 20, None));
    }
}
