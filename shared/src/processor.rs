//! What a user of Headway writes: an [`ItemProcessor`], looked up by name in [`Processors`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::ids::{JobId, UserId};
use crate::limits::{ITEMS_PER_CHUNK_MAX, PATIENCE_DEFAULT};

/// Works on one item at a time. Items are processed at least once and counted exactly once: make the side effect
/// idempotent with [`Item::idempotency_key`].
#[async_trait]
pub trait ItemProcessor: Send + Sync {
    /// Works on one item. A panic or a call past the time limit fails that item only.
    ///
    /// # Errors
    /// [`ItemError::Retryable`] for what may pass, [`ItemError::Throttled`] if the downstream asks to wait,
    /// [`ItemError::Unreachable`] if it was not reached, [`ItemError::Permanent`] for what will not pass.
    async fn process(&self, item: Item) -> Result<Output, ItemError>;

    /// Called once a job and warm process with the job's `params`: whatever is costly to build from them, as a
    /// processor bound to them. `None` goes on with this one. An error for good, or a panic, fails the job with it, once; its
    /// items are kept for a retry. So does a call that kills its worker twice.
    ///
    /// # Errors
    /// [`ItemError::Permanent`] if the params are of no use, [`ItemError::Retryable`] for what may pass.
    fn prepare(&self, params: &RawValue) -> Result<Option<Arc<dyn ItemProcessor>>, ItemError> {
        let _ = params;
        Ok(None)
    }

    /// How items are to be run.
    fn options(&self) -> Options {
        Options::default()
    }
}

/// How a processor wants its items run.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// One line for people.
    pub description: String,
    /// The JSON Schema of the job's `params`.
    pub params_schema: serde_json::Value,
    /// Items of one worker process worked on side by side.
    pub concurrency: usize,
    /// The longest one call may take.
    pub item_timeout: Duration,
    /// How often an item is tried while its failures are retryable.
    pub attempts_max: u32,
    /// How long an item may wait in all, in one round of its job, because it was throttled or could not reach the downstream.
    /// Such waits are no attempts. After this long it fails with [`FailureKind::Throttled`](crate::outcome::FailureKind::Throttled)
    /// or [`FailureKind::Unreachable`](crate::outcome::FailureKind::Unreachable).
    pub patience: Duration,
    /// The most items in a chunk (1 to 250), or `None` to fit the size of the job.
    pub chunk_size: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            description: String::new(),
            params_schema: serde_json::json!({}),
            concurrency: 16,
            item_timeout: Duration::from_secs(30),
            attempts_max: 5,
            patience: PATIENCE_DEFAULT,
            chunk_size: None,
        }
    }
}

/// One item of a job, and what is known of it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The job it belongs to.
    pub job_id: JobId,
    /// Whose job it is.
    pub user_id: UserId,
    /// Its place in the job, from 0.
    pub index: u64,
    /// Its id, if the job names an `idField`.
    pub id: Option<String>,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The item, byte for byte as it came.
    pub value: Box<RawValue>,
    /// The job's `params`.
    pub params: Arc<RawValue>,
}

impl Item {
    /// The same on every try of the same item, `job/index`: for the side effect.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.job_id, self.index)
    }

    /// The item as a value of the processor's own type.
    ///
    /// # Errors
    /// [`ItemError::Permanent`] with code `malformed` if it is not of that shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ItemError> {
        serde_json::from_str(self.value.get()).map_err(|e| ItemError::permanent("malformed", e.to_string()))
    }
}

/// What became of an item that was processed.
#[derive(Debug, Clone, Default)]
pub enum Output {
    /// Nothing to keep.
    #[default]
    None,
    /// A JSON value, kept byte for byte for the job's results.
    Json(Box<RawValue>),
    /// There is an output that is not kept: the item is listed among the results with `outputOmitted`.
    Omitted,
}

impl Output {
    /// Keeps `value` as the item's result.
    ///
    /// # Errors
    /// [`ItemError::Permanent`] with code `output` if it cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, ItemError> {
        to_raw_value(value).map(Self::Json).map_err(|e| ItemError::permanent("output", e.to_string()))
    }
}

/// Why an item was not processed. `code` is short and stable, for grouping (64 characters kept); `message` is for
/// people (1,000 characters kept).
///
/// What is tried again, and what that costs the item:
///
/// ```
/// use std::time::Duration;
///
/// use headway_core::ItemError;
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
    /// as it is asked to, or else with growing pauses, up to [`Options::patience`]. No attempt is charged.
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
    /// pauses, up to [`Options::patience`]. No attempt is charged.
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

/// The processors a worker has, by name.
#[derive(Clone, Default)]
pub struct Processors(BTreeMap<String, Arc<dyn ItemProcessor>>);

impl Processors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `processor` under `name`; the last one of a name counts.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, processor: impl ItemProcessor + 'static) -> Self {
        self.0.insert(name.into(), Arc::new(processor));
        self
    }

    /// The processor of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn ItemProcessor>> {
        self.0.get(name)
    }

    /// What jobs can be started with, by name.
    pub fn infos(&self) -> Vec<ProcessorInfo> {
        self.0.iter().map(|(name, processor)| ProcessorInfo::new(name, &processor.options())).collect()
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A processor as callers see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessorInfo {
    /// What jobs name it by.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of `params`.
    #[serde(default = "any_params")]
    pub params_schema: serde_json::Value,
    /// The most items in a chunk.
    #[serde(default = "chunk_size_default")]
    pub chunk_size: u16,
    /// How often an item is tried.
    #[serde(default = "max_attempts_default")]
    pub max_attempts: u32,
    /// The longest one try may take, in seconds.
    #[serde(default = "item_timeout_default")]
    pub item_timeout_seconds: u64,
    /// Whether the chunk size is the processor's wish, not only the most there is.
    #[serde(skip)]
    pub chunk_size_asked: bool,
}

impl ProcessorInfo {
    /// The entry of a processor with these options.
    pub fn new(name: &str, options: &Options) -> Self {
        Self {
            name: name.to_owned(),
            description: options.description.clone(),
            params_schema: options.params_schema.clone(),
            chunk_size: options.chunk_size.unwrap_or(chunk_size_default()),
            max_attempts: options.attempts_max,
            item_timeout_seconds: options.item_timeout.as_secs(),
            chunk_size_asked: options.chunk_size.is_some(),
        }
    }
}

fn any_params() -> serde_json::Value {
    serde_json::json!({})
}

const fn chunk_size_default() -> u16 {
    ITEMS_PER_CHUNK_MAX as u16
}

fn max_attempts_default() -> u32 {
    Options::default().attempts_max
}

fn item_timeout_default() -> u64 {
    Options::default().item_timeout.as_secs()
}
