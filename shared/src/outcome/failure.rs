//! The failure of an item.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strum::VariantArray;

use crate::limits::{ERROR_CODE_CHARS_MAX, ERROR_MESSAGE_CHARS_MAX, cut_to_chars};

/// Why an item failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
pub enum FailureKind {
    /// The processor said so.
    Permanent,
    /// The failure may be temporary, but the item was tried the maximum number of times.
    RetriesExhausted,
    /// Its downstream kept asking it to wait, for longer than the processor's patience.
    Throttled,
    /// Its downstream could not be reached for longer than the processor's patience.
    Unreachable,
    /// One call took longer than its limit.
    TimedOut,
    /// It panicked, or two workers died while it was marked.
    Crashed,
    /// Its message reached the dead-letter queue.
    DeadLettered,
}

impl FailureKind {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An item that failed for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// Its id, if the job names an `idField`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why.
    pub kind: FailureKind,
    /// The processor's short code; if there is none, the kind.
    pub code: String,
    /// A description for people.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The item, byte for byte.
    pub item: Box<RawValue>,
}

impl Failure {
    /// A failure with its texts cut to their limits.
    pub fn new(kind: FailureKind, code: &str, message: &str, attempts: u32, id: Option<String>, item: Box<RawValue>) -> Self {
        let code = if code.is_empty() { kind.to_string() } else { cut_to_chars(code, ERROR_CODE_CHARS_MAX).to_owned() };
        let message = cut_to_chars(message, ERROR_MESSAGE_CHARS_MAX).to_owned();
        Self { id, kind, code, message, attempts, item }
    }
}
