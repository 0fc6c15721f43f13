//! The ids of jobs and owners.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::ID_CHARS_MAX;

/// A job's id: a UUID v4, always random and never derived from anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub Uuid);

impl JobId {
    /// Reads an id: a UUID in lower case with hyphens, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        (id.to_string() == text).then_some(Self(id))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The owner of jobs: the value of the owner claim, 1 to 128 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(String);

impl UserId {
    /// `None` if it is empty or longer than 128 characters.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (1..=ID_CHARS_MAX).contains(&text.chars().count()).then_some(Self(text))
    }

    /// The owner of [`Item::example`](crate::Item::example).
    pub(crate) fn example() -> Self {
        Self("example".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
