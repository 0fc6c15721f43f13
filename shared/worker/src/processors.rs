//! The built-in processors: [`json_schema`] checks rows and converts types, [`http`] calls an endpoint, [`lambda`] invokes a
//! function, so that the system is useful before anybody writes Rust. A worker of your own may add to them or leave them out.

mod configured;
mod document;
pub mod http;
pub mod json_schema;
pub mod lambda;
mod one_line;
mod output;

use headway_aws::secrets::{self, SecretError};
use headway_core::{Processors, config};

pub use headway_outbound::{Endpoints, EndpointsError};
pub use http::Http;
pub use json_schema::JsonSchema;
pub use lambda::{Functions, FunctionsError, Lambda};

/// Why the built-in processors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BuiltInError {
    /// The endpoints' configuration is wrong.
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
    /// The functions' configuration is wrong.
    #[error(transparent)]
    Functions(#[from] FunctionsError),
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

/// `http`, `json-schema` and `lambda`, with the operator's [`endpoints`] and functions.
///
/// # Errors
///
/// The endpoints' or the functions' configuration cannot be read or used; the error says what to change.
pub async fn built_in() -> Result<Processors, BuiltInError> {
    Ok(built_in_with(endpoints().await?, Functions::from_env()?))
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

/// `http`, `json-schema` and `lambda`, with these endpoints and functions.
pub fn built_in_with(endpoints: Endpoints, functions: Functions) -> Processors {
    Processors::new()
        .with(headway_built_in::json_schema::NAME, JsonSchema::new())
        .with(headway_built_in::http::NAME, Http::new(endpoints))
        .with(headway_built_in::lambda::NAME, Lambda::new(functions))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The api describes the processors that the worker has.
    #[test]
    fn the_description_lists_the_workers_processors() {
        assert_eq!(headway_built_in::infos(), built_in_with(Endpoints::default(), Functions::default()).infos());
    }
}
