//! `/v1/jobs/{job_id}/parts` and `/seal`: submits a large or streamed job part by part, and lists the ledger.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use headway_core::limits::{BODY_BYTES_MAX, ITEMS_PER_JOB_MAX, PART_BYTES_MAX, PARTS_PER_JOB_MAX};
use headway_core::part::{Part, Register};
use headway_core::submit::{PartPut, put_part, seal};
use headway_core::{Job, Violation, status};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::body::{self, Content};
use crate::job_answer::JobAnswer;
use crate::job_status::time;
use crate::json;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::members::unknown_members;
use crate::page_token::List;
use crate::path::{JobPath, PartPath};
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::state::AppState;

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 100;

/// A part of a job: up to 80 chunks, with a ledger row of their own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartResponse {
    /// Its number, from 0.
    part: u32,
    /// The index of its first item in the job.
    first_index: u64,
    /// How many items it has.
    total_items: u32,
    /// How many chunks it has.
    chunks: u16,
    /// The most items in a chunk of the job.
    #[schema(minimum = 1, maximum = 250)]
    chunk_size: u16,
    /// A hash of its items, to compare a file with it: the first 16 bytes, in hexadecimal, of a SHA-256. What is hashed:
    /// `firstIndex`, then for each chunk the number of its items, and for each item its length and its bytes. Numbers have
    /// 8 bytes, the most significant first.
    fingerprint: String,
    /// Chunks whose items are all recorded, as ranges.
    #[schema(examples("0-17,19"))]
    settled: String,
    /// Chunks that are neither settled nor parked: still to be run or, in a cancelled job, dropped. As ranges.
    #[schema(examples("18"))]
    open: String,
    /// Chunks that are kept because the job is paused or has failed, as ranges.
    #[schema(examples(""))]
    parked: String,
    /// Those of the open and parked chunks that have begun: some of their items are recorded, or may be running. As ranges.
    #[schema(examples("18"))]
    begun: String,
    /// How many items succeeded.
    processed_items: u64,
    /// How many items failed for good.
    failed_items: u64,
    /// When its row last changed.
    #[serde(serialize_with = "time")]
    updated_at: DateTime<Utc>,
}

/// A page of parts, in order of number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartList {
    /// The parts.
    parts: Vec<PartResponse>,
    /// The token of the next page. Null only on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Closes a job for further parts.
#[derive(Debug, ToSchema)]
pub struct SealRequest {
    /// How many parts the job has.
    #[schema(maximum = 1000)]
    pub parts: u32,
}

impl PartResponse {
    fn new(part: &Part, job: &Job) -> Self {
        let counts = part.counts_in(job.round);
        // Items that failed in an earlier round are pending again, even before a worker has brought the part to the
        // current round.
        let is_settled = |register: &Register| register.is_full() && (part.round == job.round || register.counts().failed == 0);
        let (settled, rest): (Vec<u16>, Vec<u16>) = (0..part.chunks).partition(|chunk| part.registers.get(chunk).is_some_and(is_settled));
        let has_begun = |register: &Register| register.is_running() || register.counts().handled() > 0;
        let begun: Vec<u16> = rest.iter().copied().filter(|chunk| part.registers.get(chunk).is_some_and(has_begun)).collect();
        // A chunk message that has not been delivered yet is parked when it is delivered.
        let (open, parked) = if job.parks() { (Vec::new(), rest) } else { (rest, Vec::new()) };
        Self {
            part: part.number,
            first_index: part.first_index,
            total_items: part.items,
            chunks: part.chunks,
            chunk_size: job.split.items_per_chunk_max,
            fingerprint: part.fingerprint.clone(),
            settled: ranges(&settled),
            open: ranges(&open),
            parked: ranges(&parked),
            begun: ranges(&begun),
            processed_items: counts.processed,
            failed_items: counts.failed,
            updated_at: part.updated_at,
        }
    }
}

/// Add a part to an unsealed job.
#[utoipa::path(
    put,
    path = "/v1/jobs/{job_id}/parts/{n}",
    tag = "parts",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        ("n" = u32, Path, maximum = 999, description = "The part's number: 0, 1, …; parts may be sent in any order, also at the same time"),
        ("firstIndex" = u64, Query, maximum = 10_000_000, description = "The index of the part's first item in the job. A part that shares indexes with a part next to it is refused"),
    ),
    request_body(content = String, content_type = "application/x-ndjson", description = "One item a line, uncompressed or gzip; at most 4,500,000 bytes both as sent and unpacked"),
    responses(
        (status = 201, body = PartResponse), (status = 200, body = PartResponse, description = "The part was already there with the same content"),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 409, body = ApiErrorResponse), (status = 413, body = ApiErrorResponse),
        (status = 415, body = ApiErrorResponse), (status = 422, body = ApiErrorResponse), (status = 429, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn put_job_part(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    PartPath(job_id, number): PartPath,
    query: Query,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Write, job_id).await?;
    let first_index = first_index(&query)?;
    let (parts, body) = request.into_parts();
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, PART_BYTES_MAX)).await?;
    let items = body::items(&body::ndjson(&parts.headers, body, Content::Part).await?)?;
    let (status, part) = match put_part(&state.app, &job, number, first_index, items).await? {
        PartPut::Created(part) => (StatusCode::CREATED, part),
        PartPut::Known(part) => (StatusCode::OK, part),
    };
    Ok((status, json_answer(&PartResponse::new(&part, &job))?).into_response())
}

