//! `/v1/jobs/{job_id}/failures`: the failed items of the current round.

pub mod groups;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::outcome::Failure;
use headway_core::records::{self, Page, Position};
use headway_core::{Job, JobError};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::csv;
use crate::jwt_extractor::JwtExtractor;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::record_pages::{Asked, Records, answer};
use crate::state::AppState;

/// An item that failed for good.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureResponse<'a> {
    /// Its index in the job.
    index: u64,
    /// Its id, if the job names an `idField`.
    #[schema(required)]
    id: Option<&'a str>,
    /// `Permanent`, `RetriesExhausted`, `Throttled`, `Unreachable`, `TimedOut`, `Crashed` or `DeadLettered`.
    kind: String,
    /// The processor's short code; if there is none, the kind.
    code: &'a str,
    /// A description for people.
    message: &'a str,
    /// How often it was attempted.
    attempts: u32,
    /// The item as it was submitted.
    #[schema(value_type = Value)]
    item: &'a RawValue,
}

/// A page of failures, in order of index.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureList<'a> {
    /// The failures. A page may be short or even empty.
    failures: Vec<FailureResponse<'a>>,
    /// The token of the next page. Null means the end, and nothing else does.
    #[schema(required)]
    next_page_token: Option<String>,
}

struct Failures;

impl Records for Failures {
    type Record = Failure;
    const KIND: &'static str = "failures";
    const COLUMNS: &'static [&'static str] = &["index", "id", "kind", "code", "message", "attempts", "item"];

    async fn page(state: &AppState, job: &Job, from: Position, limit: usize) -> Result<Page<Failure>, ApiErrorResponse> {
        records::failures(&state.app, job, from, limit).await.map_err(JobError::into)
    }

    fn json(index: u64, failure: &Failure) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&FailureResponse {
            index,
            id: failure.id.as_deref(),
            kind: failure.kind.to_string(),
            code: &failure.code,
            message: &failure.message,
            attempts: failure.attempts,
            item: &failure.item,
        })
    }

    fn push_cells(out: &mut Vec<u8>, index: u64, failure: &Failure) {
        let (index, kind, attempts) = (index.to_string(), failure.kind.to_string(), failure.attempts.to_string());
        let id = failure.id.as_deref().unwrap_or_default();
        csv::push_row(out, &[&index, id, &kind, &failure.code, &failure.message, &attempts, failure.item.get()]);
    }
}

/// Failed items of the current round, in order of index.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}/failures",
    tag = "records",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        ("format" = Option<String>, Query, description = "json (default), ndjson or csv; for ndjson and csv the next page is in the header `Link`"),
        ("pageSize" = Option<u64>, Query, description = "Default 100, at most 1,000"),
        ("pageToken" = Option<String>, Query, description = "The token from the page before; valid until a retry"),
    ),
    responses(
        (
            status = 200,
            content((FailureList<'static> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")),
            headers(("Link" = Option<String>, description = "For ndjson and csv: the query of the next page")),
        ),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_job_failures(
    State(state): State<Arc<AppState>>,
    claims: JwtExtractor,
    job: JobPath,
    query: Query,
) -> Result<Response, ApiErrorResponse> {
    answer::<Failures>(&state, Asked::read(&state, claims, job, query).await?).await
}
