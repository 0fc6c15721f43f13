//! `/v1/jobs`: starting a job, listing, looking.

pub mod act;
mod start;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use headway::jobs::JobQuery;
use headway::submit::{RequestKey, start_job};
use headway::{Job, JobStatus, status};
use http::header::{HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::auth::{Claims, Scope};
use crate::body;
use crate::job_status::{JobAnswer, JobStatusResponse};
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::page_token::List;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::state::AppState;

pub use start::StartJobRequest;

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 100;
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobList {
    /// The jobs. A page can be short or empty.
    jobs: Vec<JobStatusResponse>,
    /// Where to go on; only null is the end.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Start a job.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    security(("jwt" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters; makes the request safe to send again")),
    request_body = StartJobRequest,
    responses(
        (
            status = 202,
            body = JobStatusResponse,
            description = "Every chunk is in the queue",
            headers(("Location" = String, description = "Where the job is, from here"), ("ETag" = String), ("Retry-After" = u32)),
        ),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 413, body = ApiErrorResponse), (status = 415, body = ApiErrorResponse), (status = 422, body = ApiErrorResponse),
        (status = 429, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn post_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    claims.require(Scope::Write)?;
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let body = body::json(&parts.headers, body).await?;
    let key = key.map(|key| RequestKey { key_hash: sha256_hex(key.as_bytes()), fingerprint: sha256_hex(&body) });
    let submission = start::read(&body)?.into_submission(&claims, key);
    let job = start_job(&state.app, submission).await?;
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
        ("If-None-Match" = Option<String>, Header, description = "The ETag of the state the caller has"),
    ),
    responses(
        (
            status = 200,
            body = JobStatusResponse,
            headers(("ETag" = String), ("Retry-After" = Option<u32>, description = "When to ask again, until it has ended")),
        ),
        (status = 304, description = "The caller has this state"),
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
    claims.require(Scope::Read)?;
    let job = status::get(&state.app, &claims.owner, job_id).await?;
    Ok(JobAnswer::new(job, &claims, state.app.clock.now())?.unless_known(&headers))
}

/// The owner's jobs, newest first.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    security(("jwt" = [])),
    params(
        ("status" = Option<String>, Query, description = "Only jobs of this status"),
        ("pageSize" = Option<u64>, Query, description = "20 unless said, at most 100"),
        ("pageToken" = Option<String>, Query, description = "Where an earlier page ended"),
    ),
    responses(
        (status = 200, body = JobList),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_jobs(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    query: Query,
) -> Result<Response, ApiErrorResponse> {
    claims.require(Scope::Read)?;
    let wanted = status_named(query.get("status")?)?;
    if query.get("owner")?.is_some_and(|owner| owner != claims.owner.as_str()) {
        return Err(ApiErrorResponse::scope(Scope::Operate.name()));
    }
    let page_size = query.page_size(PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    let (tokens, now) = (state.page_tokens().await?, state.app.clock.now());
    let filter = [wanted.map_or("", JobStatus::as_str)];
    let list = List { owner: &claims.owner, kind: "jobs", of: &filter };
    let after = query.page_token()?.map(|token| tokens.open(list, token, now)).transpose()?;
    let after = after.map(String::from_utf8).transpose().map_err(ApiErrorResponse::internal)?;
    let page = status::list(&state.app, &claims.owner, &JobQuery { status: wanted, after, page_size }).await?;
    let next_page_token = page.next.map(|next| tokens.issue(list, next.as_bytes(), now)).transpose()?;
    let jobs = page.jobs.into_iter().map(|job| JobStatusResponse::new(job, &claims)).collect();
    json_answer(&JobList { jobs, next_page_token })
}

/// 202, with where the job is from here.
fn accepted(state: &AppState, claims: &Claims, job: Job) -> Result<Response, ApiErrorResponse> {
    let location = HeaderValue::try_from(format!("jobs/{}", job.id)).map_err(ApiErrorResponse::internal)?;
    let mut response = JobAnswer::new(job, claims, state.app.clock.now())?.into_response();
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// One pair of quotes is ignored, as some clients send the header as a structured field.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiErrorResponse> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=headway::limits::IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len());
    if !fits || !text.bytes().all(|b| b.is_ascii_graphic()) || values.next().is_some() {
        return Err(ApiErrorResponse::malformed("Idempotency-Key is not one text of 1 to 255 visible ASCII characters"));
    }
    Ok(Some(text.to_owned()))
}

fn status_named(name: Option<&str>) -> Result<Option<JobStatus>, ApiErrorResponse> {
    let unknown = || ApiErrorResponse::malformed("status is not one of Pending, Processing, Completed, Failed, Cancelled");
    name.map(|name| JobStatus::parse(name).ok_or_else(unknown)).transpose()
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
