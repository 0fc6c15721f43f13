//! Configuration from the environment.

use crate::limits::{RETENTION_DAYS_DEFAULT, RETENTION_DAYS_RANGE};

/// The table's name.
pub const HEADWAY_TABLE: &str = "HEADWAY_TABLE";
/// The queue's URL.
pub const HEADWAY_QUEUE_URL: &str = "HEADWAY_QUEUE_URL";
/// The ARN of the dead-letter queue, by which the worker recognises its messages.
pub const HEADWAY_DEAD_LETTER_QUEUE_ARN: &str = "HEADWAY_DEAD_LETTER_QUEUE_ARN";
/// How long ended jobs are kept, in days.
pub const HEADWAY_RETENTION_DAYS: &str = "HEADWAY_RETENTION_DAYS";
/// How metrics are reported to operators: `emf`, or not at all.
pub const HEADWAY_METRICS: &str = "HEADWAY_METRICS";
/// The log filter, in the syntax of `tracing-subscriber`.
pub const HEADWAY_LOG: &str = "HEADWAY_LOG";

/// A variable that is missing or not valid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// It has to be set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// Its value is not valid.
    #[error("{name} is {value:?}: {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: String,
    },
}

/// The variable's value, if it is set and not empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value.
///
/// # Errors
/// [`ConfigError::Missing`].
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// True if the environment names a table. Otherwise the embedded table and queue are used, where they are built in.
pub fn names_aws() -> bool {
    optional(HEADWAY_TABLE).is_some()
}

/// How long ended jobs are kept, in days, 1 to 365.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn retention_days() -> Result<u16, ConfigError> {
    let Some(value) = optional(HEADWAY_RETENTION_DAYS) else { return Ok(RETENTION_DAYS_DEFAULT) };
    let days = value.parse().ok().filter(|days| RETENTION_DAYS_RANGE.contains(days));
    days.ok_or_else(|| ConfigError::Invalid { name: HEADWAY_RETENTION_DAYS, value, expected: "a whole number from 1 to 365".to_owned() })
}
