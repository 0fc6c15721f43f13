//! The embedded table and queue over HTTP in AWS's JSON protocol. A worker process uses it as DynamoDB and SQS.

use std::io;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headway_embedded::Embedded;

use crate::loopback::Loopback;

const TARGET: &str = "x-amz-target";
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// Serves them until it is dropped.
///
/// # Errors
///
/// If loopback cannot be listened on.
pub async fn serve(embedded: Embedded) -> io::Result<Loopback> {
    let routes = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(embedded);
    Loopback::serve(routes).await
}

async fn answer(State(embedded): State<Embedded>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(target) = headers.get(TARGET).and_then(|target| target.to_str().ok()) else {
        return (StatusCode::BAD_REQUEST, "the header X-Amz-Target is missing").into_response();
    };
    let answer = embedded.answer(target, &body).await;
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
    headers.extend(answer.query_error.and_then(|error| Some((QUERY_ERROR, error.try_into().ok()?))));
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, headers, answer.body).into_response()
}
