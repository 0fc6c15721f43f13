//! Requests and answers in SQS's JSON protocol.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{fault::Fault, receive::Received};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    pub(super) queue_name: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    pub(super) queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    pub(super) queue_url: String,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
}

/// A message in a request: all of `SendMessage`, or an entry of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RequestMessage {
    #[serde(default)]
    pub(super) queue_url: String,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_group_id: Option<String>,
    pub(super) message_deduplication_id: Option<String>,
    pub(super) message_attributes: Option<BTreeMap<String, Value>>,
    pub(super) message_system_attributes: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub(super) queue_url: String,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_system_attribute_names: Vec<String>,
}

/// A receipt handle in a request: all of the request, or an entry of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receipt {
    #[serde(default)]
    pub(super) queue_url: String,
    #[serde(default)]
    pub(super) id: String,
    pub(super) receipt_handle: String,
    pub(super) visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EntryBatch<E> {
    pub(super) queue_url: String,
    #[serde(default = "Vec::new")]
    pub(super) entries: Vec<E>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    pub(super) queue_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueAttributes {
    pub(super) attributes: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
pub(super) struct Sent {
    #[serde(rename = "MD5OfMessageBody")]
    pub(super) md5: String,
    #[serde(rename = "MessageId")]
    pub(super) message_id: String,
}

/// The results of a batch's entries.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchOutcome<S> {
    pub(super) successful: Vec<Success<S>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<EntryFailure>,
}

#[derive(Serialize)]
pub(super) struct Success<S> {
    #[serde(rename = "Id")]
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) detail: S,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EntryFailure {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

/// An empty answer.
#[derive(Serialize)]
pub(super) struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Messages {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<MessageOut>,
}

#[derive(Serialize)]
pub(super) struct MessageOut {
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "ReceiptHandle")]
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5: String,
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "Attributes", skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
}

impl EntryFailure {
    pub(super) fn new(id: String, fault: &Fault) -> Self {
        Self { id, sender_fault: fault.kind.is_senders(), code: fault.kind.code(), message: fault.message.clone() }
    }
}

impl MessageOut {
    /// A received message with those of its system attributes that the request names.
    pub(super) fn new(message: Received, asked: &[String]) -> Self {
        let is_asked = |name: &str| asked.iter().any(|one| one == "All" || one == name);
        let mut attributes = message.system_attributes();
        attributes.retain(|name, _| is_asked(name));
        Self {
            message_id: message.message_id.to_string(),
            receipt_handle: message.handle.write(),
            md5: message.md5,
            body: message.body,
            attributes,
        }
    }
}

impl Received {
    /// The system attributes that SQS gives a message.
    pub(crate) fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut known = BTreeMap::from([
            ("ApproximateFirstReceiveTimestamp", self.first_received_ms.to_string()),
            ("ApproximateReceiveCount", self.receives.to_string()),
            ("SenderId", crate::http::ACCOUNT.to_owned()),
            ("SentTimestamp", self.sent_ms.to_string()),
        ]);
        if let Some(group) = &self.group {
            known.insert("MessageGroupId", group.clone());
        }
        if let Some(source) = &self.source_arn {
            known.insert("DeadLetterQueueSourceArn", source.clone());
        }
        known
    }
}
