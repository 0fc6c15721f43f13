//! `/v1/jobs/{job_id}/results`: the outputs of items, also while the job runs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::outcome::OutputRecord;
use headway_core::records::{self, Page, Position};
use headway_core::{Job, JobError};
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

/// The output of an item.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultResponse<'a> {
    /// Its index in the job.
    index: u64,
    /// Its id, if the job names an `idField`.
    #[schema(required)]
    id: Option<&'a str>,
    /// Its output as the processor returned it.
    #[schema(value_type = Option<Value>, required)]
    output: Option<&'a RawValue>,
    /// True if the output was too large to keep.
    output_omitted: bool,
}

/// A page of results, in order of index.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultList<'a> {
    /// The results. A page may be short or even empty.
    results: Vec<ResultResponse<'a>>,
    /// The token of the next page. While the job runs, or is `settling`, that page has the results that come next. Null only on
    /// the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

pub(crate) struct Results;

impl Records for Results {
    type Record = OutputRecord;
    const KIND: &'static str = "results";
    const COLUMNS: &'static [&'static str] = &["index", "id", "output"];
    const VALUES: &'static str = "outputs";
    const BEFORE_VALUES: &'static [&'static str] = &["_index", "_id"];

    async fn page(state: &AppState, job: &Job, from: Position, limit: usize) -> Result<Page<OutputRecord>, ApiErrorResponse> {
        records::results(&state.app, job, from, limit).await.map_err(JobError::into)
    }

    fn json(index: u64, record: &OutputRecord) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&ResultResponse {
            index,
            id: record.id.as_deref(),
            output: record.output.as_deref(),
            output_omitted: record.output.is_none(),
        })
    }

    fn push_cells(out: &mut Vec<u8>, index: u64, record: &OutputRecord, written: Cells) {
        let output = record.output.as_ref().map_or("", |output| output.get());
        csv::push_row(out, &[&index.to_string(), record.id.as_deref().unwrap_or_default(), output], written);
    }

    fn value(record: &OutputRecord) -> Option<&RawValue> {
        record.output.as_deref()
    }

    fn before_value(index: u64, record: &OutputRecord) -> Vec<String> {
        vec![index.to_string(), record.id.clone().unwrap_or_default()]
    }
}

/// Outputs of items, in order of index. While the job runs, or is `settling`, up to the first chunk that is not done.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}/results",
    tag = "records",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        RecordPageParams,
        ("columns" = Option<String>, Query, description = "csv: `outputs` for the outputs in columns of their own, after _index and _id"),
        ("names" = Option<String>, Query, min_length = 2, description = "With `columns`: the columns, as a JSON array. Without it they are found in the first 50,000 results; the header `Link` names them. If there are more results, or the job still runs, there is also `_item`, for members that have no column"),
    ),
    responses(
        (
            status = 200,
            content((ResultList<'static> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")),
            headers(
                ("Link" = Option<String>, description = "For ndjson and csv: the query of the next page"),
                ("Headway-More" = Option<bool>, description = "For ndjson and csv: true if there is a next page"),
            ),
        ),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse), (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn list_job_results(
    State(state): State<Arc<AppState>>,
    claims: JwtExtractor,
    job: JobPath,
    query: Query,
) -> Result<Response, ApiErrorResponse> {
    answer::<Results>(&state, Asked::read(&state, claims, job, query).await?).await
}
