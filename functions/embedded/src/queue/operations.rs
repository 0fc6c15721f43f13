//! SQS's operations: each checks its request and calls the store.

use std::{collections::BTreeSet, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    address::QueueAddress,
    attributes::{Attributes, MESSAGE_BYTES_MAX, Queue},
    fault::{Fault, Kind},
    handle::Handle,
    queues::Queues,
    receive::forget_expired,
    receive_request::ReceiveRequest,
    send::{self, Outgoing},
    settle,
    wire::{
        BatchOutcome, CreateQueue, EntryBatch, EntryFailure, GetQueueAttributes, GetQueueUrl, MessageOut, Messages, Nothing,
        QueueAttributes, QueueUrl, Receipt, ReceiveMessage, RequestMessage, Sent, Success,
    },
};
use crate::durability::Access;

const ENTRIES_MAX: usize = 10;
const VISIBILITY_SECONDS: std::ops::RangeInclusive<i64> = 0..=43_200;

/// Does what a request asks for and returns the JSON answer.
///
/// # Errors
///
/// The error that SQS would give.
pub(super) async fn dispatch(queues: &Queues, operation: &str, body: &[u8]) -> Result<Vec<u8>, Fault> {
    match operation {
        "CreateQueue" => json(&create_queue(queues, read(body)?).await?),
        "GetQueueUrl" => json(&get_queue_url(queues, read(body)?).await?),
        "GetQueueAttributes" => json(&get_queue_attributes(queues, read(body)?).await?),
        "SendMessage" => json(&send_message(queues, read(body)?).await?),
        "SendMessageBatch" => json(&send_message_batch(queues, read(body)?).await?),
        "ReceiveMessage" => json(&receive_message(queues, read(body)?).await?),
        "DeleteMessage" => json(&delete_message(queues, read(body)?).await?),
        "DeleteMessageBatch" => json(&delete_message_batch(queues, read(body)?).await?),
        "ChangeMessageVisibility" => json(&change_message_visibility(queues, read(body)?).await?),
        _ => {
            let words = format!("the embedded queue does not offer {operation}");
            Err(Fault::new(Kind::UnsupportedOperation, words))
        }
    }
}

fn read<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, Fault> {
    serde_json::from_slice(body).map_err(|cause| Fault::value(format!("the request cannot be read: {cause}")))
}

fn json<R: Serialize>(answer: &R) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(answer).map_err(|cause| Fault::internal(cause.to_string()))
}

fn name_in(queue_url: &str) -> String {
    queue_url.rsplit('/').next().unwrap_or_default().to_owned()
}

impl Queues {
    /// The queue with this name.
    ///
    /// # Errors
    /// `QueueDoesNotExist`.
    pub(crate) async fn find(&self, name: &str) -> Result<Queue, Fault> {
        let name = name.to_owned();
        self.run(Access::Look, move |store| store.queue(&name)).await
    }

    /// Makes a message invisible for this long from now.
    ///
    /// # Errors
    ///
    /// What SQS says if it is gone, was received again, or is visible already.
    pub(crate) async fn change_visibility(&self, handle: Handle, invisible: Duration) -> Result<(), Fault> {
        let ms = u64::try_from(invisible.as_millis()).unwrap_or(u64::MAX / 2);
        self.run(Access::WriteWithoutSync, move |store| store.work(|work| settle::change_visibility(work, &handle, ms))).await
    }

    /// Deletes the messages of these handles.
    ///
    /// # Errors
    ///
    /// If the store is not available.
    pub(crate) async fn delete(&self, handles: Vec<Handle>) -> Result<(), Fault> {
        self.run(Access::WriteWithoutSync, move |store| {
            store.work(|work| {
                for handle in &handles {
                    settle::delete(work, handle)?;
                }
                Ok(())
            })
        })
        .await
    }
}

async fn create_queue(queues: &Queues, request: CreateQueue) -> Result<QueueUrl, Fault> {
    let name = request.queue_name;
    check_name(&name)?;
    let attributes = Attributes::default().with(&request.attributes)?;
    let queue_url = QueueAddress::of(&name).url;
    queues.run(Access::Write, move |store| store.create(&name, &attributes, false)).await?;
    Ok(QueueUrl { queue_url })
}

/// Checks a queue's name.
///
/// # Errors
///
/// If it is not a valid name, or is a FIFO queue's.
pub(crate) fn check_name(name: &str) -> Result<(), Fault> {
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=80).contains(&name.len()) && name.bytes().all(is_right) {
        return Ok(());
    }
    Err(Fault::value(format!(
        "a queue's name is 1 to 80 letters, digits, hyphens and underscores, not {name:?}; FIFO queues are not offered"
    )))
}

