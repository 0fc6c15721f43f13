//! Calls wait until the user's own worker has started for the first time. Only then its processors are known: a job that is
//! submitted as soon as the server is ready would be refused.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long calls wait, from the server's start: twice as long as Lambda gives a function to start, and less than a request may
/// take.
///
/// Source: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".
const START_MAX: Duration = Duration::from_secs(20);

/// The same routes; calls of the API wait until `tried` is true, or its time is over. Pages are answered at once.
pub(super) fn awaited(router: Router, tried: watch::Receiver<bool>) -> Router {
    router.layer(from_fn_with_state((tried, Instant::now() + START_MAX), wait))
}

async fn wait(State((mut tried, until)): State<(watch::Receiver<bool>, Instant)>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/v1/") {
        // If no worker is left that could start, there is nothing to wait for.
        let _ = timeout_at(until, tried.wait_for(|tried| *tried)).await;
    }
    next.run(request).await
}
