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
    /// It is not UTF-8.
    #[error("HEADWAY_HTTP_ENDPOINTS is not UTF-8")]
    NotText,
    /// A name occurs twice.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {0} is given twice")]
    Twice(String),
    /// A name that is not 1 to 64 of `a-z A-Z 0-9 - _`.
    #[error("HEADWAY_HTTP_ENDPOINTS: {0:?} is not a valid name for an endpoint: use 1 to 64 letters, digits, - and _")]
    Name(String),
    /// A member is missing, unknown, of another type or out of range.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {reason}")]
    Member {
        /// The endpoint.
        name: String,
        /// What to change.
        reason: String,
    },
    /// The URL is not allowed.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {rule}")]
    Url {
        /// The endpoint.
        name: String,
        /// The rule that it breaks. Not a source: those who print causes too would print it twice.
        rule: RuleError,
    },
    /// The secret does not have the required form.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: {form}")]
    Secret {
        /// The endpoint.
        name: String,
        /// What a secret must look like.
        form: NotASecret,
    },
    /// TLS cannot be set up.
    #[error("HEADWAY_HTTP_ENDPOINTS: endpoint {name}: the HTTP client could not be created")]
    Client {
        /// The endpoint.
        name: String,
        /// The cause.
        source: reqwest::Error,
    },
}
