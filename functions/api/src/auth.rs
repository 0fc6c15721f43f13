//! Who is calling. `HEADWAY_AUTH` names the one way in which tokens are checked. There is no fallback and, on Lambda,
//! no default, so no deployment is open by mistake.

mod delegation;
mod error;
pub mod gateway;
pub mod hs256;
pub(crate) mod job_token;
pub mod jwks;
mod rules;

use std::fmt;
use std::sync::Arc;

use headway_core::{Clock, UserId, Viewer};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::problem::ApiErrorResponse;
pub use error::{AuthConfigError, AuthError, DevelopmentKeyError, KeysError};
use hs256::DevelopmentKey;
use jwks::Jwks;
pub use rules::LEEWAY_S;

/// A longer token, in bytes, is refused unread. API Gateway allows 10,240 bytes of headers in all.
const TOKEN_BYTES_MAX: usize = 16_384;
/// The claim that names the owner unless `HEADWAY_OWNER_CLAIM` names another.
const OWNER_CLAIM_DEFAULT: &str = "sub";

/// What a token may allow. Checked for owners only if `HEADWAY_SCOPES=required`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read the owner's jobs.
    Read,
    /// Cancel, pause, resume, correct and retry the owner's jobs. `Write` allows it too.
    Act,
    /// Everything else on the owner's jobs.
    Write,
    /// See and hold any owner's job, but never its items.
    Operate,
    /// Act for the owner that the header `Headway-Owner` names.
    Delegate,
}

impl Scope {
    /// Its name in the claims `scope` and `scp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "jobs:read",
            Self::Act => "jobs:act",
            Self::Write => "jobs:write",
            Self::Operate => "jobs:operate",
            Self::Delegate => delegation::SCOPE,
        }
    }
}

/// Who is calling, as the checked token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The owner whose jobs the caller sees: the claim named by `HEADWAY_OWNER_CLAIM`, or the owner that a backend acts for.
    pub owner: UserId,
    /// The person: the claim `sub`. Kept as a job's `createdBy`.
    pub subject: String,
    scopes: Vec<String>,
    scopes_required: bool,
    is_delegated: bool,
    /// Of a job token: the generation of the job's tokens that it belongs to. It is valid only if the job still has this one.
    token_generation: Option<u32>,
}

impl Claims {
    /// Checks that a job belongs to the caller. Another owner's job does not exist for the caller.
    ///
    /// # Errors
    ///
    /// `not-found`, worded exactly as for a job that does not exist.
    pub fn validate_user_id(&self, owner: &UserId) -> Result<(), ApiErrorResponse> {
        if self.owner == *owner { Ok(()) } else { Err(ApiErrorResponse::not_found("Job")) }
    }

    /// True if the token names `scope`, whether or not scopes are required.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| held == scope.name())
    }

    /// True if the caller may do what needs `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        match scope {
            Scope::Read | Scope::Write => self.has(scope) || !self.scopes_required,
            Scope::Act => self.has(scope) || self.allows(Scope::Write),
            Scope::Operate | Scope::Delegate => self.has(scope),
        }
    }

    /// True if the caller named the owner that it acts for.
    pub const fn is_delegated(&self) -> bool {
        self.is_delegated
    }

    /// True if a job of this owner is the caller's own and `scope` is allowed on it.
    pub fn owns(&self, owner: &UserId, scope: Scope) -> bool {
        self.owner == *owner && self.allows(scope)
    }

    /// For calls that are allowed with `scope` on the caller's own jobs, and with `jobs:operate` on every job.
    ///
    /// # Errors
    ///
    /// `scope` if the token allows neither.
    pub fn viewer(&self, scope: Scope) -> Result<Viewer<'_>, ApiErrorResponse> {
        if self.has(Scope::Operate) {
            return Ok(Viewer::Operator);
        }
        self.require(scope).map(|()| self.as_owner())
    }

    /// For calls that only a job's owner may make, or who has a token of that owner's job.
    pub const fn as_owner(&self) -> Viewer<'_> {
        match self.token_generation {
            Some(generation) => Viewer::Bearer { owner: &self.owner, generation },
            None => Viewer::Owner(&self.owner),
        }
    }

    /// # Errors
    ///
    /// `scope` if the token does not allow what needs `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), ApiErrorResponse> {
        if self.allows(scope) { Ok(()) } else { Err(ApiErrorResponse::scope(scope.name())) }
    }
}

/// The claims of a job token. What it allows is in it, so scopes are always required.
fn of_a_job_token(owner: UserId, generation: u32, payload: &Map<String, Value>) -> Claims {
    let (subject, scopes) = (owner.to_string(), scopes(payload));
    Claims { owner, subject, scopes, scopes_required: true, is_delegated: false, token_generation: Some(generation) }
}

/// Where the function runs. The development key is refused in a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Deployed.
    Lambda,
    /// A developer's machine.
    Local,
}

/// The way in which tokens are checked.
#[derive(Debug)]
enum Way {
    Gateway,
    Jwks(Jwks),
    Hs256(DevelopmentKey),
}

