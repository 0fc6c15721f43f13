//! The queue in Amazon SQS. A batch may be answered with 200 although some entries were refused. Those are sent again,
//! until the queue has accepted every one.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use self::group::group_of;
use self::pack::{delay_seconds, pack};
use crate::calls::{ATTEMPTS_MAX, back_off, unavailable};
use headway_core::error::JobError;
use headway_core::ids::UserId;
use headway_core::queue::{ChunkQueue, Outgoing};

mod group;
mod pack;

const SEND: &str = "the queue: SendMessageBatch";
/// How many batches are sent at the same time.
const BATCHES_SIDE_BY_SIDE: usize = 4;

/// A queue in SQS. Whole calls are retried by the client, as it is configured.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    queue_url: String,
}

impl SqsQueue {
    /// The queue at this URL.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    /// Sends a batch until every entry of it is accepted.
    async fn send_batch(&self, group: &str, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let mut left = entries(group, messages)?;
        let mut refusal = String::new();
        for attempt in 1..=ATTEMPTS_MAX {
            let request = self.client.send_message_batch().queue_url(&self.queue_url).set_entries(Some(left.clone()));
            let answer = request.send().await.map_err(|error| unavailable(SEND, error))?;
            if let Some(fault) = answer.failed().iter().find(|failed| failed.sender_fault()) {
                return Err(JobError::unavailable(SEND, told(fault)));
            }
            refusal = answer.failed().first().map(told).unwrap_or(refusal);
            // An entry is done only if the answer says so. An entry that the answer does not mention is sent again.
            left.retain(|entry| !answer.successful().iter().any(|accepted| accepted.id() == entry.id()));
            if left.is_empty() {
                return Ok(());
            }
            back_off(attempt).await;
        }
        Err(JobError::unavailable(SEND, format!("{} entries are still refused: {refusal}", left.len())))
    }
}

#[async_trait]
impl ChunkQueue for SqsQueue {
    async fn send(&self, group: &UserId, messages: Vec<Outgoing>) -> Result<(), JobError> {
        let group = group_of(group);
        let batches = pack(messages.iter().map(|message| message.body.len()));
        let mut messages = messages.into_iter();
        let sends = batches.into_iter().map(|batch| self.send_batch(&group, messages.by_ref().take(batch.len()).collect()));
        // Collected first: a lazy iterator of futures over a borrowed group is not Send.
        let sends: Vec<_> = sends.collect();
        stream::iter(sends).buffer_unordered(BATCHES_SIDE_BY_SIDE).try_collect().await
    }
}

/// The entries; each is named by its place in the batch.
fn entries(group: &str, messages: Vec<Outgoing>) -> Result<Vec<SendMessageBatchRequestEntry>, JobError> {
    let entry = |(place, message): (usize, Outgoing)| {
        SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(message.body)
            .message_group_id(group)
            .set_delay_seconds(delay_seconds(message.delay))
            .build()
    };
    let entries: Result<_, _> = messages.into_iter().enumerate().map(entry).collect();
    entries.map_err(|error| JobError::unavailable(SEND, error))
}

/// SQS's reason for refusing an entry; never the entry's text.
fn told(failed: &BatchResultErrorEntry) -> String {
    format!("{}: {}", failed.code(), failed.message().unwrap_or("no message"))
}
