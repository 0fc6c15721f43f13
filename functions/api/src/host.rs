//! The api function on Lambda; and, where that is built in and no AWS is configured, on stand-ins in its own process.

use std::sync::Arc;

use headway_core::{App, config, telemetry};
use headway_worker::processors;
use lambda_http::Error;
use tower::ServiceExt as _;

use crate::auth::{Authenticator, Host};
use crate::cors::Origins;
#[cfg(feature = "embedded")]
use crate::in_process::Functions;
use crate::processors::with_own;
use crate::{AppState, base_path, quotas, router};

/// Runs the api function, configured by the environment, until the runtime ends it.
///
/// # Errors
/// What is missing in the environment, and what the runtime reports.
pub async fn run() -> Result<(), Error> {
    telemetry::init();
    #[cfg(feature = "embedded")]
    if !config::names_aws() {
        return run_embedded().await;
    }
    let known = with_own(processors::built_in_infos(), &config::optional)?;
    let app = config::app_on_aws().await?.with_processors(known);
    serve(app, Host::Lambda).await
}

async fn serve(app: App, host: Host) -> Result<(), Error> {
    let app = app.with_quotas(quotas::from_env(&config::optional)?);
    let auth = Authenticator::from_env(&config::optional, host, app.clock.clone())?;
    let state = AppState::new(app, auth).with_origins(Origins::from_env(&config::optional)?);
    lambda_http::run(router(Arc::new(state)).map_request(base_path::strip::<lambda_http::Body>)).await
}

/// How long to wait before seeing again whether another process still works the data off.
#[cfg(feature = "embedded")]
const TAKE_OVER_AGAIN_AFTER: std::time::Duration = std::time::Duration::from_millis(500);

/// Works jobs off beside serving.
#[cfg(feature = "embedded")]
async fn run_embedded() -> Result<(), Error> {
    let hosted = headway_embedded::Hosted::from_environment().await?;
    let built_in = processors::built_in()?;
    let app = hosted.app.clone().with_processors(built_in.infos());
    let hold = hosted.embedded.take_over().await?;
    tokio::spawn(work_off(hosted.embedded, hold, app.clone(), built_in));
    serve(app, Host::Local).await
}

/// Works jobs off for as long as the process lives, from the moment no other process does: after a change of the code
/// this one begins while the one before it is still ending.
#[cfg(feature = "embedded")]
async fn work_off(
    embedded: headway_embedded::Embedded,
    hold: Option<headway_embedded::Hold>,
    app: App,
    processors: headway_core::Processors,
) {
    let mut hold = hold;
    if hold.is_none() {
        tracing::warn!("another process works this data directory off: this one will once that has ended");
    }
    while hold.is_none() {
        tokio::time::sleep(TAKE_OVER_AGAIN_AFTER).await;
        hold = embedded.take_over().await.unwrap_or_else(|error| {
            tracing::error!(error = headway_core::error_chain(&error), "jobs cannot be worked off yet");
            None
        });
    }
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let worker = Functions::worker(&embedded, app.clone(), processors);
    Functions::start(&embedded, app, worker, stopped).finished().await;
}
