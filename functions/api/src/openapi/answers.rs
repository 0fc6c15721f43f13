//! What the answers of all calls have in common: the request's id, and the refusals, with their headers and examples.

use http::StatusCode;
use utoipa::openapi::example::Example;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Components;
use utoipa::openapi::{Content, Object, Ref, RefOr, Response, Schema, Type};

use crate::body::JSON;
use crate::problem::{ApiErrorResponse, Calls, ProblemType};

const PROBLEM_JSON: &str = "application/problem+json";
/// Headers of answers: name, type, meaning.
const HEADERS: [(&str, Type, &str); 3] = [
    ("X-Request-Id", Type::String, "Names the request, for the operator and in the log"),
    ("WWW-Authenticate", Type::String, "Which token is needed"),
    ("Retry-After", Type::Integer, "How many seconds to wait before the request is sent again"),
];
/// Every call with a token can be refused or fail in these ways.
const ALWAYS: [StatusCode; 2] = [StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR];

/// Completes the answers of a call.
pub(super) fn complete(operation: &mut Operation) {
    let always = ALWAYS.into_iter().filter(|_| operation.security.is_some());
    let named = of_call(operation.operation_id.as_deref().unwrap_or_default()).map(ProblemType::status);
    for status in always.chain(named) {
        operation.responses.responses.entry(status.as_str().to_owned()).or_insert_with(|| RefOr::T(problem(status)));
    }
    let has_pages = operation.parameters.iter().flatten().any(|one| matches!(one, RefOr::T(one) if one.name == "pageToken"));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let code: StatusCode = status.parse().unwrap_or_default();
        describe(code, response);
        let headers = HEADERS.map(|(name, ..)| name).into_iter().filter(|name| carries(code, name));
        headers.for_each(|name| {
            response.headers.entry(name.to_owned()).or_insert_with(|| reference("headers", name));
        });
        if let Some(RefOr::T(content)) = response.content.get_mut(PROBLEM_JSON) {
            let types = types_of(code, operation.operation_id.as_deref().unwrap_or_default(), has_pages);
            content.examples = types.map(|kind| (kind.name().to_owned(), reference("examples", kind.name()))).collect();
        }
    }
}

/// What the answers refer to.
pub(super) fn complete_components(components: &mut Components) {
    for (name, kind, description) in HEADERS {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(description.to_owned());
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for kind in ProblemType::ALL.iter().copied() {
        let mut example = Example::new();
        kind.title().clone_into(&mut example.summary);
        example.value = serde_json::to_value(ApiErrorResponse::example(kind).document("/v1/jobs", "7c9e6679")).ok();
        components.examples.insert(kind.name().to_owned(), RefOr::T(example));
    }
}

/// Problems have a media type of their own, and every answer needs a description.
fn describe(status: StatusCode, response: &mut Response) {
    if !status.is_success()
        && let Some(content) = response.content.shift_remove(JSON)
    {
        response.content.insert(PROBLEM_JSON.to_owned(), content);
    }
    if response.description.is_empty() {
        status.canonical_reason().unwrap_or_default().clone_into(&mut response.description);
    }
}

fn problem(status: StatusCode) -> Response {
    let mut response = Response::new(status.canonical_reason().unwrap_or_default());
    let schema: RefOr<Schema> = RefOr::Ref(Ref::from_schema_name("ApiErrorResponse"));
    response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(Content::new(Some(schema))));
    response
}

fn carries(status: StatusCode, header: &str) -> bool {
    match header {
        "WWW-Authenticate" => matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
        "Retry-After" => matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE),
        _ => true,
    }
}

fn reference<T>(of: &str, name: &str) -> RefOr<T> {
    RefOr::Ref(Ref::new(format!("#/components/{of}/{name}")))
}

/// The problems that name this call.
fn of_call(call: &str) -> impl Iterator<Item = ProblemType> {
    ProblemType::ALL.iter().copied().filter(move |kind| matches!(kind.calls(), Calls::Only(calls) if calls.contains(&call)))
}

/// The problems that a call can answer with this status.
fn types_of(status: StatusCode, call: &str, has_pages: bool) -> impl Iterator<Item = ProblemType> {
    ProblemType::ALL.iter().copied().filter(move |kind| {
        let is_possible = match kind.calls() {
            Calls::WithItsStatus => true,
            Calls::WithPages => has_pages,
            Calls::Only(calls) => calls.contains(&call),
        };
        kind.status() == status && is_possible
    })
}
