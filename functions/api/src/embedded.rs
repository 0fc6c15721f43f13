//! The api function where no AWS is configured: on embedded parts, and with the two other functions in its own process.

use std::time::Duration;

use headway_api::auth::Host;
use headway_aws::telemetry;
use headway_core::{App, Processors, error_chain};
use headway_embedded::{Embedded, Hold, Hosted};
use headway_in_process::Functions;
use headway_worker::processors;
use lambda_http::Error;

/// How long to wait before seeing again whether another process still works the data off.
const TAKE_OVER_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Runs the api function, and works jobs off beside it.
///
/// # Errors
/// What is wrong with the data directory or the environment, and what the runtime reports.
pub(crate) async fn run() -> Result<(), Error> {
    telemetry::init();
    let hosted = Hosted::from_environment().await?;
    let built_in = processors::built_in()?;
    let app = hosted.app.clone().with_processors(built_in.infos());
    let hold = hosted.embedded.take_over().await?;
    tokio::spawn(work_off(hosted.embedded, hold, app.clone(), built_in));
    headway_api::serve(app, Host::Local).await
}

/// Works jobs off for as long as the process lives, from the moment no other process does: after a change of the code
/// this one begins while the one before it is still ending.
async fn work_off(embedded: Embedded, hold: Option<Hold>, app: App, processors: Processors) {
    let mut hold = hold;
    if hold.is_none() {
        tracing::warn!("another process works this data directory off: this one will once that has ended");
    }
    while hold.is_none() {
        tokio::time::sleep(TAKE_OVER_AGAIN_AFTER).await;
        hold = embedded.take_over().await.unwrap_or_else(|error| {
            tracing::error!(error = error_chain(&error), "jobs cannot be worked off yet");
            None
        });
    }
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let worker = Functions::worker(&embedded, app.clone(), processors);
    Functions::start(&embedded, app, worker, stopped).finished().await;
}
