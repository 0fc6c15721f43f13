//! The token for a server on the same machine: signed with the development key that client and server share, so that no
//! login is needed.

use chrono::{TimeDelta, Utc};
use headway_api::auth::DevelopmentKeyError;
use headway_api::auth::hs256::{DevelopmentKey, DevelopmentToken};
use headway_core::config;

/// The user (the claim `sub`) if none is given.
pub const USER_DEFAULT: &str = "dev";
/// The scopes of a token if none are given.
pub const SCOPES_DEFAULT: [&str; 2] = ["jobs:read", "jobs:write"];

/// A token of [`USER_DEFAULT`] that is valid for `ttl` from now on.
///
/// # Errors
///
/// If the development key cannot be used.
pub fn usual(ttl: TimeDelta) -> Result<DevelopmentToken, DevelopmentKeyError> {
    sign(USER_DEFAULT, &[], ttl)
}

/// A token of `user` that is valid for `ttl` from now on and allows `scopes`, or [`SCOPES_DEFAULT`] if there are none.
///
/// # Errors
///
/// If the development key cannot be used.
pub fn sign(user: &str, scopes: &[String], ttl: TimeDelta) -> Result<DevelopmentToken, DevelopmentKeyError> {
    let key = DevelopmentKey::from_env(&config::optional)?;
    match scopes {
        [] => key.token(user, &SCOPES_DEFAULT.map(str::to_owned), Utc::now(), ttl),
        scopes => key.token(user, scopes, Utc::now(), ttl),
    }
}
