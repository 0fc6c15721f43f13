//! What is wrong with a schema, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// At most this many refusals of a schema are reported.
pub(crate) const REFUSALS_MAX: usize = 20;

/// One thing that is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where, as a JSON pointer into the schema. Empty for the schema itself.
    pub pointer: String,
    /// What is wrong and what to do, for people.
    pub detail: String,
}

impl Refusal {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.detail),
            pointer => write!(f, "{pointer}: {}", self.detail),
        }
    }
}