/// Seal a job: no more parts will follow.
#[utoipa::path(
    post,
    path = "/v1/jobs/{job_id}/seal",
    tag = "parts",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    request_body = SealRequest,
    responses(
        (status = 200, body = crate::job_status::JobStatusResponse),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 409, body = ApiErrorResponse), (status = 413, body = ApiErrorResponse),
        (status = 415, body = ApiErrorResponse), (status = 422, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn seal_job(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    request: Request,
) -> Result<JobAnswer, ApiErrorResponse> {
    let job = state.owned(&claims, Scope::Write, job_id).await?;
    let (parts, body) = request.into_parts();
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, BODY_BYTES_MAX)).await?;
    let SealRequest { parts } = read_seal(&body::json(&parts.headers, body, Content::Options).await?)?;
    let job = seal(&state.app, &job, parts).await?;
    JobAnswer::new(job, &claims, state.app.clock.now())
}

/// The job's parts: its ledger.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}/parts",
    tag = "parts",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        ("pageSize" = Option<u64>, Query, description = "Default 20, at most 100"),
        ("pageToken" = Option<String>, Query, max_length = 500, description = "The token from the page before"),
    ),
    responses(
        (status = 200, body = PartList),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_job_parts(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    query: Query,
) -> Result<Response, ApiErrorResponse> {
    let job = status::get(&state.app, claims.viewer(Scope::Read)?, job_id).await?;
    let page_size = query.page_size(PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    let (tokens, now) = (state.page_tokens().await?, state.app.clock.now());
    let of = [job.id.to_string(), job.round.to_string()];
    let list = List { owner: &claims.owner, kind: "parts", of: &[&of[0], &of[1]] };
    let from = query.page_token()?.map(|token| tokens.open(list, token, now)).transpose()?;
    let from = from.and_then(|position| position.try_into().ok()).map_or(0, u32::from_be_bytes);
    let (parts, next) = status::parts(&state.app, &job, from, page_size).await?;
    let next_page_token = next.map(|next| tokens.issue(list, &next.to_be_bytes(), now)).transpose()?;
    let parts = parts.iter().map(|part| PartResponse::new(part, &job)).collect();
    json_answer(&PartList { parts, next_page_token })
}

/// An index beyond the largest possible job is refused, so that no sum can overflow.
fn first_index(query: &Query) -> Result<u64, ApiErrorResponse> {
    let index = query.number("firstIndex")?;
    let index = index.ok_or_else(|| ApiErrorResponse::malformed("the query parameter firstIndex is missing"))?;
    if index <= ITEMS_PER_JOB_MAX {
        return Ok(index);
    }
    let detail = format!("firstIndex is too large: a job has at most {ITEMS_PER_JOB_MAX} items");
    Err(ApiErrorResponse::invalid(vec![Violation::new("", detail)]))
}

fn read_seal(body: &[u8]) -> Result<SealRequest, ApiErrorResponse> {
    let Some(members) = json::object(body)? else {
        return Err(ApiErrorResponse::invalid(vec![Violation::new("", "must be {\"parts\": n}")]));
    };
    let value = members.get("parts").and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let parts = value.and_then(|value| json::whole_number(&value)?.try_into().ok()).filter(|n| *n <= PARTS_PER_JOB_MAX);
    let mut violations = Vec::new();
    if parts.is_none() {
        violations.push(Violation::new("/parts", format!("must be a whole number from 0 to {PARTS_PER_JOB_MAX}")));
    }
    violations.extend(unknown_members(&members, &["parts"]));
    parts.filter(|_| violations.is_empty()).map(|parts| SealRequest { parts }).ok_or_else(|| ApiErrorResponse::invalid(violations))
}

/// Ascending numbers as ranges: `0-17,19`.
fn ranges(numbers: &[u16]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let text = |run: &[u16]| match run {
        [only] => only.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    };
    runs.map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People read this text and scripts parse it.
    #[test]
    fn consecutive_numbers_are_one_range() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[0]), "0");
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
    }
}
