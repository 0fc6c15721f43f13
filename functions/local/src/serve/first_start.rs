//! Calls wait until the user's own worker has started for the first time. Only then its processors are known: a job that is
//! submitted as soon as the server is ready would be refused.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::sync::watch;

/// The same routes; calls of the API wait until `tried` is true. Pages are answered at once.
pub(super) fn awaited(router: Router, tried: watch::Receiver<bool>) -> Router {
    router.layer(from_fn_with_state(tried, wait))
}

async fn wait(State(mut tried): State<watch::Receiver<bool>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/v1/") {
        // If no worker is left that could start, there is nothing to wait for.
        let _ = tried.wait_for(|tried| *tried).await;
    }
    next.run(request).await
}
