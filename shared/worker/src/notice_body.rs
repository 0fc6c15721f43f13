//! The body of a notice: the job as the HTTP API shows it to its owner. Endpoints and the event bus get the same.

use chrono::{DateTime, Utc};
use headway_core::JobStatus;
use headway_core::job::Moment;
use headway_core::notice::Notice;
use headway_job_view::{JobStatusResponse, Sight, time};
use serde::Serialize;

/// `{"type": "job.completed", "timestamp": …, "data": <job>}`. An event has its `id` in it as well; a callback has it in a header.
#[derive(Serialize)]
pub(crate) struct NoticeBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(serialize_with = "time")]
    timestamp: DateTime<Utc>,
    data: JobStatusResponse,
}

impl NoticeBody {
    /// The body of a notice that is sent now.
    pub(crate) fn new(notice: &Notice, now: DateTime<Utc>) -> Self {
        let id = (!notice.kind.is_callback()).then(|| notice.id.clone());
        let data = JobStatusResponse::new(notice.job.clone(), Sight::OWNER, now);
        Self { id, kind: kind(notice), timestamp: notice.timestamp, data }
    }
}

fn kind(notice: &Notice) -> &'static str {
    match (notice.kind.moment(), notice.job.status) {
        (Moment::Start, _) => "job.started",
        (Moment::End, JobStatus::Completed) => "job.completed",
        (Moment::End, JobStatus::Cancelled) => "job.cancelled",
        // A job that has ended has no other status.
        (Moment::End, JobStatus::Failed | JobStatus::Pending | JobStatus::Processing) => "job.failed",
    }
}
