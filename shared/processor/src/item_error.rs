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
    /// The failure may be temporary: the item is tried again, up to `attempts_max`. Each attempt is charged.
    #[error("{message}")]
    Retryable {
        /// Short text for grouping; may be empty.
        code: String,
        /// A description for people.
        message: String,
        /// The shortest wait before the next attempt.
        retry_after: Option<Duration>,
    },
    /// The downstream accepts no items for now and asks to wait, whatever the item: for example HTTP's 429, or a queue
    /// that is full. Do not use it for a single busy item: it slows down everything that uses the same downstream. The
    /// item waits at least as long as asked, otherwise with growing pauses, up to
    /// [`Options::patience`](crate::Options::patience). No attempt is charged.
    #[error("{message}")]
    Throttled {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
        /// How long the downstream asks to wait, if it says so.
        after: Option<Duration>,
    },
    /// No connection to the downstream could be opened, so it has not seen the item. The item waits with growing
    /// pauses, up to [`Options::patience`](crate::Options::patience). No attempt is charged.
    #[error("{message}")]
    Unreachable {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
    },
    /// The call has no result for this item, and it is not known whether the item is to blame: for example because the whole
    /// call failed, or its answer left the item out. It is run again in a call of at most half as many items, until the
    /// culprit is alone. No attempt is charged. For an item that was alone in its call it means the same as
    /// [`Self::Retryable`].
    #[error("{message}")]
    NoResult {
        /// Short text for grouping; may be empty.
        code: String,
        /// For people.
        message: String,
        /// The shortest wait before the next call.
        retry_after: Option<Duration>,
    },
    /// Trying again would not help.
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

    /// A failure that may be temporary.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retryable { code: code.into(), message: message.into(), retry_after: None }
    }

    /// No connection to the downstream could be opened, so it has not seen the item. The code is [`Self::UNREACHABLE`].
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::Unreachable { code: Self::UNREACHABLE.to_owned(), message: message.into() }
    }

    /// The downstream asks to wait; for `after`, if it says how long.
    pub fn throttled(code: impl Into<String>, message: impl Into<String>, after: Option<Duration>) -> Self {
        Self::Throttled { code: code.into(), message: message.into(), after }
    }

    /// The call has no result for this item.
    pub fn no_result(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::NoResult { code: code.into(), message: message.into(), retry_after: None }
    }

    /// A permanent failure.
    pub fn permanent(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Permanent { code: code.into(), message: message.into() }
    }
}
