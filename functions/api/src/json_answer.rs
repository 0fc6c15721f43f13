//! An answer whose body is JSON.

use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use crate::problem::ApiErrorResponse;

/// The media type of JSON answers.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with `body` as JSON.
///
/// # Errors
///
/// `internal` if it cannot be written as JSON.
pub(crate) fn json_answer<T: Serialize>(body: &T) -> Result<Response, ApiErrorResponse> {
    let json = serde_json::to_vec(body).map_err(ApiErrorResponse::internal)?;
    Ok(([(CONTENT_TYPE, JSON)], json).into_response())
}
