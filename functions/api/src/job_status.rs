//! `JobStatusResponse`: a job as callers see it, the seed's eight fields first.

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use headway_core::waiting::WaitingFor;
use headway_core::{Job, JobStatus, Percentage, ToleratedFailures};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Claims, Scope};
use crate::problem::ApiErrorResponse;

/// How long a job is polled once a second.
const POLLED_OFTEN: TimeDelta = TimeDelta::minutes(1);
/// How often it is polled then, and from then on, in seconds.
const RETRY_AFTER_OFTEN_S: u32 = 1;
const RETRY_AFTER_S: u32 = 5;
/// How long what items waited for is shown after its time: a message that is due is seldom delivered at once.
const SHOWN_AFTER_WAIT: TimeDelta = TimeDelta::minutes(1);
/// No rate is told of a shorter span.
const RATE_SPAN_MIN: TimeDelta = TimeDelta::seconds(2);
const JOB_CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A job. `processedItems`, `failedItems` and `pendingItems` add up to `totalItems`, always.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobStatusResponse {
    /// A UUID v4.
    pub id: Uuid,
    /// `Pending`, `Processing`, `Completed`, `Failed` or `Cancelled`.
    #[schema(examples("Processing"))]
    pub status: String,
    /// 100 × (processed + failed) / total, not rounded; 0 without items; `Completed` is 100. Until `sealed` it is a share of
    /// the `expectedItems`, less than 100, and 0 if none were given.
    pub progress_percentage: f64,
    /// All items; grows until `sealed`.
    pub total_items: u64,
    /// Items that succeeded.
    pub processed_items: u64,
    /// The failure that ended it, or why the system did; in `Failed` only.
    #[schema(required)]
    pub error_message: Option<String>,
    /// When it was started.
    #[serde(serialize_with = "time")]
    pub created_at: DateTime<Utc>,
    /// When it ended, however.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
    /// Items that failed for good.
    pub failed_items: u64,
    /// The rest.
    pub pending_items: u64,
    /// The processor's name.
    pub processor: String,
    /// 1, and one more with each retry.
    pub round: u32,
    /// Whether all its parts are there.
    pub sealed: bool,
    /// Whether it is held.
    pub paused: bool,
    /// When its first item was begun.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When anything of it last changed.
    #[serde(serialize_with = "time")]
    pub updated_at: DateTime<Utc>,
    /// When an ended job is deleted.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Items handled a second, since the round's start or the last resume, one decimal.
    #[schema(required)]
    pub items_per_second: Option<f64>,
    /// When it ends at that rate; null until sealed.
    #[serde(serialize_with = "time_or_null")]
    #[schema(required)]
    pub estimated_completion_at: Option<DateTime<Utc>>,
    /// What the caller can do now.
    #[schema(value_type = Vec<String>, examples(json!(["cancel", "pause"])))]
    pub actions: Vec<&'static str>,
    /// How many failures it bears.
    pub tolerated_failures: ToleratedFailuresDocument,
    /// The caller's own pairs.
    #[schema(value_type = Option<Object>, required)]
    pub metadata: Option<Box<RawValue>>,
    /// The subject that started it.
    pub created_by: String,
    /// The endpoint told of its end.
    #[schema(required)]
    pub callback: Option<String>,
    /// Whether that endpoint was told: `Waiting`, `Delivered` or `GivenUp`.
    #[schema(required)]
    pub callback_state: Option<String>,
    /// What it cost so far; for operators only.
    #[schema(value_type = Option<Object>, required)]
    pub cost: Option<()>,
    /// Whether it has ended and items that were under way are still being counted. Once this is false no number changes
    /// but by a retry.
    pub settling: bool,
    /// Why items wait; null if none does, or it is not known.
    #[schema(required)]
    pub waiting_for: Option<WaitingForDocument>,
    /// Of `pendingItems`, those that failed for now and wait to be tried again.
    pub retrying_items: u64,
    /// Failed items that were given a new value, which the next retry uses.
    pub corrected_items: u64,
    /// This job's own limits.
    #[schema(value_type = Option<Object>, required)]
    pub limits: Option<()>,
}

/// What items wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WaitingFor)]
pub struct WaitingForDocument {
    /// What holds them up: an endpoint or a processor, by name.
    pub limit: String,
    /// `rate`, `throttled` or `unreachable`.
    #[schema(value_type = String, examples("throttled"))]
    pub reason: &'static str,
    /// When the first of them is tried again.
    #[serde(serialize_with = "time")]
    pub until: DateTime<Utc>,
    /// What was last heard; null to operators, who see no items.
    #[schema(required)]
    pub last_error: Option<String>,
}

