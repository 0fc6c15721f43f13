//! The built-in processors: [`json_schema`] checks rows and converts types, [`http`] calls an endpoint, so that the
//! system is useful before anybody writes Rust. A worker of your own may add to them or leave them out.

mod document;
pub mod http;
pub mod json_schema;
mod output;

use headway_core::Processors;

pub use headway_outbound::{Endpoints, EndpointsError};
pub use http::Http;
pub use json_schema::JsonSchema;

/// `json-schema` and `http`, with the endpoints in the environment.
///
/// # Errors
///
/// The endpoints' configuration cannot be used; the error says what to change.
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

    /// The api describes the processors that the worker has.
    #[test]
    fn the_description_lists_the_workers_processors() {
        assert_eq!(headway_built_in::infos(), built_in_with(Endpoints::default()).infos());
    }
}
