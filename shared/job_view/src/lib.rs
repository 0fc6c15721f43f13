//! `JobStatusResponse`: a job as others see it, its eight basic fields first. The HTTP API answers with it, and notices
//! contain it.
//!
//! Its map: `delivery` has the delivery of a notice, `rounds` the counts of each round, and `tolerated` the tolerated failures;
//! `times` writes times.

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::prices::{self, Load};
use headway_core::waiting::WaitingFor;
use headway_core::{Job, JobStatus};
use serde::Serialize;
use serde_json::value::RawValue;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use uuid::Uuid;

mod delivery;
mod rounds;
mod times;
mod tolerated;

pub use delivery::DeliveryDocument;
pub use rounds::RoundDocument;
pub use times::time;
use times::time_or_null;
pub use tolerated::{ToleratedCount, ToleratedFailuresDocument, ToleratedPercentage};

/// How long a past wait is still shown: a message that is due is seldom delivered at once.
const SHOWN_AFTER_WAIT: TimeDelta = TimeDelta::minutes(1);
/// No rate is shown for a shorter time.
const RATE_SPAN_MIN: TimeDelta = TimeDelta::seconds(2);

/// Who looks at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sight {
    /// Texts of items are shown, which errors may quote.
    pub items: bool,
    /// The viewer may cancel, pause, resume, correct and retry the job.
    pub acts: bool,
    /// The viewer may do what the job's owner may do.
    pub owner: bool,
    /// The viewer is an operator.
    pub operator: bool,
}

impl Sight {
    /// The owner's.
    pub const OWNER: Self = Self { items: true, acts: true, owner: true, operator: false };
}

/// A job. `processedItems`, `failedItems` and `pendingItems` always add up to `totalItems`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct JobStatusResponse {
    /// A UUID v4.
    pub id: Uuid,
    /// `Pending`, `Processing`, `Completed`, `Failed` or `Cancelled`.
    #[cfg_attr(feature = "openapi", schema(examples("Processing")))]
    pub status: String,
    /// 100 × (processed + failed) / total, not rounded. 0 without items; 100 if `Completed`. Until `sealed` it is the
    /// share of `expectedItems`, less than 100, and 0 if no `expectedItems` were given. If more items than that have come, it is their
    /// share, so it may fall.
    pub progress_percentage: f64,
    /// The number of all items. Grows until `sealed`.
    pub total_items: u64,
    /// How many items succeeded.
    pub processed_items: u64,
    /// Why the job failed: the failure that ended it, or the system's reason. Only in `Failed`.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub error_message: Option<String>,
    /// When the job was started.
    #[serde(serialize_with = "time")]
    pub created_at: DateTime<Utc>,
    /// When the job ended, in any status.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub completed_at: Option<DateTime<Utc>>,
    /// How many items failed for good.
    pub failed_items: u64,
    /// How many items are left.
    pub pending_items: u64,
    /// The processor's name.
    pub processor: String,
    /// The job's round: 1, and one more with each retry.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub round: u32,
    /// True if all of its parts have been submitted.
    pub sealed: bool,
    /// True while the job is paused.
    pub paused: bool,
    /// When the first item began.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub started_at: Option<DateTime<Utc>>,
    /// When the job last changed.
    #[serde(serialize_with = "time")]
    pub updated_at: DateTime<Utc>,
    /// When the job will be deleted. Null until it has ended.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub expires_at: Option<DateTime<Utc>>,
    /// Items handled each second since the round's start or the last resume, with one decimal.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub items_per_second: Option<f64>,
    /// When the job will end at that rate. Null until sealed.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub estimated_completion_at: Option<DateTime<Utc>>,
    /// What this caller can do with the job now.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub actions: Vec<&'static str>,
    /// How many failed items the job tolerates.
    pub tolerated_failures: ToleratedFailuresDocument,
    /// The job's name for people.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub title: Option<String>,
    /// The caller's own key-value pairs.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, required))]
    pub metadata: Option<Box<RawValue>>,
    /// The `sub` of the token that started it.
    pub created_by: String,
    /// The endpoint that is called each time the job ends.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub callback: Option<String>,
    /// Whether that endpoint has accepted the notices of all ends so far: `Waiting`, `Delivered` or `GivenUp`. Null until the
    /// first end.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub callback_state: Option<String>,
    /// The delivery of the notice that `callbackState` is about: the first notice that waits, otherwise the last one. Null until
    /// the first end.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub callback_delivery: Option<DeliveryDocument>,
    /// What it has cost so far on AWS. Only for operators, null for all others.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cost: Option<CostDocument>,
    /// True if the job has ended but items that were running are still being counted. Once this is false, only a retry
    /// changes the numbers.
    pub settling: bool,
    /// Why items wait. Null if none do, or if the reason is not known.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub waiting_for: Option<WaitingForDocument>,
    /// How many of `pendingItems` had a temporary failure and wait for another attempt.
    pub retrying_items: u64,
    /// How many failed items have a new value. The next retry uses it.
    pub corrected_items: u64,
    /// Limits for this job only. This version has none, so it is always null.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, required))]
    pub limits: Option<()>,
    /// The counts of the last 10 rounds, the current one last.
    pub rounds: Vec<RoundDocument>,
    /// The member of the items that is their id, if the job was started with one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub id_field: Option<String>,
    /// How many items were to be submitted as parts, as the job's start said. Null if it did not say.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub expected_items: Option<u64>,
}

