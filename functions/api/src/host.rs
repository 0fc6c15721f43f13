//! The api function on Lambda.

use std::sync::Arc;

use headway_aws::telemetry;
use headway_core::{App, config};
use headway_host::app_from_env;
use lambda_http::Error;
use tower::ServiceExt as _;

use crate::auth::{Authenticator, Host};
use crate::cors::Origins;
use crate::processors::with_described;
use crate::{AppState, base_path, router};

/// Runs the api function, configured by the environment, until the runtime ends it.
///
/// # Errors
///
/// A variable that is missing from the environment, or an error of the runtime.
pub async fn run() -> Result<(), Error> {
    telemetry::init();
    telemetry::starting();
    let known = with_described(headway_built_in::infos(), &config::optional).await?;
    let app = app_from_env().await?.with_announced_processors(known);
    serve(app, Host::Lambda).await
}

/// Runs the api function with this app until the runtime ends it.
///
/// # Errors
///
/// A variable that is missing from the environment, or an error of the runtime.
pub async fn serve(app: App, host: Host) -> Result<(), Error> {
    let auth = Authenticator::from_env(&config::optional, host, app.clock.clone())?;
    let state = AppState::new(app, auth).with_origins(Origins::from_env(&config::optional)?);
    telemetry::started();
    lambda_http::run(router(Arc::new(state)).map_request(base_path::strip::<lambda_http::Body>)).await
}
