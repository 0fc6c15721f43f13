//! `POST /v1/jobs/{job_id}/tokens` makes a token for one job, for a page that has no token of its user. `DELETE` ends those
//! that were made.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use headway_core::Violation;
use headway_core::limits::BODY_BYTES_MAX;
use headway_core::tokens::end_tokens;
use headway_job_view::time;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::auth::job_token::{Allow, TTL_SECONDS_DEFAULT, TTL_SECONDS_MAX, TTL_SECONDS_MIN};
use crate::body::{self, Content};
use crate::json;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::members::unknown_members;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// What a token is for.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(examples(json!({"allow": "read", "ttlSeconds": 3600})))]
pub struct JobTokenRequest {
    /// `read`: the job's status, parts, failures and results. `act`: also to cancel, pause, resume, correct and retry it.
    pub allow: String,
    /// For how long it is valid, in seconds: 3,600 if it is not given.
    #[schema(minimum = 60, maximum = 86400)]
    pub ttl_seconds: Option<u32>,
}

/// A token for one job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTokenResponse {
    /// To be sent as `Authorization: Bearer …`, with the paths below `/embed`.
    token: String,
    /// Until when it is valid.
    #[serde(serialize_with = "time")]
    expires_at: DateTime<Utc>,
}

/// Make a token for this job only, for a web page that shows the job and does not have its user's own token.
///
/// Send it with the calls on this job, below the path `/embed`: `GET /embed/v1/jobs/{job_id}` and so on. For any other job the
/// answer is 401, as for a token that is not valid. For a call that the token does not allow, the answer is 403. It cannot be
/// used to make further tokens, to delete the job or to add to it.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/tokens",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    request_body = JobTokenRequest,
    responses(
        (status = 201, body = JobTokenResponse),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 413, body = ApiErrorResponse), (status = 415, body = ApiErrorResponse),
        (status = 422, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn make_job_token(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Write, job_id).await?;
    let (parts, body) = request.into_parts();
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, BODY_BYTES_MAX)).await?;
    let (allow, ttl_seconds) = read(&body::json(&parts.headers, body, Content::Options).await?)?;
    let token = state.job_tokens.issue(&job, allow, ttl_seconds).await?;
    let answer = json_answer(&JobTokenResponse { token: token.text, expires_at: token.expires_at })?;
    Ok((StatusCode::CREATED, answer).into_response())
}

/// End all tokens for this job that were made so far.
///
/// From now on the answer to a call with one of them is 401. Tokens that are made afterwards are valid. A page that should
/// still work gets a new token from its backend, as it does when a token expires.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{job_id}/tokens",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 204, description = "No token that was made before is valid any more"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn end_job_tokens(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<StatusCode, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Write, job_id).await?;
    end_tokens(&state.app, &job).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the token allows, and how many seconds it is valid.
fn read(body: &[u8]) -> Result<(Allow, u32), ApiErrorResponse> {
    let Some(members) = json::object(body)? else {
        return Err(ApiErrorResponse::invalid(vec![Violation::new("", "must be {\"allow\": \"read\"}")]));
    };
    let value = |name: &str| members.get(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let mut violations = Vec::new();
    let allow = value("allow").and_then(|value| Allow::ALL.into_iter().find(|allow| value.as_str() == Some(allow.name())));
    if allow.is_none() {
        violations.push(Violation::new("/allow", "must be \"read\" or \"act\""));
    }
    let ttl_seconds = match value("ttlSeconds") {
        None | Some(Value::Null) => Some(TTL_SECONDS_DEFAULT),
        Some(value) => json::whole_number(&value).and_then(|seconds| u32::try_from(seconds).ok()),
    };
    let ttl_seconds = ttl_seconds.filter(|seconds| (TTL_SECONDS_MIN..=TTL_SECONDS_MAX).contains(seconds));
    if ttl_seconds.is_none() {
        violations.push(Violation::new("/ttlSeconds", format!("must be a whole number from {TTL_SECONDS_MIN} to {TTL_SECONDS_MAX}")));
    }
    violations.extend(unknown_members(&members, &["allow", "ttlSeconds"]));
    allow.zip(ttl_seconds).filter(|_| violations.is_empty()).ok_or_else(|| ApiErrorResponse::invalid(violations))
}
