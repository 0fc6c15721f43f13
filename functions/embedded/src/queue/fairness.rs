//! How a queue shares its receivers among message groups.

use std::str::FromStr;

/// How a queue shares its receivers among message groups (the owners of jobs).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fairness {
    /// Groups take turns, however many messages they have in flight; those that have used little time in the last minute
    /// come first. The default.
    #[default]
    Turns,
    /// As Amazon SQS documents its fair queues: messages come in order of arrival, but the messages of noisy groups
    /// wait while a quiet group has any. It shows on one machine how a stack on AWS may behave.
    NoisyGroups,
}

/// The text is not the name of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be `turns` or `noisy-groups`")]
pub struct UnknownFairness;

impl FromStr for Fairness {
    type Err = UnknownFairness;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "turns" => Ok(Self::Turns),
            "noisy-groups" => Ok(Self::NoisyGroups),
            _ => Err(UnknownFairness),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_modes_have_names() {
        assert_eq!("turns".parse(), Ok(Fairness::Turns));
        assert_eq!("noisy-groups".parse(), Ok(Fairness::NoisyGroups));
        for other in ["", "Turns", "aws", "noisy-groups "] {
            assert_eq!(other.parse::<Fairness>(), Err(UnknownFairness), "{other:?}");
        }
    }
}
