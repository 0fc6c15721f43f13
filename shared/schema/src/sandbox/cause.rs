//! Why a child was stopped, as text.

use std::fmt;
use std::sync::Arc;

use super::bounds::{COMPILE_CPU_MAX, COMPILE_WALL_MAX, HEAP_BYTES_MAX, ITEM_CPU_MAX, ITEM_WALL_MAX, STACK_BYTES};
use crate::refusal::Refusal;

/// The limit that was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Processor time.
    Time,
    /// Memory.
    Memory,
    /// The stack.
    Stack,
    /// Not known: the process ended in another way, or panicked.
    Crash,
}

/// What was stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The limit.
    pub limit: Limit,
    /// True if the item was known not to fit, and only finding the reasons took too much.
    pub unfit: bool,
}

/// Why a schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Something in it is wrong.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Refused(Arc<[Refusal]>),
    /// Compiling it takes more than allowed.
    #[error("{}", .0.of_schema())]
    LimitExceeded(LimitExceeded),
}

impl Unusable {
    /// A short text for grouping.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "schema",
            Self::LimitExceeded(exceeded) => exceeded.code(),
        }
    }

    /// What is wrong, each with its place in the schema.
    pub fn refusals(&self) -> Vec<Refusal> {
        match self {
            Self::Refused(refusals) => refusals.to_vec(),
            Self::LimitExceeded(exceeded) => vec![Refusal::new("", exceeded.of_schema())],
        }
    }
}

impl LimitExceeded {
    /// A short text for grouping.
    pub fn code(&self) -> &'static str {
        match self.limit {
            Limit::Time => "schema time",
            Limit::Memory => "schema memory",
            Limit::Stack => "schema stack",
            Limit::Crash => "schema crash",
        }
    }

    /// The text for a person, about a schema.
    pub(crate) fn of_schema(&self) -> String {
        match self.limit {
            Limit::Time => {
                let (core, clock) = (COMPILE_CPU_MAX.as_secs(), COMPILE_WALL_MAX.as_secs());
                format!("compiling the schema takes more than {core} s of processor time, or {clock} s on a busy machine")
            }
            Limit::Memory => format!("compiling the schema takes more than {} MB of memory", HEAP_BYTES_MAX >> 20),
            Limit::Stack => format!("compiling the schema takes more than {} MB of stack: its references go too deep", STACK_BYTES >> 20),
            Limit::Crash => "compiling the schema crashes the process that does it".to_owned(),
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = if self.unfit { "the item does not fit, and saying why" } else { "checking the item against the schema" };
        match self.limit {
            Limit::Time => {
                let (core, clock) = (ITEM_CPU_MAX.as_secs(), ITEM_WALL_MAX.as_secs());
                write!(f, "{doing} takes more than {core} s of processor time, or {clock} s on a busy machine")
            }
            Limit::Memory => write!(f, "{doing} takes more than {} MB of memory", HEAP_BYTES_MAX >> 20),
            Limit::Stack => write!(f, "{doing} takes more than {} MB of stack: item and schema go too deep", STACK_BYTES >> 20),
            Limit::Crash => write!(f, "{doing} crashes the process that does it"),
        }
    }
}
