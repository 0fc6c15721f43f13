//! [`JwtExtractor`]: the only way to a caller's claims.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use http::request::Parts;

use crate::auth::Claims;
use crate::edge::RequestId;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// Marks the routes that take job tokens, and no others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakesJobTokens;

/// The claims of the caller's token, checked. A handler that takes this is only called for callers with a valid token.
#[derive(Debug, Clone)]
pub struct JwtExtractor(pub Claims);

impl FromRequestParts<Arc<AppState>> for JwtExtractor {
    type Rejection = ApiErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Self::Rejection> {
        if parts.extensions.get::<TakesJobTokens>().is_some() {
            let job = JobPath::from_request_parts(parts, state).await.ok().map(|JobPath(job)| job);
            return Ok(Self(state.job_tokens.claims(&parts.headers, job).await?));
        }
        let claims = state.auth.claims(parts).await?;
        if claims.is_delegated() {
            let request_id = parts.extensions.get::<RequestId>().map_or("-", |id| id.0.as_str());
            let route = parts.extensions.get::<MatchedPath>().map_or("-", MatchedPath::as_str);
            let (method, caller, owner) = (parts.method.as_str(), claims.subject.as_str(), claims.owner.as_str());
            tracing::info!(request_id, method, route, caller, owner, "called for another owner");
        }
        Ok(Self(claims))
    }
}
