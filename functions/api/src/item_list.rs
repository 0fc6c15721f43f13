//! `GET /v1/jobs/{job_id}/items`: every item of a job with what became of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::Job;
use headway_core::corrections::CorrectionUse;
use headway_core::item_states::{ItemState, ItemStatus, item_states};
use headway_core::records::{Page, Position};
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

/// An item with its status, and its failure or its output.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemResponse<'a> {
    /// Its index in the job.
    index: u64,
    /// Its id, if the job names an `idField`. It is known only of items that failed or have an output.
    #[schema(required)]
    id: Option<&'a str>,
    /// `Processed`, `Failed`, `Pending` (in an ended job: it never ran in this round), or `Unknown`: processed without an
    /// output or pending, and the ledger does not say which. That occurs while not everything has run: in a running job, and
    /// in one that ended before.
    status: &'static str,
    /// `Used` if a retry has run the item with a corrected value: then status, error and output are those of the new value.
    /// `Waiting` if the next retry will do so.
    #[schema(required)]
    correction: Option<&'static str>,
    /// If it failed: why, as in the list of failures.
    #[schema(required)]
    kind: Option<String>,
    /// If it failed: the processor's short code, or the kind.
    #[schema(required)]
    code: Option<&'a str>,
    /// If it failed: a description for people.
    #[schema(required)]
    message: Option<&'a str>,
    /// If it failed: how often it was attempted.
    #[schema(required)]
    attempts: Option<u32>,
    /// Its output, if it has one. An output may be null itself: then `hasOutput` is true.
    #[schema(value_type = Option<Value>, required)]
    output: Option<&'a RawValue>,
    /// True if `output` is the item's output. False if there is none, or if it was too large to keep.
    has_output: bool,
    /// True if it had an output that was too large to keep.
    output_omitted: bool,
}

/// A page of items, in order of index.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemList<'a> {
    /// The items. A page may be short or even empty.
    items: Vec<ItemResponse<'a>>,
    /// The token of the next page. Null only on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// The name of a status.
pub(crate) const fn status_name(status: ItemStatus) -> &'static str {
    match status {
        ItemStatus::Processed => "Processed",
        ItemStatus::Failed => "Failed",
        ItemStatus::Pending => "Pending",
        ItemStatus::Unknown => "Unknown",
    }
}

/// The name of a correction's use.
pub(crate) const fn correction_name(correction: CorrectionUse) -> &'static str {
    match correction {
        CorrectionUse::Waiting => "Waiting",
        CorrectionUse::Used => "Used",
    }
}

impl<'a> ItemResponse<'a> {
    fn of(index: u64, state: &'a ItemState) -> Self {
        let ItemState { status, correction, failure, output } = state;
        let id = failure.as_ref().map(|failure| &failure.id).or_else(|| output.as_ref().map(|output| &output.id));
        Self {
            index,
            id: id.and_then(|id| id.as_deref()),
            status: status_name(*status),
            correction: correction.map(correction_name),
            kind: failure.as_ref().map(|failure| failure.kind.to_string()),
            code: failure.as_ref().map(|failure| failure.code.as_str()),
            message: failure.as_ref().map(|failure| failure.message.as_str()),
            attempts: failure.as_ref().map(|failure| failure.attempts),
            output: output.as_ref().and_then(|record| record.output.as_deref()),
            has_output: output.as_ref().is_some_and(|record| record.output.is_some()),
            output_omitted: output.as_ref().is_some_and(|record| record.output.is_none()),
        }
    }

    /// The cells before the output's.
    fn cells(&self) -> [String; 8] {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        [
            self.index.to_string(),
            text(self.id),
            self.status.to_owned(),
            text(self.correction),
            text(self.kind.as_deref()),
            text(self.code),
            text(self.message),
            self.attempts.map(|attempts| attempts.to_string()).unwrap_or_default(),
        ]
    }
}

struct Items;

impl Records for Items {
    type Record = ItemState;
    const KIND: &'static str = "items";
    const COLUMNS: &'static [&'static str] = &["index", "id", "status", "correction", "kind", "code", "message", "attempts", "output"];
    const VALUES: &'static str = "outputs";
    const BEFORE_VALUES: &'static [&'static str] = &["_index", "_id", "_status", "_correction", "_kind", "_code", "_error", "_attempts"];

    async fn page(state: &AppState, job: &Job, from: Position, limit: usize) -> Result<Page<ItemState>, ApiErrorResponse> {
        Ok(item_states(&state.app, job, from, limit).await?)
    }

    fn json(index: u64, state: &ItemState) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&ItemResponse::of(index, state))
    }

    fn push_cells(out: &mut Vec<u8>, index: u64, state: &ItemState, written: Cells) {
        let item = ItemResponse::of(index, state);
        let output = item.output.map(|output| output.get().to_owned()).unwrap_or_default();
        let cells: Vec<String> = item.cells().into_iter().chain([output]).collect();
        csv::push_row(out, &cells, written);
    }

    fn value(state: &ItemState) -> Option<&RawValue> {
        state.output.as_ref().and_then(|record| record.output.as_deref())
    }

    fn before_value(index: u64, state: &ItemState) -> Vec<String> {
        ItemResponse::of(index, state).cells().to_vec()
    }
}

/// Every item of the job with its status, its failure or its output, in order of index.
///
/// While the job runs, each page shows the state at its own time. If the job has ended and is not `settling`, the statuses add
/// up to the job's counts, and all pages are of the same round: a retry makes the page tokens invalid.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}/items",
    tag = "records",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        RecordPageParams,
        ("columns" = Option<String>, Query, description = "csv: `outputs` for the outputs in columns of their own, after _index, _id, _status, _correction, _kind, _code, _error and _attempts"),
        ("names" = Option<String>, Query, min_length = 2, description = "With `columns`: the columns, as a JSON array. Without it they are found in the first 50,000 items; the header `Link` names them. If there are more items, or the job still runs, there is also `_item`, for members that have no column"),
    ),
    responses(
        (
            status = 200,
            content((ItemList<'static> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")),
            headers(
                ("Link" = Option<String>, description = "For ndjson and csv: the query of the next page"),
                ("Headway-More" = Option<bool>, description = "For ndjson and csv: true if there is a next page"),
            ),
        ),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_job_items(
    State(state): State<Arc<AppState>>,
    claims: JwtExtractor,
    job: JobPath,
    query: Query,
) -> Result<Response, ApiErrorResponse> {
    answer::<Items>(&state, Asked::read(&state, claims, job, query).await?).await
}
