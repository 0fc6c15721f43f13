//! A job as the bearer of a token sees it.

use chrono::{DateTime, Utc};
use headway_core::Job;
use headway_job_view::Sight;

use crate::auth::{Claims, Scope};

pub(crate) use headway_job_view::ACTIONS;
pub use headway_job_view::{JobStatusResponse, ToleratedFailuresDocument, time};

/// The job at `now`, as the bearer of `claims` sees it.
pub fn job_status(job: Job, claims: &Claims, now: DateTime<Utc>) -> JobStatusResponse {
    let owns = |scope| claims.owns(&job.user_id, scope);
    let sight = Sight {
        items: owns(Scope::Read) || owns(Scope::Act),
        acts: owns(Scope::Act),
        owner: owns(Scope::Write),
        operator: claims.has(Scope::Operate),
    };
    JobStatusResponse::new(job, sight, now)
}
