//! The document that is sent.

use std::time::Duration;

use headway_core::limits::{CALL_BYTES_MAX, ID_CHARS_MAX, ITEMS_PER_CHUNK_MAX, OUTPUT_BYTES_MAX, PARAMS_BYTES_MAX};
use headway_core::{Item, JobId};
use serde::Serialize;
use serde_json::value::RawValue;

use super::answer;

/// The largest document that is sent.
pub(crate) const BYTES_MAX: usize = 2_500_000;

/// What the document adds to an item: the names of its members, its key, and its id, whose characters have six bytes if they
/// are escaped.
const ITEM_FRAME_BYTES_MAX: usize = 200 + 6 * ID_CHARS_MAX;
const _: () = assert!(
    CALL_BYTES_MAX + ITEMS_PER_CHUNK_MAX * ITEM_FRAME_BYTES_MAX + PARAMS_BYTES_MAX + 1_000 <= BYTES_MAX,
    "every call fits in a document"
);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: &'static str,
    version: u32,
    batch: &'a str,
    job: JobId,
    round: u32,
    processor: &'a str,
    params: &'a RawValue,
    limits: Limits,
    items: Vec<DocumentItem<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    seconds: u64,
    output_bytes: usize,
    answer_bytes: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentItem<'a> {
    index: u64,
    id: Option<&'a str>,
    attempt: u32,
    idempotency_key: String,
    item: &'a RawValue,
}

impl<'a> DocumentItem<'a> {
    fn of(item: &'a Item) -> Self {
        Self {
            index: item.index,
            id: item.id.as_deref(),
            attempt: item.attempt,
            idempotency_key: item.idempotency_key(),
            item: &item.value,
        }
    }
}

/// The document with these items, which are all of one job and one round. Items and params are written byte for byte.
///
/// # Errors
/// There are no items, or they cannot be written.
pub(crate) fn write(
    batch: &str,
    processor: &str,
    items: &[Item],
    timeout: Duration,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let first = items.first().ok_or("a batch without items")?;
    Ok(serde_json::to_string(&Document {
        r#type: "headway.batch",
        version: 1,
        batch,
        job: first.job_id,
        round: first.round,
        processor,
        params: &first.params,
        limits: Limits { seconds: timeout.as_secs(), output_bytes: OUTPUT_BYTES_MAX, answer_bytes: answer::BYTES_MAX },
        items: items.iter().map(DocumentItem::of).collect(),
    })?)
}
