//! Why a caller is not known, and why a way of checking tokens cannot be used.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::HeaderValue;

use crate::problem::ApiErrorResponse;

/// The largest key set, in bytes.
pub(super) const SET_BYTES_MAX: usize = 262_144;

/// Why a request has no claims.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No `Authorization: Bearer …`, or more than one.
    #[error("send `Authorization: Bearer <token>`, once")]
    Missing,
    /// A token that is not valid. The words are for the caller.
    #[error("{0}")]
    Invalid(&'static str),
    /// A valid token without a claim that is needed.
    #[error("the token's claim `{0}` is missing, empty, not a text, or longer than 128 characters")]
    Claim(String),
    /// The issuer's keys cannot be had, so nothing can be said about any token.
    #[error("the issuer's keys cannot be read")]
    Keys(#[source] Arc<KeysError>),
}

impl From<AuthError> for ApiErrorResponse {
    fn from(error: AuthError) -> Self {
        let challenge = match &error {
            AuthError::Missing => HeaderValue::from_static("Bearer realm=\"headway\""),
            AuthError::Invalid(_) | AuthError::Claim(_) => HeaderValue::from_static("Bearer realm=\"headway\", error=\"invalid_token\""),
            AuthError::Keys(cause) => {
                tracing::error!(%cause, "the issuer's keys cannot be read");
                return Self::busy("tokens cannot be checked at the moment");
            }
        };
        Self::unauthenticated(error.to_string(), challenge)
    }
}

/// A configuration that leaves open who may call. The words say what to set.
#[derive(Debug, thiserror::Error)]
pub enum AuthConfigError {
    /// On Lambda the way must be named.
    #[error(
        "HEADWAY_AUTH is not set: set it to `gateway` (API Gateway's JWT authorizer checks tokens) or `jwks` (this \
         function does)"
    )]
    NotSet,
    /// Not one of the ways.
    #[error("HEADWAY_AUTH is `{0}`: set it to `gateway`, `jwks` or, for development only, `hs256`")]
    Unknown(String),
    /// The development key has no place in a deployment.
    #[error("HEADWAY_AUTH is `hs256`, which is for development only: on Lambda set it to `gateway` or `jwks`")]
    DevelopmentKeyOnLambda,
    /// A setting that this way needs.
    #[error("{name} is not set: HEADWAY_AUTH=jwks needs {what}")]
    Needed {
        /// The environment variable.
        name: &'static str,
        /// What goes in there.
        what: &'static str,
    },
    /// `HEADWAY_SCOPES` holds something else than `required`.
    #[error("HEADWAY_SCOPES is `{0}`: set it to `required`, or not at all")]
    Scopes(String),
    /// The JWKS's address is of no use.
    #[error("HEADWAY_JWKS is of no use")]
    Jwks(#[from] KeysError),
    /// The development key cannot be read or made.
    #[error(transparent)]
    DevelopmentKey(#[from] DevelopmentKeyError),
}

/// The key set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Not an address that keys may come from.
    #[error("`{0}` is neither a file nor an https URL (http is taken for loopback only)")]
    Address(String),
    /// The file cannot be read.
    #[error("the key set {path} cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The issuer did not answer as it should.
    #[error("the key set cannot be fetched")]
    Fetch(#[from] reqwest::Error),
    /// It answered with something too large.
    #[error("the key set is larger than {SET_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not a key set.
    #[error("the key set is not JSON of the shape {{\"keys\": […]}}")]
    Content(#[from] serde_json::Error),
    /// It has not been read, and may not be tried again yet.
    #[error("the key set could not be read within the last minute")]
    NotYet,
}

/// The key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentKeyError {
    /// Neither a place for it nor a home is named.
    #[error("no place for the development key: set XDG_STATE_HOME or HOME")]
    NoPlace,
    /// The file cannot be read or made.
    #[error("the development key {path} cannot be {what}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `made`.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Others on this machine can read it.
    #[error(
        "the development key {path} can be read by others (mode {mode:03o}): chmod 600 it, or remove it to have a new one made",
        path = .path.display()
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what this program writes.
    #[error("{path} is not a development key: remove it to have a new one made", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// The token cannot be signed.
    #[error("the development token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}
