//! Why an item was not processed.

use std::time::Duration;

/// Why an item was not processed. `code` is short and stable, for grouping (64 characters kept); `message` is for
/// people (1,000 characters kept).
///
/// What is tried again, and what that costs the item:
///
/// ```
/// use std::time::Duration;
///
/// use headway_processor::ItemError;
///
/// fn of_answer(status: Option<u16>, retry_after: Option<Duration>) -> Result<(), ItemError> {
///     match status {
///         Some(200..=299) => Ok(()),
///         // Waits, as long as it is asked to; no attempt is charged.
///         Some(429) => Err(ItemError::throttled("http 429", "too many requests", retry_after)),
///         // The endpoint took the item and failed: that is an attempt.
///         Some(500..=599) => Err(ItemError::retryable("http 5xx", "the endpoint failed")),
///         // No connection was opened, so nothing was sent: the item waits, and no attempt is charged.
///         None => Err(ItemError::unreachable("connection refused")),
///         // Trying again would not help.
///         Some(status) => Err(ItemError::permanent(format!("http {status}"), "refused")),
///     }
/// }
///
/// assert!(matches!(of_answer(None, None), Err(ItemError::Unreachable { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// It may pass: the item is tried again, up to `attempts_max`. Each try is charged.
    #[error("{message}")]
    Retryable {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
        /// The least wait before the next try.
        retry_after: Option<Duration>,
    },
    /// The downstream takes no more for now and asks to wait, whatever the item: HTTP's 429, a queue that is full. Not
    /// for a single item that is busy: what is throttled is whoever uses the same downstream. The item waits at least as long
    /// as it is asked to, or else with growing pauses, up to [`Options::patience`](crate::Options::patience). No attempt is charged.
    #[error("{message}")]
    Throttled {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
        /// How long the downstream asks to wait, if it says so.
        after: Option<Duration>,
    },
    /// No connection to the downstream could be opened, so that it has not seen the item. The item waits with growing
    /// pauses, up to [`Options::patience`](crate::Options::patience). No attempt is charged.
    #[error("{message}")]
    Unreachable {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
    },
    /// It will not pass.
    #[error("{message}")]
    Permanent {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
    },
}

impl ItemError {
    /// The code of [`ItemError::unreachable`].
    pub const UNREACHABLE: &str = "unreachable";

    /// A failure that may pass.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retryable { code: code.into(), message: message.into(), retry_after: None }
    }

    /// No connection to the downstream could be opened, so that it has not seen the item; with the code
    /// [`Self::UNREACHABLE`].
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::Unreachable { code: Self::UNREACHABLE.to_owned(), message: message.into() }
    }

    /// The downstream asks to wait, for `after` if it says how long.
    pub fn throttled(code: impl Into<String>, message: impl Into<String>, after: Option<Duration>) -> Self {
        Self::Throttled { code: code.into(), message: message.into(), after }
    }

    /// A failure for good.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Permanent { code: code.into(), message: message.into() }
    }
}
