//! API Gateway's JWT authorizer has checked the token; its claims come with the event, out of any caller's reach. The
//! `Authorization` header is not looked at: without an authorizer in front there is nobody.

use http::request::Parts;
use lambda_http::RequestExt as _;
use serde_json::{Map, Value};

use super::error::AuthError;

/// The claims the authorizer handed on. It renders every claim as text, a list as `[a b]`.
pub(super) fn claims(parts: &Parts) -> Result<Map<String, Value>, AuthError> {
    let context = parts.extensions.request_context_ref();
    let jwt = context.and_then(|context| context.authorizer()?.jwt.as_ref()).ok_or(AuthError::Missing)?;
    Ok(jwt.claims.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect())
}
