//! A problem as callers get it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A problem as it is sent. Extension members are present only where they apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDocument {
    /// The problem's type, for programs: `urn:headway:problem:` and a word.
    #[serde(rename = "type")]
    #[schema(examples("urn:headway:problem:invalid"))]
    pub problem_type: String,
    /// The same for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, and what to do.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// What is wrong in the body, and where; 20 entries at most.
    #[serde(default)]
    pub errors: Vec<ProblemError>,
    /// With `job-ended` and `job-not-ended`: the job's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_status: Option<String>,
    /// With `too-large` and `quota`: the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// With `unknown-processor`: the names of all processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Vec<String>>,
    /// With `internal`: the id to give when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemError {
    /// Where, as a JSON Pointer (RFC 6901).
    #[schema(examples("/items/17"))]
    pub pointer: String,
    /// What is wrong.
    #[schema(examples("larger than 262,144 bytes"))]
    pub detail: String,
}
