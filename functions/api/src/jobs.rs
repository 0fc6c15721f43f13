//! `/v1/jobs`: starts a job and returns a job's status.

pub mod act;
pub mod list;
mod start;
pub mod token;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use headway_core::limits::BODY_BYTES_MAX;
use headway_core::split::hex;
use headway_core::submit::{Planned, RequestKey, start_with, validate};
use headway_core::{Job, prices, status};
use http::header::{HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::auth::{Claims, Scope};
use crate::body::{self, Content};
use crate::job_answer::JobAnswer;
use crate::job_status::JobStatusResponse;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::state::AppState;

pub use start::StartJobRequest;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What a job would become.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedResponse {
    /// How many chunks. If the items follow as parts, as many as `expectedItems` would take.
    chunks: u64,
    /// What it would cost and how long it would take.
    estimate: EstimateDocument,
}

/// What a job would cost and how long it would take, at 1 ms an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
pub struct EstimateDocument {
    /// US dollars on AWS, as a decimal number.
    #[schema(examples("0.000412"))]
    usd: String,
    /// Seconds, if the items ran one after the other.
    seconds: f64,
}

impl From<Planned> for PlannedResponse {
    fn from(planned: Planned) -> Self {
        let estimate = EstimateDocument { usd: prices::decimal(planned.usd), seconds: planned.seconds };
        Self { chunks: planned.chunks, estimate }
    }
}

/// Start a job.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    security(("jwt" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]*[!#-~][!-~]*$", description = "1 to 255 visible ASCII characters; with it the request can safely be sent again"),
        ("validateOnly" = Option<bool>, Query, description = "true: everything except the owner's quotas is checked, and no job is created"),
    ),
    request_body = StartJobRequest,
    responses(
        (status = 200, body = PlannedResponse, description = "With validateOnly: the job could be started"),
        (
            status = 202,
            body = JobStatusResponse,
            description = "The job is accepted: every chunk is in the queue",
            headers(("Location" = String, description = "The job's URL, relative to this request"), ("ETag" = String), ("Retry-After" = u32)),
        ),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 413, body = ApiErrorResponse), (status = 415, body = ApiErrorResponse), (status = 422, body = ApiErrorResponse),
        (status = 429, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn post_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    query: Query,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    claims.require(Scope::Write)?;
    let validate_only = query.flag("validateOnly")?;
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, BODY_BYTES_MAX)).await?;
    let body = body::json(&parts.headers, body, Content::Job).await?;
    let key = key.map(|key| RequestKey { key_hash: sha256_hex(key.as_bytes()), fingerprint: sha256_hex(&body) });
    let submission = start::read(&body, &state.app.callbacks)?.into_submission(&claims, key);
    let info = state.app.processors.find(&submission.processor).await?;
    state.params_schemas.check(&submission.user_id, &info, &submission.params).await?;
    if validate_only {
        return json_answer(&PlannedResponse::from(validate(&state.app, &info, submission).await?));
    }
    let job = start_with(&state.app, &info, submission).await?;
    accepted(&state, &claims, job)
}

/// A job's status.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}",
    tag = "jobs",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the state that the caller has"),
    ),
    responses(
        (
            status = 200,
            body = JobStatusResponse,
            headers(("ETag" = String), ("Retry-After" = Option<u32>, description = "When to ask again, while the job has not ended")),
        ),
        (status = 304, description = "The caller has this state already"),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn get_job_status(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    headers: HeaderMap,
) -> Result<Response, ApiErrorResponse> {
    let job = status::get(&state.app, claims.viewer(Scope::Read)?, job_id).await?;
    Ok(JobAnswer::new(job, &claims, state.app.clock.now())?.unless_known(&headers))
}

/// 202, with the job's location relative to this request.
fn accepted(state: &AppState, claims: &Claims, job: Job) -> Result<Response, ApiErrorResponse> {
    let location = HeaderValue::try_from(format!("jobs/{}", job.id)).map_err(ApiErrorResponse::internal)?;
    let mut response = JobAnswer::new(job, claims, state.app.clock.now())?.into_response();
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// A pair of quotes around the key is ignored: some clients send the header as a structured field.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiErrorResponse> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=headway_core::limits::IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len());
    let is_visible = text.bytes().all(|b| b.is_ascii_graphic());
    let is_quotes_only = text.bytes().all(|b| b == b'"');
    if !fits || !is_visible || is_quotes_only || values.next().is_some() {
        return Err(ApiErrorResponse::malformed(
            "Idempotency-Key must be one text of 1 to 255 visible ASCII characters, and not only quotes",
        ));
    }
    Ok(Some(text.to_owned()))
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}
