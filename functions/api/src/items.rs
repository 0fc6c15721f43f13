//! `PATCH /v1/jobs/{job_id}/items`: gives failed items new values, which the next retry runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use headway_core::correct::{Conditions, Correction, correct_under};
use headway_core::limits::PART_BYTES_MAX;
use headway_core::{JobError, Violation};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::body::{self, Content, Line};
use crate::json;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::state::AppState;

/// How many items were corrected.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectedResponse {
    /// How many items the request corrected, also if it is repeated.
    corrected: usize,
}

/// Correct failed items of an ended job: the next retry runs their new values.
///
/// Each line is `{"index": 17, "item": …}`. The last value of an item counts; if several people may correct the job, send
/// `replace=false` and the `round` whose failures were corrected: then nobody's values are lost without a word. Until the retry the failure is listed with
/// the value that failed. While `settling` is true, items that have failed already can be corrected.
#[utoipa::path(
    patch,
    path = "/v1/jobs/{job_id}/items",
    tag = "records",
    security(("jwt" = [])),
    params(
        ("job_id" = Uuid, Path, description = "The job"),
        ("round" = Option<u64>, Query, minimum = 1, description = "The round whose failures are corrected; in another round the answer is 409"),
        ("replace" = Option<bool>, Query, description = "false: items that have another new value already, which no retry has used yet, are refused with 422"),
    ),
    request_body(content = String, content_type = "application/x-ndjson", description = "One correction a line, uncompressed or gzip; at most 4,500,000 bytes both as sent and unpacked, and 50,000 lines"),
    responses(
        (status = 200, body = CorrectedResponse),
        (status = 400, body = ApiErrorResponse), (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse),
        (status = 404, body = ApiErrorResponse),
        (status = 409, body = ApiErrorResponse, description = "Not ended, cancelled, in another round, or retried meanwhile: then some of the new values may have been used"),
        (status = 413, body = ApiErrorResponse), (status = 415, body = ApiErrorResponse),
        (status = 422, body = ApiErrorResponse, description = "Lines that are no corrections, whose items have not failed, or have another new value that is not to be replaced; nothing is corrected"),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn correct_items(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
    query: Query,
    request: Request,
) -> Result<Response, ApiErrorResponse> {
    let conditions = conditions(&query)?;
    let job = state.owned(&claims, Scope::Act, job_id).await?;
    let (parts, body) = request.into_parts();
    let _room = state.budget.room(&claims.owner, body::bytes_held(&parts.headers, PART_BYTES_MAX)).await?;
    let lines = body::lines(&body::ndjson(&parts.headers, body, Content::Corrections).await?, CORRECTION_DEPTH_MAX)?;
    let corrections = read(&lines)?;
    let corrected = match correct_under(&state.app, &job, corrections, conditions).await {
        Err(JobError::Invalid(violations)) => return Err(ApiErrorResponse::invalid(with_lines(violations, &lines))),
        answer => answer?,
    };
    json_answer(&CorrectedResponse { corrected })
}

fn conditions(query: &Query) -> Result<Conditions, ApiErrorResponse> {
    let round = query.number("round")?.map(|round| u32::try_from(round).unwrap_or(u32::MAX));
    let replaces = match query.get("replace")? {
        None => true,
        Some(_) => query.flag("replace")?,
    };
    Ok(Conditions { round, replaces })
}

/// An item may be nested as deep as when it was submitted, and is one level deeper here.
const CORRECTION_DEPTH_MAX: usize = headway_core::limits::ITEM_DEPTH_MAX + 1;

/// The corrections in these lines.
fn read(lines: &[Line]) -> Result<Vec<Correction>, ApiErrorResponse> {
    let (mut corrections, mut violations) = (Vec::with_capacity(lines.len()), Vec::new());
    for (place, line) in lines.iter().enumerate() {
        match correction(&line.value) {
            Ok(correction) => corrections.push(correction),
            Err(detail) => violations.push(Violation::new(format!("/{place}"), detail)),
        }
        if violations.len() == headway_core::limits::VIOLATIONS_MAX {
            break;
        }
    }
    if violations.is_empty() { Ok(corrections) } else { Err(ApiErrorResponse::invalid(with_lines(violations, lines))) }
}

fn correction(line: &RawValue) -> Result<Correction, &'static str> {
    const SHAPE: &str = "must be {\"index\": 17, \"item\": …}";
    let members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(line.get()).map_err(|_| SHAPE)?;
    let index = members.get("index").ok_or(SHAPE)?;
    let item = members.get("item").ok_or(SHAPE)?;
    if members.len() > 2 {
        return Err("must have no member but `index` and `item`");
    }
    let index = serde_json::from_str(index.get()).ok().and_then(|index| json::whole_number(&index));
    let index = index.ok_or("`index` must be a whole number: the item's index in the job")?;
    Ok(Correction { index, item: item.clone() })
}

/// The violations, with the lines of the body that they are about.
fn with_lines(violations: Vec<Violation>, lines: &[Line]) -> Vec<Violation> {
    let line = |pointer: &str| lines.get(pointer.strip_prefix('/')?.parse::<usize>().ok()?).map(|line| line.number);
    let with_line = |violation: Violation| match line(&violation.pointer) {
        Some(number) => Violation { detail: format!("line {number}: {}", violation.detail), ..violation },
        None => violation,
    };
    violations.into_iter().map(with_line).collect()
}
