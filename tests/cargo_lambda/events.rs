//! Events for the worker function, in files, made from the repository's example.

use std::fs;

use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempPath};

use crate::watch::root;

/// The example unchanged: a chunk of a job that does not exist.
pub(crate) const SQS_CHUNK: &str = "examples/events/sqs-chunk.json";
/// The event of the schedule.
pub(crate) const SCHEDULE: &str = "examples/events/schedule.json";

/// The example's message, for this chunk of this job.
pub(crate) fn chunk(job: &str, number: u16, first_index: u64, items: &[Value]) -> TempPath {
    let mut event = example();
    let mut message: Value = serde_json::from_str(event["Records"][0]["body"].as_str().unwrap()).unwrap();
    message["job"] = json!(job);
    message["chunk"] = json!(number);
    message["n"] = json!(items.len());
    message["first"] = json!(first_index);
    message["items"] = json!(items);
    event["Records"][0]["body"] = json!(message.to_string());
    file(&event)
}

/// A message with that text, which Headway did not send.
pub(crate) fn foreign(body: &str, message_id: &str) -> TempPath {
    let mut event = example();
    event["Records"][0]["body"] = json!(body);
    event["Records"][0]["messageId"] = json!(message_id);
    file(&event)
}

fn example() -> Value {
    serde_json::from_slice(&fs::read(root().join(SQS_CHUNK)).unwrap()).unwrap()
}

fn file(event: &Value) -> TempPath {
    let path = NamedTempFile::new().unwrap().into_temp_path();
    fs::write(&path, event.to_string()).unwrap();
    path
}
