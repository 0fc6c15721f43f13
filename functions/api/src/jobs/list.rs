//! Lists of jobs: the caller's own and, for operators, another owner's or all jobs that have not ended.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headway_core::jobs::JobQuery;
use headway_core::{JobStatus, UserId, live_jobs, status};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Claims, Scope};
use crate::job_status::{JobStatusResponse, job_status};
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::page_token::List;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::state::AppState;

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 100;
/// How much memory a job in a list takes, in bytes. Metadata or an error message may make it larger, but few have
/// those.
const JOB_BYTES: usize = 8 << 10;
/// The value of `owner` that means every owner.
const ALL_OWNERS: &str = "*";

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobList {
    /// The jobs. A page may be short or even empty.
    jobs: Vec<JobStatusResponse>,
    /// The token of the next page. Null only on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Whose jobs are listed.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    /// The jobs of one owner, newest first.
    Owner(UserId),
    /// All jobs that have not ended, the longest unchanged first.
    AllLive,
}

/// The caller's jobs, newest first.
///
/// With the scope `jobs:operate` also another owner's jobs, or all jobs that have not ended, those unchanged for
/// longest first.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    security(("jwt" = [])),
    params(
        ("status" = Option<String>, Query, description = "Only jobs with this status"),
        ("owner" = Option<String>, Query, min_length = 1, max_length = 128, description = "Jobs of this owner, or `*` for all jobs that have not ended; needs the scope jobs:operate unless it is the caller"),
        ("pageSize" = Option<u64>, Query, description = "Default 20, at most 100"),
        ("pageToken" = Option<String>, Query, max_length = 500, description = "The token from the page before"),
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
    claims.viewer(Scope::Read)?;
    let wanted = status_named(query.get("status")?)?;
    let whose = whose(&claims, query.get("owner")?)?;
    let page_size = query.page_size(PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    let (tokens, now) = (state.page_tokens().await?, state.app.clock.now());
    let (kind, owner) = match &whose {
        Whose::Owner(owner) => ("jobs", owner.as_str()),
        Whose::AllLive => ("live-jobs", ""),
    };
    let of = [wanted.map_or("", JobStatus::as_str), owner];
    let list = List { owner: &claims.owner, kind, of: &of };
    let after = query.page_token()?.map(|token| tokens.open(list, token, now)).transpose()?;
    let after = after.map(String::from_utf8).transpose().map_err(ApiErrorResponse::internal)?;
    let wanted = JobQuery { status: wanted, after, page_size };
    let room = state.budget.room(&claims.owner, page_size * JOB_BYTES).await?;
    let page = match &whose {
        Whose::Owner(owner) => status::list(&state.app, owner, &wanted).await?,
        Whose::AllLive => live_jobs::list(&state.app, &wanted).await?,
    };
    let next_page_token = page.next.map(|next| tokens.issue(list, next.as_bytes(), now)).transpose()?;
    let jobs = page.jobs.into_iter().map(|job| job_status(job, &claims, now)).collect();
    json_answer(&JobList { jobs, next_page_token }).map(|page| room.until_sent(page))
}

/// The caller's own jobs need no further scope, even if `owner` names the caller.
fn whose(claims: &Claims, owner: Option<&str>) -> Result<Whose, ApiErrorResponse> {
    let is_own = owner.is_none_or(|owner| owner == claims.owner.as_str());
    if !is_own {
        claims.require(Scope::Operate)?;
    }
    match owner {
        Some(ALL_OWNERS) if claims.has(Scope::Operate) => Ok(Whose::AllLive),
        Some(owner) if !is_own => {
            let no_owner = || ApiErrorResponse::malformed("owner is longer than 128 characters");
            UserId::new(owner).map(Whose::Owner).ok_or_else(no_owner)
        }
        _ => Ok(Whose::Owner(claims.owner.clone())),
    }
}

fn status_named(name: Option<&str>) -> Result<Option<JobStatus>, ApiErrorResponse> {
    let unknown = || ApiErrorResponse::malformed("status must be one of Pending, Processing, Completed, Failed, Cancelled");
    name.map(|name| JobStatus::parse(name).ok_or_else(unknown)).transpose()
}
