//! Runs the worker and cleanup functions in the same process, called as AWS would: with batches of messages through
//! the event source mappings, and by a schedule. For hosts without AWS: `headway serve`, and the api function under
//! `cargo lambda watch`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Error;
use headway_core::config::EventsTo;
use headway_core::{App, Processors};
use headway_embedded::{CLEANUP_EVERY, Embedded, FUNCTION_TIMEOUT, until};
use headway_worker::{Handler, Notifier};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The running functions.
#[derive(Debug)]
pub struct Functions(Vec<JoinHandle<()>>);

impl Functions {
    /// Starts calling the worker with batches of messages, until `stopped` turns true. Then the running calls begin nothing more.
    pub fn worker(embedded: &Embedded, worker: Handler, stopped: watch::Receiver<bool>) -> Self {
        let worker = Arc::new(worker);
        let (stopping, told) = (worker.clone(), until(stopped.clone()));
        tokio::spawn(async move {
            told.await;
            stopping.stop();
        });
        let sources = [embedded.event_source(), embedded.dead_letter_source()];
        let call = |source| {
            let worker = worker.clone();
            let handle = move |event| work(worker.clone(), event);
            tokio::spawn(embedded.pump(source, handle, until(stopped.clone())))
        };
        Self(sources.into_iter().map(call).collect())
    }

    /// Starts calling the cleanup by its schedule, until `stopped` turns true.
    pub fn cleanup(embedded: &Embedded, app: App, stopped: watch::Receiver<bool>) -> Self {
        let parts = embedded.clone();
        let clean = move |_event| cleanup(app.clone(), parts.clone());
        Self(vec![tokio::spawn(embedded.schedule(CLEANUP_EVERY, clean, until(stopped)))])
    }

    /// A worker that knows the embedded queue's dead letters. It sends notices to the endpoints that the environment names, and
    /// events to this bus or file.
    pub fn handler(embedded: &Embedded, app: App, processors: Processors, events: Option<EventsTo>) -> Handler {
        let notices = Arc::new(Notifier::new(events, app.clock.clone()));
        let app = app.with_notices(notices);
        Handler::new(app, processors, Some(embedded.dead_letters().arn.clone()))
    }

    /// Waits until every running call has ended.
    pub async fn finished(self) {
        for function in self.0 {
            // A panic was reported where it happened, so the result is not needed.
            let _ = function.await;
        }
    }
}

async fn work(worker: Arc<Handler>, event: Value) -> Result<Value, Error> {
    let event = serde_json::from_value(event)?;
    let answer = worker.handle(event, Instant::now() + FUNCTION_TIMEOUT).await;
    if worker.is_spent() {
        tokio::spawn(async move {
            tokio::time::sleep(ANSWERED_WITHIN).await;
            worker.end_if_spent();
        });
    }
    Ok(serde_json::to_value(answer)?)
}

/// How much time the queue has to take the last answer of a worker that ends.
const ANSWERED_WITHIN: Duration = Duration::from_millis(500);

/// One sweep, and what DynamoDB does by itself: expired rows are deleted.
async fn cleanup(app: App, embedded: Embedded) -> Result<Value, Error> {
    let swept = headway_cleanup::handle(&app).await?;
    embedded.sweep_expired_rows().await?;
    Ok(serde_json::to_value(swept)?)
}
