//! Errors of authentication: of a request, and of the configuration.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use headway_core::JobError;
use http::header::HeaderValue;

use crate::problem::ApiErrorResponse;

/// The largest key set that is read, in bytes.
pub(super) const SET_BYTES_MAX: usize = 262_144;

/// Why a request has no claims.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// There is no `Authorization: Bearer …`, or more than one.
    #[error("send `Authorization: Bearer <token>`, once")]
    Missing,
    /// The token is not valid. The text is for the caller.
    #[error("{0}")]
    Invalid(&'static str),
    /// The token is valid but lacks a claim that is needed.
    #[error("the token's claim `{0}` is missing, empty, not a text, or longer than 128 characters")]
    Claim(String),
    /// The token is valid but does not allow to name an owner.
    #[error("the token lacks the scope {0}")]
    Scope(&'static str),
    /// The owner that the caller acts for has no valid name.
    #[error("Headway-Owner must be one owner's name of 1 to 128 characters")]
    Owner,
    /// The issuer's keys cannot be read, so no token can be checked.
    #[error("the issuer's keys cannot be read")]
    Keys(#[source] Arc<KeysError>),
    /// The key of the job tokens cannot be read, so none can be checked.
    #[error("the key of the job tokens cannot be read")]
    JobTokenKey(#[source] JobError),
}

impl From<AuthError> for ApiErrorResponse {
    fn from(error: AuthError) -> Self {
        let text = error.to_string();
        let challenge = match error {
            AuthError::Missing => HeaderValue::from_static("Bearer realm=\"headway\""),
            AuthError::Invalid(_) | AuthError::Claim(_) => return Self::invalid_token(text),
            AuthError::Scope(scope) => return Self::scope(scope),
            AuthError::Owner => return Self::malformed(text),
            AuthError::JobTokenKey(cause) => return cause.into(),
            AuthError::Keys(cause) => {
                tracing::error!(%cause, "the issuer's keys cannot be read");
                return Self::busy("tokens cannot be checked at the moment");
            }
        };
        Self::unauthenticated(text, challenge)
    }
}

/// The configuration does not say who may call. The text says what to set.
#[derive(Debug, thiserror::Error)]
pub enum AuthConfigError {
    /// On Lambda the variable must be set.
    #[error(
        "HEADWAY_AUTH is not set: set it to `gateway` (API Gateway's JWT authorizer checks tokens) or `jwks` (this \
         function does)"
    )]
    NotSet,
    /// The value is none of the known ways.
    #[error("HEADWAY_AUTH is `{0}`: set it to `gateway`, `jwks` or, for development only, `hs256`")]
    Unknown(String),
    /// The development key is not allowed in a deployment.
    #[error("HEADWAY_AUTH is `hs256`, which is for development only: on Lambda set it to `gateway` or `jwks`")]
    DevelopmentKeyOnLambda,
    /// A setting that this way needs is missing.
    #[error("{name} is not set: HEADWAY_AUTH=jwks needs {what}")]
    Needed {
        /// The environment variable.
        name: &'static str,
        /// What to set it to.
        what: &'static str,
    },
    /// `HEADWAY_SCOPES` contains something other than `required`.
    #[error("HEADWAY_SCOPES is `{0}`: set it to `required`, or not at all")]
    Scopes(String),
    /// The key set's address cannot be used.
    #[error("HEADWAY_JWKS cannot be used")]
    Jwks(#[from] KeysError),
    /// The development key cannot be read or created.
    #[error(transparent)]
    DevelopmentKey(#[from] DevelopmentKeyError),
}

/// Why the key set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Not a file and not a URL from which keys may be read.
    #[error("`{0}` is neither a file nor an https URL (http is allowed on loopback only)")]
    Address(String),
    /// The file cannot be read.
    #[error("the key set {path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The issuer did not answer, or not as expected.
    #[error("the key set cannot be fetched")]
    Fetch(#[from] reqwest::Error),
    /// The key set is too large.
    #[error("the key set is larger than {SET_BYTES_MAX} bytes")]
    TooLarge,
    /// The content is not a key set.
    #[error("the key set is not JSON of the shape {{\"keys\": […]}}")]
    Content(#[from] serde_json::Error),
    /// The last attempt failed, and the next one is not due yet.
    #[error("the key set could not be read within the last minute")]
    NotYet,
}

/// Why the development key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentKeyError {
    /// Neither a directory for it nor a home directory is set.
    #[error("there is no directory for the development key: set XDG_STATE_HOME or HOME")]
    NoPlace,
    /// The file cannot be read or created.
    #[error("the development key {path} cannot be {what}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `made`.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// Others on this machine can read the file.
    #[error(
        "the development key {path} can be read by others (mode {mode:03o}): run chmod 600 on it, or remove it and a new one is created",
        path = .path.display()
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The content is not what this program writes.
    #[error("{path} is not a development key: remove it and a new one is created", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The token cannot be signed.
    #[error("the development token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}
