//! The event with which Lambda calls a function for a batch of messages.

use serde_json::{Map, Value, json};

use crate::{
    http::REGION,
    queue::{QueueAddress, Received},
};

/// The event for this batch. Bodies are moved, not copied.
pub(super) fn of(batch: Vec<Received>, queue: &QueueAddress) -> Value {
    let records = batch.into_iter().map(|message| record(message, queue)).collect::<Vec<_>>();
    Value::Object(Map::from_iter([("Records".to_owned(), Value::Array(records))]))
}

fn record(message: Received, queue: &QueueAddress) -> Value {
    let attributes = message.system_attributes();
    let mut record = json!({
        "messageId": message.message_id.to_string(),
        "receiptHandle": message.handle.write(),
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    });
    record["body"] = Value::String(message.body);
    record
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;
    use uuid::Uuid;

    use super::*;
    use crate::queue::Handle;

    #[test]
    fn is_the_event_that_lambda_sends() {
        let message = Received {
            handle: Handle { queue: 1, seq: 2, receives: 3, message_id: [7; 16] },
            message_id: Uuid::from_bytes([7; 16]),
            body: "{\"v\":1}".to_owned(),
            md5: "abc".to_owned(),
            group: Some("user".to_owned()),
            sent_ms: 1_700_000_000_000,
            first_received_ms: 1_700_000_000_001,
            receives: 3,
            source_arn: None,
        };
        let event: SqsEvent = serde_json::from_value(of(vec![message], &QueueAddress::of("jobs"))).unwrap();
        let record = &event.records[0];
        assert_eq!(record.body.as_deref(), Some("{\"v\":1}"));
        assert_eq!(record.message_id.as_deref(), Some("07070707-0707-0707-0707-070707070707"));
        assert_eq!(record.md5_of_body.as_deref(), Some("abc"));
        assert_eq!(record.event_source_arn.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:jobs"));
        assert_eq!(record.aws_region.as_deref(), Some("us-east-1"));
        for (name, value) in [
            ("ApproximateReceiveCount", "3"),
            ("SentTimestamp", "1700000000000"),
            ("ApproximateFirstReceiveTimestamp", "1700000000001"),
            ("MessageGroupId", "user"),
            ("SenderId", "000000000000"),
        ] {
            assert_eq!(record.attributes.get(name).map(String::as_str), Some(value), "{name}");
        }
    }
}
