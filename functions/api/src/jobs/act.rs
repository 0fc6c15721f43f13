//! What an owner can do with a job: cancel, pause, resume, retry, delete. Each request may be sent again if its answer
//! was lost.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use headway_core::limits::BODY_BYTES_MAX;
use headway_core::{Violation, cancel, delete, pause, retry};
use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::job_answer::JobAnswer;
use crate::job_status::JobStatusResponse;
use crate::jwt_extractor::JwtExtractor;
use crate::members::unknown_members;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;
use crate::{body, json};

/// The round to leave. If the same request is sent again, it does not start another round.
#[derive(Debug, ToSchema)]
pub struct RetryRequest {
    /// The job's current `round`.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub round: u32,
}

/// Cancel a job: end it as `Cancelled` at once.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/cancel",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, body = JobStatusResponse, description = "The job is cancelled: no further item begins"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "It has already ended in another way"), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn cancel_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<JobAnswer, ApiErrorResponse> {
    let job = cancel::cancel(&state.app, claims.viewer(Scope::Act)?, job_id).await?;
    JobAnswer::new(job, &claims, state.app.clock.now())
}

/// Pause a job: running items are finished, and no further items begin.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/pause",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, body = JobStatusResponse, description = "The job is paused, by this request or an earlier one"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "It has ended"), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn pause_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<JobAnswer, ApiErrorResponse> {
    let job = pause::pause(&state.app, claims.viewer(Scope::Act)?, job_id).await?;
    JobAnswer::new(job, &claims, state.app.clock.now())
}

/// Resume a paused job.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/resume",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, body = JobStatusResponse, description = "The job is not paused any more, or was not paused"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "It has ended"), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn resume_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<JobAnswer, ApiErrorResponse> {
    let job = pause::resume(&state.app, claims.viewer(Scope::Act)?, job_id).await?;
    JobAnswer::new(job, &claims, state.app.clock.now())
}

/// Start the next round of an ended job: failed items and parked chunks run again.
///
/// An unsealed job accepts parts again. If the same `round` is sent again, the job is returned as it is. Without a
/// body, the current round is left.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/retry",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    request_body(content = RetryRequest, description = "Optional"),
    responses(
        (status = 202, body = JobStatusResponse, description = "The next round has begun, by this request or an earlier one"),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "Not ended, cancelled, in another round, or nothing to retry"),
        (status = 413, body = ApiErrorResponse), (status = 415, body = ApiErrorResponse), (status = 422, body = ApiErrorResponse),
        (status = 429, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn retry_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Act, job_id).await?;
    let (parts, body) = request.into_parts();
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, body::most(&body, BODY_BYTES_MAX))).await?;
    let body = body::json_if_any(&parts.headers, body).await?;
    let round = body.map(|body| read_retry(&body)).transpose()?;
    let job = retry::retry(&state.app, &job, round).await?;
    Ok((StatusCode::ACCEPTED, JobAnswer::new(job, &claims, state.app.clock.now())?).into_response())
}

/// Delete an ended job.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{job_id}",
    tag = "jobs",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 204, description = "The job no longer exists"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "It has not ended"), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn delete_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<StatusCode, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Write, job_id).await?;
    delete::delete(&state.app, &job).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A number that no job's round reaches can be replaced by any other such number.
fn read_retry(body: &[u8]) -> Result<u32, ApiErrorResponse> {
    let Some(members) = json::object(body)? else {
        return Err(ApiErrorResponse::invalid(vec![Violation::new("", "must be an object, or there must be no body")]));
    };
    let round = members.get("round").and_then(|raw| json::whole_number(&serde_json::from_str::<Value>(raw.get()).ok()?));
    let round = round.filter(|round| *round > 0).map(|round| u32::try_from(round).unwrap_or(u32::MAX).min(u32::MAX - 1));
    let mut violations = Vec::new();
    if round.is_none() {
        violations.push(Violation::new("/round", "must be the round to leave: a whole number, 1 or more"));
    }
    violations.extend(unknown_members(&members, &["round"]));
    round.filter(|_| violations.is_empty()).ok_or_else(|| ApiErrorResponse::invalid(violations))
}
