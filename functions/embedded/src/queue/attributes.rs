//! A queue's settings, with SQS's names, defaults and ranges.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    address::QueueAddress,
    fault::{Fault, Kind},
};

/// The largest message, and the largest batch, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: u64 = 1 << 20;

/// A queue's number in the store.
pub(crate) type QueueId = i64;

/// A queue and its settings.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
    pub(crate) created_ms: u64,
    pub(crate) modified_ms: u64,
}

/// A queue's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) visibility_ms: u64,
    pub(crate) retention_ms: u64,
    pub(crate) delay_ms: u64,
    pub(crate) wait_ms: u64,
    pub(crate) message_bytes_max: u64,
    pub(crate) redrive: Option<Redrive>,
}

/// When a message goes to the dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// The name of the dead-letter queue.
    pub(crate) dead_letters: String,
    /// How often a message may be received before.
    pub(crate) receives_max: u32,
}

/// How many messages a queue has, by state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Census {
    pub(crate) ready: u64,
    pub(crate) in_flight: u64,
    pub(crate) delayed: u64,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            visibility_ms: 30_000,
            retention_ms: 4 * 86_400_000,
            delay_ms: 0,
            wait_ms: 0,
            message_bytes_max: MESSAGE_BYTES_MAX,
            redrive: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: NumberOrText,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u32),
    Text(String),
}

impl Attributes {
    /// These settings, changed by the attributes in `named`.
    ///
    /// # Errors
    ///
    /// `InvalidAttributeName` or `InvalidAttributeValue`.
    pub(crate) fn with(mut self, named: &BTreeMap<String, String>) -> Result<Self, Fault> {
        for (name, value) in named {
            let seconds_ms = |range| number(name, value, range).map(|seconds| seconds * 1000);
            match name.as_str() {
                "VisibilityTimeout" => self.visibility_ms = seconds_ms(0..=43_200)?,
                "MessageRetentionPeriod" => self.retention_ms = seconds_ms(60..=1_209_600)?,
                "DelaySeconds" => self.delay_ms = seconds_ms(0..=900)?,
                "ReceiveMessageWaitTimeSeconds" => self.wait_ms = seconds_ms(0..=20)?,
                "MaximumMessageSize" => self.message_bytes_max = number(name, value, 1024..=MESSAGE_BYTES_MAX)?,
                "RedrivePolicy" => self.redrive = redrive(value)?,
                _ => {
                    let words = format!("the embedded queue does not know the attribute {name}");
                    return Err(Fault::new(Kind::InvalidAttributeName, words));
                }
            }
        }
        Ok(self)
    }
}

impl Queue {
    /// The answer of `GetQueueAttributes`.
    pub(crate) fn described(&self, census: Census) -> BTreeMap<&'static str, String> {
        let settings = &self.attributes;
        let seconds = |ms: u64| (ms / 1000).to_string();
        let mut told = BTreeMap::from([
            ("ApproximateNumberOfMessages", census.ready.to_string()),
            ("ApproximateNumberOfMessagesDelayed", census.delayed.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", census.in_flight.to_string()),
            ("CreatedTimestamp", seconds(self.created_ms)),
            ("DelaySeconds", seconds(settings.delay_ms)),
            ("LastModifiedTimestamp", seconds(self.modified_ms)),
            ("MaximumMessageSize", settings.message_bytes_max.to_string()),
            ("MessageRetentionPeriod", seconds(settings.retention_ms)),
            ("QueueArn", QueueAddress::of(&self.name).arn),
            ("ReceiveMessageWaitTimeSeconds", seconds(settings.wait_ms)),
            ("SqsManagedSseEnabled", "false".to_owned()),
            ("VisibilityTimeout", seconds(settings.visibility_ms)),
        ]);
        if let Some(redrive) = &settings.redrive {
            let policy = serde_json::json!({
                "deadLetterTargetArn": QueueAddress::of(&redrive.dead_letters).arn,
                "maxReceiveCount": redrive.receives_max,
            });
            told.insert("RedrivePolicy", policy.to_string());
        }
        told
    }
}

fn number(name: &str, value: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, Fault> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let words = format!("{name} must be a whole number from {} to {}, not {value:?}", range.start(), range.end());
        Fault::new(Kind::InvalidAttributeValue, words)
    })
}

fn redrive(value: &str) -> Result<Option<Redrive>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    let wrong = |words: &str| Fault::new(Kind::InvalidAttributeValue, format!("RedrivePolicy: {words}"));
    let policy: RedrivePolicy = serde_json::from_str(value).map_err(|cause| wrong(&cause.to_string()))?;
    let receives_max = match policy.max_receive_count {
        NumberOrText::Number(number) => Some(number),
        NumberOrText::Text(text) => text.parse().ok(),
    };
    let receives_max =
        receives_max.filter(|count| (1..=1000).contains(count)).ok_or_else(|| wrong("maxReceiveCount must be from 1 to 1000"))?;
    let dead_letters = policy
        .dead_letter_target_arn
        .rsplit(':')
        .next()
        .filter(|name| !name.is_empty() && policy.dead_letter_target_arn.starts_with("arn:"))
        .ok_or_else(|| wrong("deadLetterTargetArn must be the ARN of a queue"))?;
    Ok(Some(Redrive { dead_letters: dead_letters.to_owned(), receives_max }))
}
