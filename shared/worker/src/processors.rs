//! The built-in processors: [`json_schema`] checks rows and converts types, [`http`] calls an endpoint, so that the
//! system is useful before anybody writes Rust. A worker of your own may add to them or leave them out.

mod document;
pub mod http;
pub mod json_schema;
mod output;

use headway_aws::secrets::{self, SecretError};
use headway_core::{Processors, config};

pub use headway_outbound::{Endpoints, EndpointsError};
pub use http::Http;
pub use json_schema::JsonSchema;

/// Why the built-in processors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BuiltInError {
    /// The endpoints' configuration is wrong.
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
    /// The secret with the endpoints cannot be read.
    #[error("{}", Endpoints::SECRET_VARIABLE)]
    Secret(#[from] SecretError),
    /// The endpoints in the secret are wrong. Their errors speak of the variable that would have the same text.
    #[error("in the secret {arn}")]
    InSecret {
        /// The secret's ARN.
        arn: String,
        /// The cause.
        source: EndpointsError,
    },
    /// There are endpoints in two places.
    #[error("{} and {} are both set: leave one of them out", Endpoints::VARIABLE, Endpoints::SECRET_VARIABLE)]
    Both,
}

/// `json-schema` and `http`, with the operator's [`endpoints`].
///
/// # Errors
///
/// The endpoints' configuration cannot be read or used; the error says what to change.
pub async fn built_in() -> Result<Processors, BuiltInError> {
    endpoints().await.map(built_in_with)
}

/// The endpoints that the environment has, or those in the secret that it names. A secret is read once: a change of it takes
/// effect in processes that start later.
///
/// # Errors
///
/// The endpoints' configuration cannot be read or used; the error says what to change.
pub async fn endpoints() -> Result<Endpoints, BuiltInError> {
    let Some(arn) = config::optional(Endpoints::SECRET_VARIABLE) else { return Ok(Endpoints::from_env()?) };
    if config::optional(Endpoints::VARIABLE).is_some() {
        return Err(BuiltInError::Both);
    }
    let text = secrets::read(&arn).await?;
    Endpoints::parse(&text).map_err(|source| BuiltInError::InSecret { arn, source })
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
