//! The processors every worker has: [`json_schema`] checks and types rows, [`http`] calls an endpoint, so that the
//! system is useful before anyone writes Rust. A worker of one's own adds to them or leaves them out.

pub mod http;
pub mod json_schema;

use headway::Processors;

pub use http::{Endpoints, EndpointsError, Http};
pub use json_schema::JsonSchema;

/// `json-schema` and `http`, with the endpoints that the environment names.
///
/// # Errors
/// The endpoints' configuration is of no use; says what to change.
pub fn built_in() -> Result<Processors, EndpointsError> {
    Endpoints::from_env().map(built_in_with)
}

/// `json-schema` and `http`, with these endpoints.
pub fn built_in_with(endpoints: Endpoints) -> Processors {
    Processors::new().with("json-schema", JsonSchema::new()).with("http", Http::new(endpoints))
}
