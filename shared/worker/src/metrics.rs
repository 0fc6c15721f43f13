//! The metrics of a batch. How long it took is AWS/Lambda's own metric `Duration`: an invocation is a batch.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use chrono::{DateTime, TimeDelta, Utc};
use headway_aws::metrics::Metric;
use headway_core::work::Worked;

/// The metrics of a batch.
pub(crate) fn of(worked: &Worked, oldest_age: Option<Duration>) -> Vec<Metric> {
    vec![
        Metric::count("ItemsProcessed", worked.items_processed),
        Metric::count("ItemsFailed", worked.items_failed),
        Metric::count("ItemsRetried", worked.items_retried),
        Metric::count("Duplicates", worked.duplicates),
        Metric::count("MessagesReturned", worked.undone.len()),
        Metric::time("SettleTime", worked.settle_times.iter().copied()),
        Metric::time("OldestChunkAge", oldest_age),
    ]
}

/// How long ago the oldest of these messages was sent, including its delay.
pub(crate) fn oldest_age<'a>(messages: impl IntoIterator<Item = &'a SqsMessage>, now: DateTime<Utc>) -> Option<Duration> {
    let sent = |message: &SqsMessage| message.attributes.get("SentTimestamp").and_then(|ms| ms.parse().ok());
    let oldest = messages.into_iter().filter_map(sent).min().and_then(DateTime::from_timestamp_millis)?;
    // The queue's clock may be ahead of this one.
    Some((now - oldest).max(TimeDelta::zero()).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(ms: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.attributes.insert("SentTimestamp".to_owned(), ms.to_owned());
        message
    }

    #[test]
    fn the_age_is_the_oldest_ones() {
        let now = DateTime::from_timestamp_millis(10_000).unwrap();
        let messages = [sent("9000"), sent("2500"), SqsMessage::default(), sent("soon")];
        assert_eq!(oldest_age(&messages, now), Some(Duration::from_millis(7_500)));
        assert_eq!(oldest_age(&[sent("11000")], now), Some(Duration::ZERO));
        assert_eq!(oldest_age(&[], now), None);
    }
}
