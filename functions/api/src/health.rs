//! `/healthz`: shows that the function answers. It checks nothing else, so a fault in the table or queue does not make
//! the function look dead.

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json_answer::json_answer;
use crate::problem::ApiErrorResponse;

/// The function answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// The function's version.
    #[schema(examples("1.0.0"))]
    version: &'static str,
}

/// Shows that the function answers.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Health)))]
pub async fn healthz() -> Result<Response, ApiErrorResponse> {
    json_answer(&Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
