//! `/v1/jobs/{job_id}/failures/groups`: how often each kind of failure occurred, so that ten thousand failures can be
//! understood at a glance.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use headway_core::limits::PAGE_BYTES_MAX;
use headway_core::outcome::{Failure, FailureKind};
use headway_core::records::{self, Position};
use headway_core::{Job, status};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::auth::Scope;
use crate::json_answer::json_answer;
use crate::jwt_extractor::JwtExtractor;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::state::AppState;

/// At most this many failures are counted.
const COUNTED_MAX: usize = 10_000;
/// How many failures are read at a time.
const READ_MAX: usize = 1_000;
/// Only this many groups are returned, the largest.
const GROUPS_MAX: usize = 100;
/// Examples in a group, those with the lowest indexes.
const EXAMPLES_MAX: usize = 3;
/// Large items take long to read. After this time, well before the request's limit, the answer is what has been
/// counted.
const COUNTING_MAX: Duration = Duration::from_secs(10);

/// Failures of the current round, grouped by `code`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroups {
    /// The groups, the largest first, 100 at most. If there are more groups, their counts add up to less than `countedFailures`.
    groups: Vec<FailureGroup>,
    /// How many failures were counted.
    counted_failures: usize,
    /// True if all failures were counted.
    complete: bool,
}

/// Failures with the same `code`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureGroup {
    /// The processor's short code; if there is none, the kind.
    #[schema(examples("/iata maxLength"))]
    code: String,
    /// The kind of its first failure.
    kind: String,
    /// How many failures it has.
    count: usize,
    /// The first three failures. Empty for an operator who is not the job's owner, since they show item texts.
    examples: Vec<FailureExample>,
}

/// A failure of a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureExample {
    /// Its index in the job.
    index: u64,
    /// Its id, if the job names an `idField`.
    #[schema(required)]
    id: Option<String>,
    /// A description for people.
    message: String,
}

/// Failed items of the current round, grouped by `code`; only the first 10,000 are counted.
#[utoipa::path(
    get,
    path = "/v1/jobs/{job_id}/failures/groups",
    tag = "records",
    security(("jwt" = [])),
    params(("job_id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, body = FailureGroups),
        (status = 401, body = ApiErrorResponse), (status = 403, body = ApiErrorResponse), (status = 404, body = ApiErrorResponse),
        (status = 503, body = ApiErrorResponse),
    )
)]
pub async fn group_job_failures(
    State(state): State<Arc<AppState>>,
    JwtExtractor(claims): JwtExtractor,
    JobPath(job_id): JobPath,
) -> Result<Response, ApiErrorResponse> {
    let viewer = claims.viewer(Scope::Read)?;
    let mut job = status::get(&state.app, viewer, job_id).await?;
    let examples_max = if claims.owns(&job.user_id, Scope::Read) { EXAMPLES_MAX } else { 0 };
    let _room = state.budget.room(&claims.owner, PAGE_BYTES_MAX).await?;
    loop {
        let until = Instant::now() + COUNTING_MAX;
        let tally = count(&state, &job, examples_max, until).await?;
        let now = state.app.visible(viewer, job_id).await?;
        if now.round == job.round {
            return json_answer(&tally.groups());
        }
        // A retry happened in between: the counted failures are from two rounds.
        job = now;
    }
}

async fn count(state: &AppState, job: &Job, examples_max: usize, until: Instant) -> Result<Tally, ApiErrorResponse> {
    let mut tally = Tally::default();
    let mut next = Some(Position::default());
    while let Some(from) = next {
        if Instant::now() >= until {
            return Ok(tally);
        }
        // Read one more than is counted, to learn whether there are more.
        let limit = (COUNTED_MAX + 1 - tally.counted).min(READ_MAX);
        let page = records::failures(&state.app, job, from, limit).await?;
        for (index, failure) in page.records {
            if tally.counted == COUNTED_MAX {
                return Ok(tally);
            }
            tally.add(index, failure, examples_max);
        }
        next = page.next;
    }
    tally.complete = true;
    Ok(tally)
}

#[derive(Debug, Default)]
struct Tally {
    by_code: HashMap<String, FailureGroup>,
    counted: usize,
    complete: bool,
}

impl Tally {
    fn add(&mut self, index: u64, failure: Failure, examples_max: usize) {
        let Failure { code, kind, id, message, .. } = failure;
        self.counted += 1;
        let group = self.by_code.entry(code).or_insert_with_key(|code| FailureGroup::new(code, kind));
        group.count += 1;
        if group.examples.len() < examples_max {
            group.examples.push(FailureExample { index, id, message });
        }
    }

    fn groups(self) -> FailureGroups {
        let mut groups: Vec<_> = self.by_code.into_values().collect();
        groups.sort_unstable_by(|a, b| (Reverse(a.count), &a.code).cmp(&(Reverse(b.count), &b.code)));
        groups.truncate(GROUPS_MAX);
        FailureGroups { groups, counted_failures: self.counted, complete: self.complete }
    }
}

impl FailureGroup {
    fn new(code: &str, kind: FailureKind) -> Self {
        Self { code: code.to_owned(), kind: kind.to_string(), count: 0, examples: Vec::new() }
    }
}
