//! The parts of the OpenAPI 3.1 document that cannot be generated from the handlers.

mod answers;
mod examples;
mod limits;
mod links;
mod shapes;
mod words;

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, RefOr, Required};
use utoipa::{Modify, OpenApi};

const RETRY: &str = "/v1/jobs/{job_id}/retry";
/// The rules for tokens, which are the same for every call, are described once.
const TOKENS: &str = "A token with the scope `jobs:delegate` may name the owner it acts for in the header `Headway-Owner`, with \
                          every call. Without the scope the header is refused with 403. A job token, which this service makes for one job, \
                          is accepted only below the path `/embed`, by the calls on that job";

/// The document's head.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Headway",
        description = "Background jobs with exact progress: submit items, get a job id at once, follow the job to its end.",
        license(name = "MIT", identifier = "MIT")
    ),
    modifiers(&BearerToken),
    tags(
        (name = "jobs", description = "Start a job, read its state, end it"),
        (name = "parts", description = "Submit a job of any size part by part"),
        (name = "records", description = "Failures and results of items"),
        (name = "processors", description = "The processors that jobs can use"),
        (name = "service", description = "The service itself"),
    )
)]
pub(crate) struct Head;

/// The document generated from the handlers, completed with what cannot be derived.
pub(crate) fn completed(mut document: Document) -> Document {
    let mut bodies = Vec::new();
    shapes::name_both_answers_of_a_start(&mut document);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            bodies.extend(shapes::complete_operation(operation));
            answers::complete(operation);
            links::complete(operation);
            examples::complete(operation);
        }
    }
    // The derived document can say "an object or null", but not "an object or no body".
    let retry = document.paths.paths.get_mut(RETRY).and_then(|item| item.post.as_mut());
    if let Some(RefOr::T(body)) = retry.and_then(|retry| retry.request_body.as_mut()) {
        body.required = Some(Required::False);
    }
    shapes::complete_schemas(&mut document, &bodies);
    words::limit(&mut document);
    limits::limit(&mut document);
    let components = document.components.get_or_insert_default();
    answers::complete_components(components);
    examples::complete_components(components);
    document
}

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut Document) {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.bearer_format = Some("JWT".to_owned());
        http.description = Some(TOKENS.to_owned());
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("jwt", SecurityScheme::Http(http));
    }
}
