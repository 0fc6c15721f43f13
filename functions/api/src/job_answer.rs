//! An answer with one job: with an `ETag`, and with the time at which to ask again.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use headway_core::Job;
use headway_core::split::hex;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::auth::Claims;
use crate::etag;
use crate::job_status::job_status;
use crate::problem::ApiErrorResponse;

/// For how long a job is polled once a second.
const POLLED_OFTEN: TimeDelta = TimeDelta::minutes(1);
/// How often it is polled during that time, and afterwards, in seconds.
const RETRY_AFTER_OFTEN_S: u32 = 1;
const RETRY_AFTER_S: u32 = 5;
const JOB_CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, no-cache");

/// An answer with one job: its body, its `ETag`, and when to ask again.
#[derive(Debug)]
pub struct JobAnswer {
    body: Vec<u8>,
    etag: HeaderValue,
    retry_after: Option<u32>,
}

impl JobAnswer {
    /// The job at `now`, as the bearer of `claims` sees it.
    ///
    /// # Errors
    ///
    /// `internal` if it cannot be written as JSON.
    pub fn new(job: Job, claims: &Claims, now: DateTime<Utc>) -> Result<Self, ApiErrorResponse> {
        let often = now - job.created_at < POLLED_OFTEN;
        // Settling takes only seconds.
        let retry_after = match job.is_settled() {
            true => None,
            false if often || job.is_settling() => Some(RETRY_AFTER_OFTEN_S),
            false => Some(RETRY_AFTER_S),
        };
        let body = serde_json::to_vec(&job_status(job, claims, now)).map_err(ApiErrorResponse::internal)?;
        let hash = hex(&Sha256::digest(&body)[..16]);
        let etag = HeaderValue::try_from(format!("W/\"{hash}\"")).map_err(ApiErrorResponse::internal)?;
        Ok(Self { body, etag, retry_after })
    }

    /// 304 if the caller has exactly this state already; otherwise the job.
    pub fn unless_known(self, asked: &HeaderMap) -> Response {
        let known = etag::is_known(asked, &self.etag);
        let mut response = self.into_response();
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = axum::body::Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
        }
        response
    }
}

impl IntoResponse for JobAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, JOB_CACHE_CONTROL);
        headers.insert(ETAG, self.etag);
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
