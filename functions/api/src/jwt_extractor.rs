//! [`JwtExtractor`]: the only way to a caller's claims.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::auth::Claims;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// The claims of the caller's token, checked. A handler that takes this is only called for callers with a valid token.
#[derive(Debug, Clone)]
pub struct JwtExtractor(pub Claims);

impl FromRequestParts<Arc<AppState>> for JwtExtractor {
    type Rejection = ApiErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Self::Rejection> {
        Ok(Self(state.auth.claims(parts).await?))
    }
}
