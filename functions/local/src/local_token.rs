//! The token with which a person is somebody on a server of their own machine: signed with the development key that
//! client and server share, so that no login is needed.

use chrono::{TimeDelta, Utc};
use headway_api::auth::DevelopmentKeyError;
use headway_api::auth::hs256::{DevelopmentKey, DevelopmentToken};
use headway_core::config;

/// The user that the client is when nobody says: the claim `sub`.
pub const USER_DEFAULT: &str = "dev";
/// What a token allows when nobody says.
pub const SCOPES_DEFAULT: [&str; 2] = ["jobs:read", "jobs:write"];

/// A token of [`USER_DEFAULT`] for `ttl` from now on.
///
/// # Errors
/// If the development key is of no use.
pub fn usual(ttl: TimeDelta) -> Result<DevelopmentToken, DevelopmentKeyError> {
    sign(USER_DEFAULT, &[], ttl)
}

/// A token of `user` for `ttl` from now on, which allows `scopes`, or [`SCOPES_DEFAULT`] if they are none.
///
/// # Errors
/// If the development key is of no use.
pub fn sign(user: &str, scopes: &[String], ttl: TimeDelta) -> Result<DevelopmentToken, DevelopmentKeyError> {
    let key = DevelopmentKey::from_env(&config::optional)?;
    match scopes {
        [] => key.token(user, &SCOPES_DEFAULT.map(str::to_owned), Utc::now(), ttl),
        scopes => key.token(user, scopes, Utc::now(), ttl),
    }
}
