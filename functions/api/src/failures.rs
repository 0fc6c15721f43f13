//! `/v1/jobs/{job_id}/failures`: the failed items of the current round.

pub mod groups;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::Job;
use headway_core::outcome::Failure;
use headway_core::records::{self, Page, Position};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::csv::{self, Cells};
use crate::jwt_extractor::JwtExtractor;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::record_kind::Records;
use crate::record_pages::{Asked, RecordPageParams, answer};
use crate::state::AppState;

/// An item that failed for good.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
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
    /// The item with the value that failed.
    #[schema(value_type = Value)]
    item: &'a RawValue,
    /// True if it has a new value, which the next retry runs.
    corrected: bool,
    /// The new value, if it has one.
    #[schema(value_type = Option<Value>, required)]
    new_item: Option<&'a RawValue>,
}

/// A page of failures, in order of index.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureList<'a> {
    /// The failures. A page may be short or even empty.
    failures: Vec<FailureResponse<'a>>,
    /// The token of the next page. Null only on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// A failed item, and its new value.
pub(crate) struct FailedItem {
    failure: Failure,
    new_item: Option<Box<RawValue>>,
}

pub(crate) struct Failures;

impl Records for Failures {
    type Record = FailedItem;
    const KIND: &'static str = "failures";
    const COLUMNS: &'static [&'static str] = &["index", "id", "kind", "code", "message", "attempts", "item"];
    const VALUES: &'static str = "items";
    const BEFORE_VALUES: &'static [&'static str] = &["_index", "_id", "_error"];

    async fn page(state: &AppState, job: &Job, from: Position, limit: usize) -> Result<Page<FailedItem>, ApiErrorResponse> {
        let page = records::failures(&state.app, job, from, limit).await?;
        let mut values = records::new_values(&state.app, job, from, &page).await?;
        let failed = |(index, failure)| (index, FailedItem { failure, new_item: values.remove(&index) });
        Ok(Page { records: page.records.into_iter().map(failed).collect(), next: page.next })
    }

    fn json(index: u64, FailedItem { failure, new_item }: &FailedItem) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&FailureResponse {
            index,
            id: failure.id.as_deref(),
            kind: failure.kind.to_string(),
            code: &failure.code,
            message: &failure.message,
            attempts: failure.attempts,
            item: &failure.item,
            corrected: new_item.is_some(),
            new_item: new_item.as_deref(),
        })
    }

    fn push_cells(out: &mut Vec<u8>, index: u64, FailedItem { failure, .. }: &FailedItem, written: Cells) {
        let (index, kind, attempts) = (index.to_string(), failure.kind.to_string(), failure.attempts.to_string());
        let id = failure.id.as_deref().unwrap_or_default();
        csv::push_row(out, &[&index, id, &kind, &failure.code, &failure.message, &attempts, failure.item.get()], written);
    }

    fn value(FailedItem { failure, .. }: &FailedItem) -> Option<&RawValue> {
        Some(&failure.item)
    }

    fn before_value(index: u64, FailedItem { failure, .. }: &FailedItem) -> Vec<String> {
        vec![index.to_string(), failure.id.clone().unwrap_or_default(), failure.message.clone()]
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
        RecordPageParams,
        ("columns" = Option<String>, Query, description = "csv: `items` for the items in columns of their own, after _index, _id and _error"),
        ("names" = Option<String>, Query, min_length = 2, description = "With `columns`: the columns, as a JSON array. Without it they are found in the first 50,000 failures; the header `Link` names them. If there are more failures, or the job still runs, there is also `_item`, for members that have no column"),
    ),
    responses(
        (
            status = 200,
            content((FailureList<'static> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")),
            headers(
                ("Link" = Option<String>, description = "For ndjson and csv: the query of the next page"),
                ("Headway-More" = Option<bool>, description = "For ndjson and csv: true if there is a next page"),
            ),
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