/// Checks tokens and reads from them who is calling.
#[derive(Debug)]
pub struct Authenticator {
    way: Way,
    owner_claim: String,
    scopes_required: bool,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Configured by the environment: `HEADWAY_AUTH`, `HEADWAY_JWKS`, `HEADWAY_JWT_ISSUER`, `HEADWAY_JWT_AUDIENCE`,
    /// `HEADWAY_OWNER_CLAIM`, `HEADWAY_SCOPES`. An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`AuthConfigError`], which says what to set.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>, host: Host, clock: Arc<dyn Clock>) -> Result<Self, AuthConfigError> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let way = match (env("HEADWAY_AUTH").as_deref(), host) {
            (None, Host::Lambda) => return Err(AuthConfigError::NotSet),
            (Some("hs256"), Host::Lambda) => return Err(AuthConfigError::DevelopmentKeyOnLambda),
            (None | Some("hs256"), Host::Local) => Way::Hs256(DevelopmentKey::from_env(&env)?),
            (Some("gateway"), _) => Way::Gateway,
            (Some("jwks"), _) => Way::Jwks(Jwks::from_env(&env)?),
            (Some(other), _) => return Err(AuthConfigError::Unknown(other.to_owned())),
        };
        let scopes_required = match env("HEADWAY_SCOPES").as_deref() {
            None => false,
            Some("required") => true,
            Some(other) => return Err(AuthConfigError::Scopes(other.to_owned())),
        };
        let owner_claim = env("HEADWAY_OWNER_CLAIM").unwrap_or_else(|| OWNER_CLAIM_DEFAULT.to_owned());
        Ok(Self { way, owner_claim, scopes_required, clock })
    }

    /// Claims come from API Gateway's JWT authorizer.
    pub fn gateway(clock: Arc<dyn Clock>) -> Self {
        Self::with_way(Way::Gateway, clock)
    }

    /// Tokens are checked against an issuer's keys.
    pub fn jwks(jwks: Jwks, clock: Arc<dyn Clock>) -> Self {
        Self::with_way(Way::Jwks(jwks), clock)
    }

    /// Tokens are checked with the development key.
    pub fn hs256(key: DevelopmentKey, clock: Arc<dyn Clock>) -> Self {
        Self::with_way(Way::Hs256(key), clock)
    }

    /// Takes the owner from this claim instead of `sub`.
    #[must_use]
    pub fn with_owner_claim(mut self, claim: impl Into<String>) -> Self {
        self.owner_claim = claim.into();
        self
    }

    /// Requires the scopes that each call needs.
    #[must_use]
    pub fn with_scopes_required(mut self) -> Self {
        self.scopes_required = true;
        self
    }

    fn with_way(way: Way, clock: Arc<dyn Clock>) -> Self {
        Self { way, owner_claim: OWNER_CLAIM_DEFAULT.to_owned(), scopes_required: false, clock }
    }

    /// Who is calling.
    ///
    /// # Errors
    ///
    /// [`AuthError`] if there is no valid token, the token has no owner, or the caller may not act for the owner that it
    /// names.
    pub async fn claims(&self, parts: &Parts) -> Result<Claims, AuthError> {
        let now = self.clock.now();
        let payload = match &self.way {
            Way::Gateway => gateway::claims(parts)?,
            Way::Jwks(jwks) => jwks.check(bearer(&parts.headers)?, now).await?,
            Way::Hs256(key) => key.check(bearer(&parts.headers)?, now)?,
        };
        let claims = Claims {
            owner: owner_claim(&payload, &self.owner_claim)?,
            subject: owner_claim(&payload, "sub")?.to_string(),
            scopes: scopes(&payload),
            scopes_required: self.scopes_required,
            is_delegated: false,
            token_generation: None,
        };
        Ok(match delegation::named_owner(&parts.headers, claims.has(Scope::Delegate))? {
            Some(owner) => Claims { owner, is_delegated: true, ..claims },
            None => claims,
        })
    }
}

/// The token of the one `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(AuthError::Missing) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(AuthError::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Missing);
    }
    match token.trim() {
        "" => Err(AuthError::Missing),
        token if token.len() > TOKEN_BYTES_MAX => Err(AuthError::Invalid("the token is too long")),
        token => Ok(token),
    }
}

fn owner_claim(payload: &Map<String, Value>, name: &str) -> Result<UserId, AuthError> {
    let text = payload.get(name).and_then(Value::as_str).unwrap_or_default();
    UserId::new(text).ok_or_else(|| AuthError::Claim(name.to_owned()))
}

/// `scope` is separated by spaces (RFC 8693). `scp` is a list, which the gateway renders as `[a b]`.
fn scopes(payload: &Map<String, Value>) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        text.split_ascii_whitespace().map(str::to_owned).collect()
    };
    ["scope", "scp"]
        .into_iter()
        .filter_map(|name| payload.get(name))
        .flat_map(|value| match value {
            Value::String(text) => words(text),
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        })
        .collect()
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
