//! Events for the worker function, in files, made from the example of the repository.

use std::fs;

use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempPath};

use crate::watch::root;

/// The example as it is: a chunk of a job that there is not.
pub(crate) const SQS_CHUNK: &str = "examples/events/sqs-chunk.json";
/// What the schedule sends.
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

/// A message of that text, which nobody here has sent.
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
