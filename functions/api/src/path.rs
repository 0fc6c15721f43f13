//! Ids in paths. A text that is not an id names no job: 404, worded exactly as for a job that does not exist.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path};
use headway_core::JobId;
use http::request::Parts;

use crate::problem::ApiErrorResponse;

/// `{job_id}`: a UUID in lower case.
#[derive(Debug, Clone, Copy)]
pub struct JobPath(pub JobId);

/// `{job_id}` and `{n}`: a part's number without sign or leading zero.
#[derive(Debug, Clone, Copy)]
pub struct PartPath(pub JobId, pub u32);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = ApiErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let names = names(parts, state).await?;
        names.get("job_id").and_then(|id| JobId::parse(id)).map(Self).ok_or_else(no_job)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PartPath {
    type Rejection = ApiErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let JobPath(job) = JobPath::from_request_parts(parts, state).await?;
        let names = names(parts, state).await?;
        let number = names.get("n").filter(|text| is_plain_number(text)).and_then(|text| text.parse().ok());
        number.map(|number| Self(job, number)).ok_or_else(|| ApiErrorResponse::not_found("Part"))
    }
}

async fn names<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<BTreeMap<String, String>, ApiErrorResponse> {
    Path::from_request_parts(parts, state).await.map(|Path(names)| names).map_err(|_| no_job())
}

fn no_job() -> ApiErrorResponse {
    ApiErrorResponse::not_found("Job")
}

fn is_plain_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}
