//! What can be wrong with the endpoints' configuration.

use crate::rule::RuleError;
use crate::signature::NotASecret;

/// What is wrong with the endpoints' configuration.
#[derive(Debug, thiserror::Error)]
pub enum EndpointsError {
    /// It is not JSON. The parser's own message could repeat a secret.
    #[error(
        "HEADWAY_HTTP_ENDPOINTS must be a JSON object of endpoints by name, {{\"crm\": {{\"url\": \"https://…\", \"secret\": \"whsec_…\"}}}}; \
         it cannot be read at line {line}, column {column}"
    )]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is not text.
    #[error("HEADWAY_HTTP_ENDPOINTS is not UTF-8")]
    NotText,
    /// A name that is there twice.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {0} is given twice")]
    Twice(String),
    /// A name that is not 1 to 64 of `a-z A-Z 0-9 - _`.
    #[error("HEADWAY_HTTP_ENDPOINTS: {0:?} is no name for an endpoint: 1 to 64 letters, digits, - and _")]
    Name(String),
    /// A member is missing, unknown, of another type or out of bounds.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {reason}")]
    Member {
        /// The endpoint.
        name: String,
        /// What to change.
        reason: String,
    },
    /// The URL is not one to send to.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {source}")]
    Url {
        /// The endpoint.
        name: String,
        /// Which rule it breaks.
        source: RuleError,
    },
    /// The secret is missing its form.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {source}")]
    Secret {
        /// The endpoint.
        name: String,
        /// What a secret is.
        source: NotASecret,
    },
    /// TLS cannot be set up.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: no HTTP client could be made")]
    Client {
        /// The endpoint.
        name: String,
        /// Why.
        source: reqwest::Error,
    },
}
