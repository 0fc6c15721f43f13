//! The schedule: calls a function as an EventBridge rule does on AWS, with the same event.

use std::{fmt::Display, time::Duration};

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use crate::{
    config::Clock,
    http::{ACCOUNT, REGION},
    pump::FunctionResult,
};

pub(crate) async fn run<H, F, E>(clock: Clock, period: Duration, handler: H, shutdown: impl Future<Output = ()> + Send + 'static)
where
    H: Fn(Value) -> F + Send + Sync + 'static,
    F: Future<Output = FunctionResult<E>> + Send + 'static,
    E: Display + Send + 'static,
{
    let mut ticks = interval_at(Instant::now(), period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            _ = ticks.tick() => {}
        }
        // In a task of its own, so that a panic affects only this call.
        match tokio::spawn(handler(event(clock()))).await {
            Ok(Ok(_)) => {}
            Ok(Err(cause)) => tracing::error!(%cause, "the scheduled function failed"),
            Err(cause) => tracing::error!(%cause, "the scheduled function did not end"),
        }
    }
}

fn event(now_ms: u64) -> Value {
    let second = DateTime::from_secs(i64::try_from(now_ms / 1000).unwrap_or(i64::MAX));
    json!({
        "version": "0",
        "id": Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": second.fmt(Format::DateTime).unwrap_or_default(),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/headway-cleanup")],
        "detail": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_the_time_as_eventbridge_does() {
        let event = event(1_700_000_000_999);
        assert_eq!(event["time"], "2023-11-14T22:13:20Z");
        assert_eq!(event["source"], "aws.events");
        assert_eq!(event["detail-type"], "Scheduled Event");
    }
}