impl WaitingForDocument {
    fn new(waiting_for: WaitingFor, sees_items: bool) -> Self {
        let WaitingFor { limit, reason, until, last_error } = waiting_for;
        Self { limit, reason: reason.as_str(), until, last_error: last_error.filter(|_| sees_items) }
    }
}

/// `{"count": n}`, or `{"percentage": p}` with `"minimumSample": m` or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ToleratedFailures)]
pub struct ToleratedFailuresDocument {
    /// The job fails once more items than this have failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The job fails once more than this share of all items has failed: 0 to 100, at most 9 digits behind the point, exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100)]
    pub percentage: Option<Percentage>,
    /// With this, also once this many items are handled and more than the share of those failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_sample: Option<u64>,
}

impl From<ToleratedFailures> for ToleratedFailuresDocument {
    fn from(tolerated: ToleratedFailures) -> Self {
        let none = Self { count: None, percentage: None, minimum_sample: None };
        match tolerated {
            ToleratedFailures::Count(count) => Self { count: Some(count), ..none },
            ToleratedFailures::Percentage { percentage, minimum_sample } => Self { percentage: Some(percentage), minimum_sample, ..none },
        }
    }
}

impl JobStatusResponse {
    /// The job as the bearer of `claims` sees it at `now`.
    pub fn new(job: Job, claims: &Claims, now: DateTime<Utc>) -> Self {
        let sees_items = claims.owns(&job.user_id, Scope::Read) || claims.owns(&job.user_id, Scope::Write);
        let items_per_second = items_per_second(&job);
        Self {
            id: job.id.0,
            status: job.status.as_str().to_owned(),
            progress_percentage: job.progress_percentage(),
            total_items: job.total_items,
            processed_items: job.processed_items,
            created_at: job.created_at,
            completed_at: job.completed_at,
            failed_items: job.failed_items,
            pending_items: job.pending_items(),
            round: job.round,
            sealed: job.sealed,
            paused: job.paused,
            started_at: job.started_at,
            updated_at: job.updated_at,
            expires_at: job.expires_at,
            items_per_second,
            estimated_completion_at: items_per_second.and_then(|rate| estimate(&job, rate)),
            actions: actions(&job, claims),
            settling: job.is_settling(),
            tolerated_failures: job.tolerated.into(),
            metadata: job.metadata.and_then(|text| RawValue::from_string(text).ok()),
            error_message: job.error_message.map(|error| if sees_items { error } else { without_item_text(&error) }),
            processor: job.processor,
            created_by: job.created_by,
            callback: job.callback,
            callback_state: None,
            cost: None,
            waiting_for: waiting_for(job.waiting_for, now).map(|waiting_for| WaitingForDocument::new(waiting_for, sees_items)),
            retrying_items: job.retrying_items,
            corrected_items: 0,
            limits: None,
        }
    }
}

/// An answer that holds one job: its body, the `ETag` of that, and when to ask again.
#[derive(Debug)]
pub struct JobAnswer {
    body: Vec<u8>,
    etag: HeaderValue,
    retry_after: Option<u32>,
}

impl JobAnswer {
    /// The job as the bearer of `claims` sees it at `now`.
    ///
    /// # Errors
    /// `internal` if it cannot be written.
    pub fn new(job: Job, claims: &Claims, now: DateTime<Utc>) -> Result<Self, ApiErrorResponse> {
        let often = now - job.created_at < POLLED_OFTEN;
        // Settling is a matter of seconds.
        let retry_after = match job.is_live() || job.is_settling() {
            true if often || job.is_settling() => Some(RETRY_AFTER_OFTEN_S),
            true => Some(RETRY_AFTER_S),
            false => None,
        };
        let body = serde_json::to_vec(&JobStatusResponse::new(job, claims, now)).map_err(ApiErrorResponse::internal)?;
        let hash: String = Sha256::digest(&body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("W/\"{hash}\"")).map_err(ApiErrorResponse::internal)?;
        Ok(Self { body, etag, retry_after })
    }

