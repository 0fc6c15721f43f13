//! API Gateway's JWT authorizer has checked the token, and its claims come with the event, where no caller can change
//! them. The `Authorization` header is not read: without an authorizer in front, no caller is known.

use http::request::Parts;
use lambda_http::RequestExt as _;
use serde_json::{Map, Value};

use super::error::AuthError;

/// The claims that the authorizer passed on. It renders every claim as text, a list as `[a b]`.
pub(super) fn claims(parts: &Parts) -> Result<Map<String, Value>, AuthError> {
    let context = parts.extensions.request_context_ref();
    let jwt = context.and_then(|context| context.authorizer()?.jwt.as_ref()).ok_or(AuthError::Missing)?;
    Ok(jwt.claims.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect())
}
