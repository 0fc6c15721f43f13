//! Every refusal and fault as `application/problem+json` (RFC 9457). Programs branch on `type`; people read `detail`.
//! The inner cause goes to the log under the request id and never to the caller.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use headway_core::error::{Cause, StorageFault};
use headway_core::{Conflict, JobError, JobStatus, Violation};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

mod document;
mod problem_type;

pub use document::{ProblemDocument, ProblemError};
pub(crate) use problem_type::Calls;
pub use problem_type::ProblemType;
use problem_type::{DISK_FULL, Example};

/// How long to wait after `busy`.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long to wait after `storage`: a person has to do something first.
const STORAGE_RETRY_AFTER: Duration = Duration::from_secs(15);
const DISK_BROKEN: &str = "the server's files cannot be read or written: its log says which, and what its operator can do";
/// The most `errors` a problem lists.
pub const ERRORS_MAX: usize = 20;

/// A problem to be sent to the caller. Boxed, since every handler's `Result` carries one.
#[derive(Debug, Clone)]
pub struct ApiErrorResponse(Arc<Problem>);

/// The content of a problem before the request is known.
#[derive(Debug)]
struct Problem {
    kind: ProblemType,
    detail: Cow<'static, str>,
    errors: Vec<ProblemError>,
    job_status: Option<JobStatus>,
    limit: Option<u64>,
    retry_after: Option<Duration>,
    known: Option<Vec<String>>,
    challenge: Option<HeaderValue>,
    cause: Option<Cause>,
}

impl ApiErrorResponse {
    /// A problem of this type, with what is wrong with this request.
    pub fn new(kind: ProblemType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Problem::new(kind, detail.into())))
    }

    /// The request cannot be read.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemType::Malformed, detail)
    }

    /// `what` does not exist. The id is not repeated, so that the answer is the same for every id.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemType::NotFound, format!("{what} not found"))
    }

    /// There is no valid token; `challenge` is the `WWW-Authenticate` header.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>, challenge: HeaderValue) -> Self {
        let mut problem = Problem::new(ProblemType::Unauthenticated, detail.into());
        problem.challenge = Some(challenge);
        Self(Arc::new(problem))
    }

    /// There is a token, but it is not valid.
    pub fn invalid_token(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::unauthenticated(detail, HeaderValue::from_static("Bearer realm=\"headway\", error=\"invalid_token\""))
    }

    /// The token lacks `scope`.
    pub fn scope(scope: &str) -> Self {
        let mut problem = Problem::new(ProblemType::Scope, format!("the token lacks the scope {scope}").into());
        let challenge = format!("Bearer realm=\"headway\", error=\"insufficient_scope\", scope=\"{scope}\"");
        problem.challenge = HeaderValue::try_from(challenge).ok();
        Self(Arc::new(problem))
    }

    /// The body is larger than `limit` bytes, or has more than `limit` of something.
    pub fn too_large(detail: impl Into<Cow<'static, str>>, limit: u64) -> Self {
        let mut problem = Problem::new(ProblemType::TooLarge, detail.into());
        problem.limit = Some(limit);
        Self(Arc::new(problem))
    }

    /// The body can be read but is not valid. Takes at least one violation; 20 are shown.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let count = violations.len();
        let detail = match count {
            1 => "1 problem in the body".into(),
            0..ERRORS_MAX => format!("{count} problems in the body"),
            _ => format!("{ERRORS_MAX} or more problems in the body"),
        };
        let mut problem = Problem::new(ProblemType::Invalid, detail.into());
        problem.errors = violations
            .into_iter()
            .take(ERRORS_MAX)
            .map(|violation| ProblemError { pointer: violation.pointer, detail: violation.detail })
            .collect();
        Self(Arc::new(problem))
    }

    /// There is no such processor; `known` are those that exist.
    pub fn unknown_processor(known: Vec<String>) -> Self {
        let detail = match known.is_empty() {
            true => "there is no processor yet: no worker has said which it has. Look at its log, and try again once it has started",
            false => "there is no processor with this name: use one of those listed in `known`",
        };
        let mut problem = Problem::new(ProblemType::UnknownProcessor, detail.into());
        problem.known = Some(known);
        Self(Arc::new(problem))
    }

    /// Try again in a moment.
    pub fn busy(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemType::Busy, detail)
    }

    /// A fault of this service. `cause` is logged under the request id that the caller is given.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        let mut problem = Problem::new(ProblemType::Internal, "the log has the cause under this request id".into());
        problem.cause = Some(cause.into());
        Self(Arc::new(problem))
    }

    /// An example of a problem of this type, for the API's description. A type that has members of its own gets them here.
    pub(crate) fn example(kind: ProblemType) -> Self {
        let detail = match kind.example() {
            Example::Is(conflict) => return conflict.into(),
            Example::Says(detail) => detail,
        };
        let mut problem = Problem::new(kind, detail.into());
        match kind {
            ProblemType::TooLarge => problem.limit = Some(3_000_000),
            ProblemType::Invalid => {
                problem.errors = vec![ProblemError { pointer: "/items/17".to_owned(), detail: "larger than 262,144 bytes".to_owned() }];
            }
            ProblemType::UnknownProcessor => problem.known = Some(vec!["json-schema".to_owned()]),
            _ => {}
        }
        Self(Arc::new(problem))
    }

    /// The problem's type.
    pub fn problem_type(&self) -> ProblemType {
        self.0.kind
    }

    /// The cause with everything that caused it, for the log only.
    pub(crate) fn cause(&self) -> Option<String> {
        self.0.cause.as_deref().map(|cause| headway_core::error_chain(cause))
    }

    /// The problem as sent for a request to the path `instance`.
    pub fn document(&self, instance: &str, request_id: &str) -> ProblemDocument {
        let problem = &self.0;
        ProblemDocument {
            problem_type: problem.kind.urn(),
            title: problem.kind.title().to_owned(),
            status: problem.kind.status().as_u16(),
            detail: problem.detail.clone().into_owned(),
            instance: instance.to_owned(),
            errors: problem.errors.clone(),
            job_status: problem.job_status.map(|status| status.as_str().to_owned()),
            limit: problem.limit,
            known: problem.known.clone(),
            request_id: (problem.kind == ProblemType::Internal).then(|| request_id.to_owned()),
        }
    }

    /// The whole answer to a request to the path `instance`, keeping the `headers` set so far (`Allow`).
    pub(crate) fn render(&self, headers: HeaderMap, instance: &str, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.document(instance, request_id)).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.0.kind.status();
        *response.headers_mut() = headers;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = &self.0.challenge {
            headers.insert(WWW_AUTHENTICATE, challenge.clone());
        }
        if let Some(wait) = self.0.retry_after {
            // In whole seconds, rounded up.
            headers.insert(RETRY_AFTER, (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1).into());
        }
        response
    }
}