    /// 304 if the caller has this very state already, else the job.
    pub fn unless_known(self, asked: &HeaderMap) -> Response {
        let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let mine = self.etag.to_str().map(opaque).unwrap_or_default();
        let known = lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == mine);
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

/// By `updatedAt`, not by the time of asking: so the body changes only when the ledger does.
fn items_per_second(job: &Job) -> Option<f64> {
    let span = job.updated_at - job.rate_since?;
    if !job.runs() || span < RATE_SPAN_MIN {
        return None;
    }
    let handled = job.handled_items().saturating_sub(job.rate_base);
    Some((handled as f64 / span.as_seconds_f64() * 10.0).round() / 10.0)
}

/// When it ends at that rate, and not before items that wait may be tried again.
fn estimate(job: &Job, rate: f64) -> Option<DateTime<Utc>> {
    if !job.sealed || rate <= 0.0 {
        return None;
    }
    let until = job.waiting_for.as_ref().map(|waiting_for| waiting_for.until);
    if job.retrying_items > 0 && job.retrying_items == job.pending_items() {
        // Nothing runs: how fast items ran before says nothing of these.
        return until;
    }
    let left_ms = (job.pending_items() as f64 / rate * 1_000.0).round();
    let by_rate = job.updated_at.checked_add_signed(TimeDelta::try_milliseconds(left_ms as i64)?);
    by_rate.max(until.filter(|_| by_rate.is_some()))
}

/// What items wait for, until the time has come and gone at which they were to be tried again.
fn waiting_for(waiting_for: Option<WaitingFor>, now: DateTime<Utc>) -> Option<WaitingFor> {
    waiting_for.filter(|waiting_for| now <= waiting_for.until + SHOWN_AFTER_WAIT)
}

/// The failure that ended a job may quote its item, which an operator does not see.
fn without_item_text(error: &str) -> String {
    let item = error.strip_prefix("item ").and_then(|rest| rest.split_once(": ")).map(|(index, _)| index);
    match item.filter(|index| index.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(index) => format!("item {index} failed: its failure group says how"),
        None => error.to_owned(),
    }
}

/// What an operator can do to any owner's job.
const OPERATORS_ACTIONS: [&str; 3] = ["cancel", "pause", "resume"];

fn actions(job: &Job, claims: &Claims) -> Vec<&'static str> {
    let (is_owner, is_operator) = (claims.owns(&job.user_id, Scope::Write), claims.has(Scope::Operate));
    let ended = job.is_terminal();
    let cancelled = job.status == JobStatus::Cancelled;
    let can = [
        ("cancel", !ended),
        ("pause", !ended && !job.paused),
        ("resume", !ended && job.paused),
        ("retry", job.status == JobStatus::Failed || (ended && !cancelled && job.failed_items > 0)),
        ("delete", ended),
        // A job that failed while it was handed over may have all its parts: then a retry knows it.
        ("seal", !job.sealed && !job.abandoned && !cancelled),
    ];
    let allowed = |action: &str| is_owner || (is_operator && OPERATORS_ACTIONS.contains(&action));
    can.into_iter().filter_map(|(action, can)| (can && allowed(action)).then_some(action)).collect()
}

/// RFC 3339, UTC, three decimals, `Z`.
pub(crate) fn time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn time_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use headway_core::waiting::WaitReason;
    use headway_core::{JobId, UserId};

    use super::*;

    /// What broke it: "0 s left" for as long as the last item waited to be tried again.
    #[test]
    fn the_estimate_is_never_before_items_that_wait_are_tried_again() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let until = |seconds| Some(WaitingFor::new("crm", WaitReason::Throttled, at(seconds), None));
        // Pending, of those waiting, until when; and when it ends at ten items a second.
        let cases = [
            (50, 0, None, Some(5)),
            (50, 1, None, Some(5)),
            (50, 1, until(90), Some(90)),
            (50, 1, until(2), Some(5)),
            (1, 1, None, None),
            (1, 1, until(90), Some(90)),
        ];
        for (pending, retrying_items, waiting_for, ends) in cases {
            let job = Job::new(JobId(Uuid::nil()), UserId::new("ann").unwrap(), pending, at(0));
            let job = Job { sealed: true, retrying_items, waiting_for, ..job };
            assert_eq!(estimate(&job, 10.0), ends.map(at), "{job:?}");
        }
    }

    #[test]
    fn what_was_waited_for_is_shown_until_it_is_long_past() {
        let now = DateTime::UNIX_EPOCH;
        let shown = |seconds| waiting_for(Some(WaitingFor::new("crm", WaitReason::Rate, now + TimeDelta::seconds(seconds), None)), now);
        assert!(shown(900).is_some() && shown(-60).is_some() && shown(-61).is_none());
    }
}
