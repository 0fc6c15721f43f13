//! The api function where no AWS is configured: with the embedded table and queue, and with the worker and cleanup
//! functions in the same process.

use std::time::Duration;

use headway_api::auth::Host;
use headway_api::processors::beside_described;
use headway_core::config::{self, EventsTo};
use headway_core::{App, Processors, error_chain};
use headway_embedded::{Embedded, Hosted, PumpLock};
use headway_in_process::Functions;
use headway_worker::processors;
use lambda_http::Error;

/// How long to wait before trying again to become the process that runs the worker.
const TAKE_OVER_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Runs the api function, and the worker and cleanup functions beside it.
///
/// # Errors
///
/// A fault of the data directory or the environment, or an error of the runtime.
pub(crate) async fn run(hosted: Hosted) -> Result<(), Error> {
    let built_in = processors::built_in().await?;
    let app = hosted.app.clone().with_processors(beside_described(built_in.infos(), &config::optional).await?);
    let pump_lock = hosted.embedded.take_over().await?;
    let events = config::events_to(&config::optional)?;
    tokio::spawn(work_off(hosted.embedded, pump_lock, app.clone(), built_in, events));
    headway_api::serve(app, Host::Local).await
}

/// Runs the worker and cleanup functions for as long as the process lives, as soon as no other process does: when the
/// code is changed, the new process starts while the old one is still ending.
async fn work_off(embedded: Embedded, pump_lock: Option<PumpLock>, app: App, processors: Processors, events: Option<EventsTo>) {
    let mut pump_lock = pump_lock;
    if pump_lock.is_none() {
        tracing::warn!("another process is running the jobs in this data directory; this process takes over when that one ends");
    }
    while pump_lock.is_none() {
        tokio::time::sleep(TAKE_OVER_AGAIN_AFTER).await;
        pump_lock = embedded.take_over().await.unwrap_or_else(|error| {
            tracing::error!(error = error_chain(&error), "jobs cannot be run yet");
            None
        });
    }
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let handler = Functions::handler(&embedded, app.clone(), processors, events);
    let worker = Functions::worker(&embedded, handler, stopped.clone());
    let cleanup = Functions::cleanup(&embedded, app, stopped);
    tokio::join!(worker.finished(), cleanup.finished());
}
