//! How a processor wants its items run.

use std::time::Duration;

use crate::limits::PATIENCE_DEFAULT;

/// How a processor wants its items run.
///
/// ```
/// use std::time::Duration;
///
/// use headway_processor::Options;
///
/// // A slow service that takes few calls at once. Everything else keeps its default.
/// let options = Options {
///     description: "Sends each member to the CRM".to_owned(),
///     concurrency: 4,
///     item_timeout: Duration::from_secs(60),
///     ..Options::default()
/// };
/// assert_eq!((options.attempts_max, options.chunk_size), (5, None));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// One line for people.
    pub description: String,
    /// The JSON Schema of the job's `params`.
    pub params_schema: serde_json::Value,
    /// The most items in one call, 1 to 250. With 1, the default, [`process`](crate::ItemProcessor::process) is called with
    /// each item. With more, [`process_many`](crate::ItemProcessor::process_many) is called instead, always. A call never
    /// holds items of two chunks, so small jobs, which have small chunks, have smaller calls; see [`Self::chunk_size`].
    pub batch: u16,
    /// How many calls one worker process makes at a time for one job: with a [`batch`](Self::batch), so many batches. A process
    /// may run ten jobs or more at a time, and each has as many calls.
    pub concurrency: usize,
    /// The longest one call may take: of `process` for its item, of `process_many` for all of its items together. It is not
    /// multiplied by the number of items.
    pub item_timeout: Duration,
    /// The most attempts for an item whose failures are retryable.
    pub attempts_max: u32,
    /// How long in all an item may wait, in one round of its job, because it was throttled or could not reach the
    /// downstream. Such waits are not attempts. After that it fails as throttled or unreachable, with the last error.
    pub patience: Duration,
    /// What its items wait for when they are throttled or cannot reach their downstream, as people call it: the name of an
    /// endpoint, for example. `None` for the processor's own name.
    pub limit: Option<String>,
    /// True if each call gets its own thread, so that a call that computes or blocks delays no other. `false` is for a
    /// processor whose calls only wait: it saves some microseconds for each item, and a thread for each running call.
    pub own_thread: bool,
    /// The maximum number of items in a chunk (1 to 250), or `None` to fit the size of the job.
    pub chunk_size: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            description: String::new(),
            params_schema: serde_json::json!({}),
            batch: 1,
            concurrency: 16,
            item_timeout: Duration::from_secs(30),
            attempts_max: 5,
            patience: PATIENCE_DEFAULT,
            limit: None,
            own_thread: true,
            chunk_size: None,
        }
    }
}