/// What a job has cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = Cost))]
pub struct CostDocument {
    /// US dollars, as a decimal number.
    #[cfg_attr(feature = "openapi", schema(examples("0.000412")))]
    pub usd: String,
    /// True: it is computed from counts and a table of prices, not taken from a bill.
    pub estimated: bool,
}

impl CostDocument {
    fn of(job: &Job) -> Self {
        Self { usd: prices::decimal(Load::of_job(job).usd_so_far(job.handled_items())), estimated: true }
    }
}

/// What items wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = WaitingFor))]
pub struct WaitingForDocument {
    /// What makes them wait: the name of an endpoint or processor.
    pub limit: String,
    /// `rate`, `throttled`, `unreachable`, `preparing`, `workerEnded` or `error`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, examples("throttled")))]
    pub reason: &'static str,
    /// The same, for people.
    #[cfg_attr(feature = "openapi", schema(examples("crm asked to wait")))]
    pub detail: String,
    /// When the first of them is attempted again. Null once that time has come, while the job is paused, and if no time is known.
    #[serde(serialize_with = "time_or_null")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub until: Option<DateTime<Utc>>,
    /// The last error. Null for operators, who do not see item texts.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub last_error: Option<String>,
}

impl WaitingForDocument {
    /// What items wait for, until a minute after their next attempt was due. What has no such time is shown until they go on.
    fn shown(waiting_for: WaitingFor, sees_items: bool, paused: bool, now: DateTime<Utc>) -> Option<Self> {
        let detail = waiting_for.detail();
        let WaitingFor { limit, reason, until, last_error, .. } = waiting_for;
        let last_error = last_error.filter(|error| sees_items && !error.is_empty());
        let next = Some(until).filter(|until| *until > now && !reason.lasts() && !paused);
        let shown = Self { limit, reason: reason.as_str(), detail, until: next, last_error };
        (reason.lasts() || now <= until + SHOWN_AFTER_WAIT).then_some(shown)
    }
}

impl JobStatusResponse {
    /// The job at `now`, as one with this sight sees it.
    pub fn new(job: Job, sight: Sight, now: DateTime<Utc>) -> Self {
        let sees_items = sight.items;
        let items_per_second = items_per_second(&job);
        let cost = CostDocument::of(&job);
        let (corrected_items, rounds) = (job.corrected_items(), RoundDocument::all(&job));
        let callback_state = job.callback_state().map(|state| state.as_str().to_owned());
        let callback_delivery = job.callback_notice().map(|notice| DeliveryDocument::of(&notice));
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
            estimated_completion_at: estimate(&job, items_per_second, now),
            actions: actions(&job, sight),
            settling: job.is_settling(),
            tolerated_failures: job.tolerated.into(),
            title: job.labels.title,
            metadata: job.labels.metadata.and_then(|text| RawValue::from_string(text).ok()),
            error_message: job.error_message.map(|error| if sees_items { error } else { without_item_text(&error) }),
            processor: job.processor,
            created_by: job.created_by,
            callback_state,
            callback_delivery,
            callback: job.labels.callback,
            cost: sight.operator.then_some(cost),
            waiting_for: job.waiting_for.and_then(|waiting_for| WaitingForDocument::shown(waiting_for, sees_items, job.paused, now)),
            retrying_items: job.retrying_items,
            corrected_items,
            limits: None,
            rounds,
            id_field: job.id_field,
            expected_items: job.expected_items,
        }
    }
}

/// Computed up to `updatedAt`, not up to now, so that the body changes only when the ledger does.
fn items_per_second(job: &Job) -> Option<f64> {
    let span = job.updated_at - job.rate_since?;
    if !job.runs() || span < RATE_SPAN_MIN {
        return None;
    }
    let handled = job.handled_items().saturating_sub(job.rate_base);
    Some((handled as f64 / span.as_seconds_f64() * 10.0).round() / 10.0)
}

