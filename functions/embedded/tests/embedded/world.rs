//! Virtual time, and what most tests need to begin.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::types::Message;
use headway_embedded::{Clock, Config, Embedded};

/// A clock that follows the runtime's time, which tests pause and advance.
pub(crate) fn virtual_clock() -> Clock {
    let start = tokio::time::Instant::now();
    Arc::new(move || 1_700_000_000_000 + u64::try_from(start.elapsed().as_millis()).unwrap())
}

/// In memory and in virtual time; visibility timeout 30 s, 3 receives.
pub(crate) fn config() -> Config {
    Config { max_receive_count: 3, clock: virtual_clock(), ..Config::memory() }
}

/// Advances the time by this many seconds.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// Sends one message, of this group if one is named.
pub(crate) async fn send(embedded: &Embedded, body: &str, group: Option<&str>) {
    embedded
        .sqs()
        .send_message()
        .queue_url(&embedded.queue().url)
        .message_body(body)
        .set_message_group_id(group.map(str::to_owned))
        .send()
        .await
        .unwrap();
}

/// Receives the messages that are there, at most ten, with all attributes.
pub(crate) async fn receive(embedded: &Embedded, queue_url: &str) -> Vec<Message> {
    embedded
        .sqs()
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(10)
        .message_system_attribute_names("All".into())
        .send()
        .await
        .unwrap()
        .messages
        .unwrap_or_default()
}

/// The bodies of messages.
pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}