impl Problem {
    fn new(kind: ProblemType, detail: Cow<'static, str>) -> Self {
        let retry_after = match kind {
            ProblemType::Busy => Some(BUSY_RETRY_AFTER),
            ProblemType::Storage => Some(STORAGE_RETRY_AFTER),
            _ => None,
        };
        Self { kind, detail, errors: Vec::new(), job_status: None, limit: None, retry_after, known: None, challenge: None, cause: None }
    }
}

/// The problem travels inside the response: only the outermost layer knows the request's path and id.
impl IntoResponse for ApiErrorResponse {
    fn into_response(self) -> Response {
        let mut response = self.render(HeaderMap::new(), "", "");
        response.extensions_mut().insert(self);
        response
    }
}

impl From<JobError> for ApiErrorResponse {
    fn from(error: JobError) -> Self {
        match error {
            JobError::NotFound => Self::not_found("Job"),
            JobError::TokenEnded => Self::invalid_token("the token was ended"),
            JobError::Invalid(violations) => Self::invalid(violations),
            JobError::Conflict(conflict) => conflict.into(),
            JobError::UnknownProcessor { known } => Self::unknown_processor(known),
            JobError::KeyReused => Self::new(ProblemType::IdempotencyKeyReused, "use a new key for a different body"),
            JobError::Quota { what, limit, retry_after } => {
                let mut problem = Problem::new(ProblemType::Quota, format!("{what}: no more than {limit}").into());
                (problem.limit, problem.retry_after) = (Some(limit), Some(retry_after));
                Self(Arc::new(problem))
            }
            JobError::Unavailable { .. } => {
                let (kind, detail) = match error.storage_fault() {
                    None => (ProblemType::Busy, "the table or the queue did not answer: send the same request again"),
                    Some(StorageFault::Full(_)) => (ProblemType::Storage, DISK_FULL),
                    Some(StorageFault::Broken(_)) => (ProblemType::Storage, DISK_BROKEN),
                };
                let mut problem = Problem::new(kind, detail.into());
                problem.cause = Some(error.into());
                Self(Arc::new(problem))
            }
            JobError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<Conflict> for ApiErrorResponse {
    fn from(conflict: Conflict) -> Self {
        let mut problem = Problem::new(ProblemType::of(&conflict), conflict.to_string().into());
        problem.job_status = conflict.job_status();
        Self(Arc::new(problem))
    }
}

impl PartialSchema for ApiErrorResponse {
    fn schema() -> RefOr<Schema> {
        ProblemDocument::schema()
    }
}

impl ToSchema for ApiErrorResponse {
    fn name() -> Cow<'static, str> {
        "ApiErrorResponse".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProblemDocument::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another owner's job and a job that does not exist must look the same.
    #[test]
    fn not_found_is_the_same_for_every_id() {
        let one = ApiErrorResponse::from(JobError::NotFound).document("/v1/jobs/a", "r1");
        let other = ApiErrorResponse::not_found("Job").document("/v1/jobs/a", "r2");
        assert_eq!(one, other);
    }

    /// The inner cause could reveal tables and keys.
    #[test]
    fn the_inner_cause_is_never_sent() {
        let cause = JobError::corrupt("row JOB#7", std::io::Error::other("secret"));
        let problem = ApiErrorResponse::from(cause);
        let sent = serde_json::to_string(&problem.document("/v1/jobs", "r-1")).unwrap();
        assert!(!sent.contains("JOB#7") && !sent.contains("secret"), "{sent}");
        assert!(sent.contains(r#""requestId":"r-1""#), "{sent}");
        assert_eq!(problem.cause().as_deref(), Some("row JOB#7 cannot be read: secret"));
    }

    /// The API's description must show what callers get.
    #[test]
    fn examples_are_what_callers_get() {
        let same = [
            ApiErrorResponse::scope("jobs:write"),
            ApiErrorResponse::not_found("Job"),
            ApiErrorResponse::too_large("the body is larger than 3000000 bytes", 3_000_000),
            ApiErrorResponse::invalid(vec![Violation::new("/items/17", "larger than 262,144 bytes")]),
            ApiErrorResponse::unknown_processor(vec!["json-schema".to_owned()]),
            JobError::KeyReused.into(),
            JobError::unavailable("read", std::io::Error::other("late")).into(),
            JobError::unavailable("read", StorageFault::Full("late".to_owned())).into(),
            ApiErrorResponse::internal("late"),
        ];
        for problem in same {
            assert_eq!(ApiErrorResponse::example(problem.problem_type()).document("/", "r"), problem.document("/", "r"));
        }
    }

    /// Bug found: a full disk was called busy, so callers waited for an end of load that nobody had.
    #[test]
    fn a_store_that_somebody_has_to_repair_is_told_from_load() {
        let problem = |code| {
            let cause = StorageFault::of(code, "/data/table.db: no".to_owned()).map_or_else(Cause::from, Cause::from);
            let problem = ApiErrorResponse::from(JobError::unavailable("the table", cause));
            assert_eq!(problem.cause().as_deref(), Some("the table did not answer: /data/table.db: no"));
            let response = problem.render(HeaderMap::new(), "/", "");
            (
                problem.document("/", "").problem_type,
                response.status().as_u16(),
                response.headers()[RETRY_AFTER].to_str().unwrap().to_owned(),
            )
        };
        let busy = ("urn:headway:problem:busy".to_owned(), 503, "2".to_owned());
        let storage = ("urn:headway:problem:storage".to_owned(), 503, "15".to_owned());
        assert_eq!(problem("InternalServerError"), busy);
        assert_eq!([problem(StorageFault::FULL), problem(StorageFault::BROKEN)], [storage.clone(), storage]);
    }

    /// The list of errors is limited, whatever the body contains.
    #[test]
    fn at_most_twenty_errors_are_listed() {
        let many = (0..50).map(|i| Violation::new(format!("/items/{i}"), "wrong")).collect();
        assert_eq!(ApiErrorResponse::invalid(many).document("/", "").errors.len(), ERRORS_MAX);
    }
}
