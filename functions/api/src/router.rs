//! All paths, each named once: the routes and the OpenAPI document are made from this list.

use std::sync::{Arc, LazyLock};

use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, Method};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::edge::{EMBED, edge};
use crate::jobs::act;
use crate::json_answer::JSON;
use crate::jwt_extractor::TakesJobTokens;
use crate::openapi::{self, Head};
use crate::problem::{ApiErrorResponse, ProblemType};
use crate::state::AppState;
use crate::static_answer::StaticAnswer;
use crate::unknown_parameters::QueryNames;
use crate::{dashboard, docs, embed, failures, health, item_list, items, jobs, parts, processors, results, unknown_parameters};

/// The HTTP function: the same under Lambda's runtime, a local server and tests.
pub fn router(state: Arc<AppState>) -> Router {
    let (router, document) = documented().split_for_parts();
    let names = QueryNames::of(&document);
    router
        .nest(EMBED, with_job_tokens())
        .route_layer(from_fn_with_state(names, unknown_parameters::refuse))
        .route("/openapi.json", get(openapi_json))
        .route("/docs", get(docs::page))
        .route("/", get(dashboard::page))
        .route("/embed.js", get(embed::script))
        .route("/embed/integrity.json", get(embed::integrity_json))
        .fallback(async || ApiErrorResponse::not_found("Path"))
        .method_not_allowed_fallback(async |method: Method| {
            ApiErrorResponse::new(
                ProblemType::Method,
                format!("the path does not support {method}: use one of the methods in the header `Allow`"),
            )
        })
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

/// The OpenAPI document.
pub fn document() -> Document {
    openapi::completed(documented().into_openapi())
}

/// In alphabetical order: some of the document's members have no order of their own.
fn document_text() -> String {
    serde_json::to_value(document()).and_then(|document| serde_json::to_string_pretty(&document)).unwrap_or_default()
}

/// The document names no server: the API may be mapped below a base path.
async fn openapi_json(headers: HeaderMap) -> Response {
    static TEXT: LazyLock<StaticAnswer> = LazyLock::new(|| StaticAnswer::new(document_text(), JSON, []));
    TEXT.answer(&headers)
}

/// The calls that the document describes.
fn documented() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(jobs::post_job, jobs::list::list_jobs))
        .merge(on_a_job())
        .routes(routes!(processors::list_processors))
        .routes(routes!(health::healthz))
}

/// The calls on one job.
fn on_a_job() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(jobs::get_job_status, act::delete_job))
        .routes(routes!(jobs::token::make_job_token, jobs::token::end_job_tokens))
        .routes(routes!(act::cancel_job))
        .routes(routes!(act::pause_job))
        .routes(routes!(act::resume_job))
        .routes(routes!(act::retry_job))
        .routes(routes!(parts::list_job_parts))
        .routes(routes!(parts::put_job_part))
        .routes(routes!(parts::seal_job))
        .routes(routes!(item_list::list_job_items, items::correct_items))
        .routes(routes!(failures::list_job_failures))
        .routes(routes!(failures::groups::group_job_failures))
        .routes(routes!(results::list_job_results))
}

/// The calls on one job for bearers of a job token. What the token does not allow is refused as for any other token.
fn with_job_tokens() -> Router<Arc<AppState>> {
    on_a_job().split_for_parts().0.route_layer(Extension(TakesJobTokens))
}
