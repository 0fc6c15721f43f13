//! The api function on Lambda; and, where that is built in and no AWS is configured, on stand-ins in its own process.

use std::sync::Arc;

use headway::{App, config, telemetry};
use lambda_http::Error;

use crate::auth::{Authenticator, Host};
use crate::cors::Origins;
use crate::{AppState, processors, router};

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
    let built_in = headway_worker::processors::built_in()?.infos();
    let app = config::app_on_aws().await?.with_processors(processors::with_own(built_in, &config::optional)?);
    serve(app, Host::Lambda).await
}

async fn serve(app: App, host: Host) -> Result<(), Error> {
    let auth = Authenticator::from_env(&config::optional, host, app.clock.clone())?;
    let state = AppState::new(app, auth).with_origins(Origins::from_env(&config::optional)?);
    lambda_http::run(router(Arc::new(state))).await
}

/// Works jobs off beside serving, unless another process is at it.
#[cfg(feature = "embedded")]
async fn run_embedded() -> Result<(), Error> {
    let hosted = headway_embedded::Hosted::from_environment().await?;
    let built_in = headway_worker::processors::built_in()?;
    let app = hosted.app.clone().with_processors(built_in.infos());
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let hold = hosted.embedded.take_over().await?;
    if hold.is_some() {
        crate::in_process::Functions::start(&hosted.embedded, app.clone(), built_in, stopped);
    } else {
        tracing::warn!("another process works this data directory off");
    }
    serve(app, Host::Local).await
}
