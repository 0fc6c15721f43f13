//! The processors every worker has: [`json_schema`] checks and types rows, [`http`] calls an endpoint, so that the
//! system is useful before anyone writes Rust. A worker of one's own adds to them or leaves them out.

pub mod http;
pub mod json_schema;

use headway_core::Processors;

pub use headway_outbound::{Endpoints, EndpointsError};
pub use http::Http;
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
    Processors::new().with(headway_built_in::json_schema::NAME, JsonSchema::new()).with(headway_built_in::http::NAME, Http::new(endpoints))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The api tells of the processors that the worker has.
    #[test]
    fn what_is_told_is_what_there_is() {
        assert_eq!(headway_built_in::infos(), built_in_with(Endpoints::default()).infos());
    }
}