async fn get_queue_url(queues: &Queues, request: GetQueueUrl) -> Result<QueueUrl, Fault> {
    let queue = queues.find(&request.queue_name).await?;
    Ok(QueueUrl { queue_url: QueueAddress::of(&queue.name).url })
}

async fn get_queue_attributes(queues: &Queues, request: GetQueueAttributes) -> Result<QueueAttributes, Fault> {
    let name = name_in(&request.queue_url);
    let (queue, census) = queues
        .run(Access::WriteWithoutSync, move |store| {
            let queue = store.queue(&name)?;
            store.work(|work| Ok(forget_expired(work, &queue)?))?;
            let census = store.look(|connection, now_ms| settle::count(connection, queue.id, now_ms))?;
            Ok((queue, census))
        })
        .await?;
    let mut attributes = queue.described(census);
    let asked = request.attribute_names;
    if let Some(unknown) = asked.iter().find(|name| *name != "All" && *name != "RedrivePolicy" && !attributes.contains_key(name.as_str())) {
        let words = format!("the embedded queue does not know the attribute {unknown}");
        return Err(Fault::new(Kind::InvalidAttributeName, words));
    }
    attributes.retain(|name, _| asked.iter().any(|one| one == "All" || one == name));
    Ok(QueueAttributes { attributes })
}

async fn send_message(queues: &Queues, mut request: RequestMessage) -> Result<Sent, Fault> {
    let queue_url = std::mem::take(&mut request.queue_url);
    let bytes = request.message_body.len() as u64;
    let outgoing = checked(request)?;
    let sent = Sent { md5: outgoing.md5.clone(), message_id: outgoing.message_id.to_string() };
    let name = name_in(&queue_url);
    queues
        .run(Access::Write, move |store| {
            let queue = store.queue(&name)?;
            check_length(&queue, bytes)?;
            store.work(|work| send::send(work, &queue, &[outgoing]))
        })
        .await?;
    Ok(sent)
}

async fn send_message_batch(queues: &Queues, request: EntryBatch<RequestMessage>) -> Result<BatchOutcome<Sent>, Fault> {
    check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let bytes: usize = request.entries.iter().map(|entry| entry.message_body.len()).sum();
    if bytes as u64 > MESSAGE_BYTES_MAX {
        let words = format!("a batch may hold {MESSAGE_BYTES_MAX} bytes, this one holds {bytes}");
        return Err(Fault::new(Kind::BatchRequestTooLong, words));
    }
    let (mut accepted, mut failed) = (Vec::new(), Vec::new());
    for mut entry in request.entries {
        let id = std::mem::take(&mut entry.id);
        match checked(entry) {
            Ok(outgoing) => accepted.push((id, outgoing)),
            Err(fault) => failed.push(EntryFailure::new(id, &fault)),
        }
    }
    let name = name_in(&request.queue_url);
    let (successful, too_long) = queues
        .run(Access::Write, move |store| {
            let queue = store.queue(&name)?;
            let (ids, outgoing, too_long) = by_length(&queue, accepted);
            store.work(|work| send::send(work, &queue, &outgoing))?;
            let sent = outgoing.into_iter().map(|message| Sent { md5: message.md5, message_id: message.message_id.to_string() });
            let successful = ids.into_iter().zip(sent).map(|(id, detail)| Success { id, detail });
            Ok((successful.collect(), too_long))
        })
        .await?;
    failed.extend(too_long);
    Ok(BatchOutcome { successful, failed })
}

type Sorted = (Vec<String>, Vec<Outgoing>, Vec<EntryFailure>);

fn by_length(queue: &Queue, messages: Vec<(String, Outgoing)>) -> Sorted {
    let mut sorted: Sorted = Sorted::default();
    for (id, message) in messages {
        match check_length(queue, message.body.len() as u64) {
            Ok(()) => {
                sorted.0.push(id);
                sorted.1.push(message);
            }
            Err(fault) => sorted.2.push(EntryFailure::new(id, &fault)),
        }
    }
    sorted
}

fn checked(message: RequestMessage) -> Result<Outgoing, Fault> {
    let has_attributes =
        [&message.message_attributes, &message.message_system_attributes].into_iter().flatten().any(|attributes| !attributes.is_empty());
    if has_attributes {
        let words = "the embedded queue keeps no message attributes: put what is needed into the body";
        return Err(Fault::new(Kind::UnsupportedOperation, words));
    }
    if message.message_deduplication_id.is_some() {
        return Err(Fault::value("MessageDeduplicationId is for FIFO queues, this one is not"));
    }
    Outgoing::new(message.message_body, message.message_group_id, message.delay_seconds)
}