/// When the job ends at that rate, but not before the waiting items may be attempted again.
fn estimate(job: &Job, rate: Option<f64>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !job.sealed || !job.runs() {
        return None;
    }
    let until = job.waiting_for.as_ref().map(|waiting_for| waiting_for.until).filter(|until| *until > now);
    if job.retrying_items > 0 && job.retrying_items == job.pending_items() {
        // Nothing is running, so the rate says nothing about the items that wait.
        return until;
    }
    let rate = rate.filter(|rate| *rate > 0.0)?;
    let left_ms = (job.pending_items() as f64 / rate * 1_000.0).round();
    let by_rate = job.updated_at.checked_add_signed(TimeDelta::try_milliseconds(left_ms as i64)?);
    by_rate.max(until.filter(|_| by_rate.is_some()))
}

/// The error that ended a job may quote an item, and an operator does not see items.
fn without_item_text(error: &str) -> String {
    let item = error.strip_prefix("item ").and_then(|rest| rest.split_once(": ")).map(|(index, _)| index);
    match item.filter(|index| index.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(index) => format!("item {index} failed: see the job's failure groups"),
        None => error.to_owned(),
    }
}

/// Everything that can be done with a job.
pub const ACTIONS: [&str; 6] = ["cancel", "pause", "resume", "retry", "delete", "seal"];
/// The actions that are possible with `jobs:act` alone.
const ACTORS_ACTIONS: [&str; 4] = ["cancel", "pause", "resume", "retry"];
/// What an operator can do with any owner's job.
const OPERATORS_ACTIONS: [&str; 3] = ["cancel", "pause", "resume"];

fn actions(job: &Job, sight: Sight) -> Vec<&'static str> {
    let ended = job.is_terminal();
    let cancelled = job.status == JobStatus::Cancelled;
    let can = [
        ("cancel", !ended),
        ("pause", !ended && !job.paused),
        ("resume", !ended && job.paused),
        ("retry", job.status == JobStatus::Failed || (ended && !cancelled && job.failed_items > 0)),
        ("delete", ended),
        // A job that failed while its parts were submitted may have all of them. A retry finds out.
        ("seal", !job.sealed && !job.abandoned && !cancelled),
    ];
    let allowed = |action: &str| {
        sight.owner || (sight.acts && ACTORS_ACTIONS.contains(&action)) || (sight.operator && OPERATORS_ACTIONS.contains(&action))
    };
    can.into_iter().filter_map(|(action, can)| (can && allowed(action)).then_some(action)).collect()
}

#[cfg(test)]
mod tests {
    use headway_core::waiting::WaitReason;
    use headway_core::{JobId, UserId};

    use super::*;

    /// Bug found: "0 s left" was shown for as long as the last item waited for its next attempt.
    #[test]
    fn the_estimate_is_never_before_waiting_items_are_attempted_again() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let until = |seconds| Some(WaitingFor::new("crm", WaitReason::Throttled, at(seconds), None));
        // Pending items, how many of them wait, until when; and when the job ends at ten items a second.
        let cases = [
            (50, 0, None, Some(5)),
            (50, 1, None, Some(5)),
            (50, 1, until(90), Some(90)),
            (50, 1, until(2), Some(5)),
            (1, 1, None, None),
            (1, 1, until(90), Some(90)),
            // That time has come: the job may end at any moment.
            (1, 1, until(1), None),
        ];
        for (pending, retrying_items, waiting_for, ends) in cases {
            let job = Job::new(JobId(Uuid::nil()), UserId::new("ann").unwrap(), pending, at(0));
            let job = Job { sealed: true, retrying_items, waiting_for, ..job };
            assert_eq!(estimate(&job, Some(10.0), at(1)), ends.map(at), "{job:?}");
            let unknown = ends.filter(|_| pending == retrying_items);
            assert_eq!([None, Some(0.0)].map(|rate| estimate(&job, rate, at(1))), [unknown.map(at); 2], "without a rate: {job:?}");
            let unready =
                [Job { sealed: false, ..job.clone() }, Job { paused: true, ..job.clone() }, Job { status: JobStatus::Failed, ..job }];
            assert!(unready.iter().all(|job| estimate(job, Some(10.0), at(1)).is_none()));
        }
    }

    /// Bug found: a job said for up to a minute that it waits until a time that was over.
    #[test]
    fn a_past_wait_is_shown_for_a_minute_without_its_time() {
        let now = DateTime::UNIX_EPOCH;
        let waits = |seconds| WaitingFor::new("crm", WaitReason::Rate, now + TimeDelta::seconds(seconds), Some(""));
        let shown = |seconds| WaitingForDocument::shown(waits(seconds), true, false, now).map(|shown| shown.until);
        assert_eq!(shown(900), Some(Some(now + TimeDelta::seconds(900))));
        assert_eq!([0, -60, -61].map(shown), [Some(None), Some(None), None]);
        let paused = WaitingForDocument::shown(waits(900), true, true, now).unwrap();
        assert_eq!((paused.until, paused.last_error), (None, None), "nothing is tried again while it is paused, and no error has no words");
    }
}
