//! The outermost layer, which every request passes: a request id, a time limit, a catch for panics, the headers of
//! every answer, and one log line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use headway_core::JobId;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION, X_CONTENT_TYPE_OPTIONS};
use lambda_http::RequestExt as _;
use tokio::time::{Instant, timeout};

use crate::problem::ApiErrorResponse;
use crate::state::{AppState, REQUEST_TIMEOUT};
use crate::unread;

/// Names the request to the caller and in the log.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// For answers that must not be cached.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Job tokens are accepted below this path.
pub(crate) const EMBED: &str = "/embed";

/// The request's id, for log lines that are written while it is answered.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What the host has found wrong with a request's head. It is the request's answer.
#[derive(Debug, Clone, Copy)]
pub struct HeadFault(pub &'static str);

/// The outermost layer.
pub(crate) async fn edge(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let info = RequestInfo::of(&request, &state);
    request.extensions_mut().insert(RequestId(info.id.clone()));
    let fault = request.extensions().get().map(|HeadFault(fault)| ApiErrorResponse::malformed(*fault).into_response());
    let (request, unread) = unread::keep(request);
    let response = match fault.or_else(|| state.origins.preflight(request.method(), request.headers())) {
        Some(at_once) => at_once,
        None => {
            let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
            match timeout(REQUEST_TIMEOUT, answer).await {
                Ok(Ok(response)) => response,
                // The panic's text may quote the caller's data, so it is not repeated. The log has its place in the
                // code already.
                Ok(Err(_)) => ApiErrorResponse::internal("a handler panicked").into_response(),
                Err(_) => ApiErrorResponse::busy("the request took too long: send it again").into_response(),
            }
        }
    };
    unread.discard().await;
    let (response, cause) = info.finish(response, &state);
    info.log(&response, cause.as_deref(), began);
    response
}

/// What the answer and the log line need of a request.
struct RequestInfo {
    id: String,
    method: http::Method,
    path: String,
    route: Option<MatchedPath>,
    headers: http::HeaderMap,
}

impl RequestInfo {
    fn of(request: &Request, state: &AppState) -> Self {
        let on_lambda = request.extensions().lambda_context_ref().map(|context| context.request_id.clone());
        Self {
            id: on_lambda.unwrap_or_else(|| state.app.clock.fresh_id().to_string()),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            route: request.extensions().get().cloned(),
            headers: request.headers().clone(),
        }
    }

    /// The answer with all its headers, and the cause, which is only logged.
    fn finish(&self, mut response: Response, state: &AppState) -> (Response, Option<String>) {
        let mut cause = None;
        if let Some(problem) = response.extensions_mut().remove::<ApiErrorResponse>() {
            cause = problem.cause();
            let headers = std::mem::take(response.headers_mut());
            response = problem.render(headers, &self.path, &self.id);
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::try_from(self.id.as_str()) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
        state.origins.mark(&self.headers, headers);
        (response, cause)
    }

    /// Logs one line for a request. The path is logged as its pattern, so that no text of the caller gets into the log.
    fn log(&self, response: &Response, cause: Option<&str>, began: Instant) {
        let request_id = self.id.as_str();
        let method = self.method.as_str();
        let route = self.route.as_ref().map_or("-", MatchedPath::as_str);
        let status = response.status().as_u16();
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let job_id = self.job_id(response).map(tracing::field::display);
        match status {
            500.. => tracing::error!(request_id, method, route, status, duration_ms, job_id, cause, "request failed"),
            _ => tracing::info!(request_id, method, route, status, duration_ms, job_id, "request"),
        }
    }

    /// The job in the request's path, or the one that was started.
    fn job_id(&self, response: &Response) -> Option<JobId> {
        let path = self.path.strip_prefix(EMBED).unwrap_or(&self.path);
        let in_path = path.strip_prefix("/v1/jobs/").and_then(|rest| rest.split('/').next());
        let started = || response.headers().get(LOCATION)?.to_str().ok()?.strip_prefix("jobs/");
        in_path.or_else(started).and_then(JobId::parse)
    }
}