fn check_length(queue: &Queue, bytes: u64) -> Result<(), Fault> {
    let bytes_max = queue.attributes.message_bytes_max;
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Fault::value(format!("One or more parameters are invalid. Reason: Message must be shorter than {bytes_max} bytes.")))
}

async fn receive_message(queues: &Queues, request: ReceiveMessage) -> Result<Messages, Fault> {
    let queue = queues.find(&name_in(&request.queue_url)).await?;
    let messages_max = within(request.max_number_of_messages.unwrap_or(1), 1..=10, "MaxNumberOfMessages")?;
    let visibility = request.visibility_timeout.map(|seconds| within(seconds, VISIBILITY_SECONDS, "VisibilityTimeout")).transpose()?;
    let wait = match request.wait_time_seconds {
        Some(seconds) => Duration::from_secs(within(seconds, 0..=20, "WaitTimeSeconds")?),
        None => Duration::from_millis(queue.attributes.wait_ms),
    };
    let wanted = ReceiveRequest {
        queue: queue.id,
        messages_max: usize::try_from(messages_max).unwrap_or(ENTRIES_MAX),
        bytes_max: u64::MAX,
        visibility_ms: visibility.map(|seconds| seconds * 1000),
        of_one_group: false,
        groups_left_out: Vec::new(),
    };
    let received = queues.receive(&wanted, wait).await?;
    let mut asked = request.attribute_names;
    asked.extend(request.message_system_attribute_names);
    Ok(Messages { messages: received.into_iter().map(|message| MessageOut::new(message, &asked)).collect() })
}

fn within(number: i64, range: std::ops::RangeInclusive<i64>, name: &str) -> Result<u64, Fault> {
    if range.contains(&number) {
        return Ok(number.unsigned_abs());
    }
    Err(Fault::value(format!("{name} must be from {} to {}, not {number}", range.start(), range.end())))
}

async fn delete_message(queues: &Queues, request: Receipt) -> Result<Nothing, Fault> {
    let queue = queues.find(&name_in(&request.queue_url)).await?;
    let handle = Handle::read(&request.receipt_handle, queue.id)?;
    queues.delete(vec![handle]).await?;
    Ok(Nothing {})
}

async fn delete_message_batch(queues: &Queues, request: EntryBatch<Receipt>) -> Result<BatchOutcome<Nothing>, Fault> {
    check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let queue = queues.find(&name_in(&request.queue_url)).await?;
    let (mut handles, mut successful, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for Receipt { id, receipt_handle, .. } in request.entries {
        match Handle::read(&receipt_handle, queue.id) {
            Ok(handle) => {
                handles.push(handle);
                successful.push(Success { id, detail: Nothing {} });
            }
            Err(fault) => failed.push(EntryFailure::new(id, &fault)),
        }
    }
    queues.delete(handles).await?;
    Ok(BatchOutcome { successful, failed })
}

async fn change_message_visibility(queues: &Queues, request: Receipt) -> Result<Nothing, Fault> {
    let queue = queues.find(&name_in(&request.queue_url)).await?;
    let handle = Handle::read(&request.receipt_handle, queue.id)?;
    let seconds = request.visibility_timeout.ok_or_else(|| Fault::new(Kind::MissingParameter, "VisibilityTimeout is missing"))?;
    let visibility_ms = within(seconds, VISIBILITY_SECONDS, "VisibilityTimeout")? * 1000;
    queues.change_visibility(handle, Duration::from_millis(visibility_ms)).await?;
    Ok(Nothing {})
}

fn check_batch<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Fault> {
    let count = ids.len();
    if count == 0 {
        return Err(Fault::new(Kind::EmptyBatchRequest, "a batch needs at least one entry"));
    }
    if count > ENTRIES_MAX {
        let words = format!("a batch may hold {ENTRIES_MAX} entries, this one holds {count}");
        return Err(Fault::new(Kind::TooManyEntriesInBatchRequest, words));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        check_name(id).map_err(|_| {
            let words = "an entry's id is 1 to 80 letters, digits, hyphens and underscores";
            Fault::new(Kind::InvalidBatchEntryId, words)
        })?;
        if !seen.insert(id) {
            let words = format!("the entry id {id} occurs twice");
            return Err(Fault::new(Kind::BatchEntryIdsNotDistinct, words));
        }
    }
    Ok(())
}
