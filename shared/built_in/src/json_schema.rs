//! `json-schema`: checks each item against a JSON Schema, and converts text to types.

use std::time::Duration;

use headway_processor::limits::ITEMS_PER_CHUNK_MAX;
use headway_processor::{ItemError, Options, RawValue};
use serde::Deserialize;

/// The name that jobs use.
pub const NAME: &str = "json-schema";

/// A call has all items of a chunk: each item by itself would cost more than its check.
const BATCH: u16 = ITEMS_PER_CHUNK_MAX as u16;
/// How many calls of a job are made at a time, so that no child process waits for the next one.
const CONCURRENCY: usize = 4;
/// An item is limited by the processor time that it takes, and on a busy machine that may take long. A call ends in time all the
/// same: items that have waited for 15 s are returned.
const ITEM_TIMEOUT: Duration = Duration::from_secs(120);

/// The `params` of a job: `{"schema": …, "text": false}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The JSON Schema.
    pub schema: Box<RawValue>,
    /// True if all values are text, as from CSV.
    #[serde(default)]
    pub text: bool,
}

impl Params {
    /// Reads the params of a job.
    ///
    /// # Errors
    ///
    /// [`ItemError::Permanent`] if they are anything else.
    pub fn read(params: &RawValue) -> Result<Self, ItemError> {
        serde_json::from_str(params.get())
            .map_err(|e| ItemError::permanent("params", format!("params must be {{\"schema\": …, \"text\": false}}: {e}")))
    }
}

/// Its options.
pub fn options() -> Options {
    Options {
        description: "Checks each item against a JSON Schema and outputs it, with text turned into types if asked to".to_owned(),
        params_schema: serde_json::json!({
            "type": "object",
            "required": ["schema"],
            "properties": {
                "schema": {
                    "type": ["object", "boolean"],
                    "description": "A JSON Schema of draft 4 to 2020-12; references stay within it"
                },
                "text": {
                    "type": "boolean",
                    "default": false,
                    "description": "All values are text, as from CSV: turn them into the types that the schema asks for"
                }
            },
            "additionalProperties": false
        }),
        batch: BATCH,
        concurrency: CONCURRENCY,
        // The children compute; calls wait for them.
        own_thread: false,
        item_timeout: ITEM_TIMEOUT,
        ..Options::default()
    }
}
