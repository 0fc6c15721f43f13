//! Job tokens: bearer tokens that this service makes for one job, so that a web page can follow it without the user's
//! own token. They are JWTs, signed with a key that the table keeps for all instances. Only the calls below
//! `/embed` take them, and no other tokens: see `jwt_extractor`.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use headway_core::secret::{known, secret};
use headway_core::{Clock, Cupboard, Job, JobId};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::delegation::named_owner;
use super::error::AuthError;
use super::rules::{check_times, checked, rules};
use super::{Claims, Scope, bearer, of_a_job_token, owner_claim};
use crate::problem::ApiErrorResponse;
use crate::random_key::random_key;

/// How many seconds a token may be valid, and how many it is valid by default.
pub(crate) const TTL_SECONDS_MIN: u32 = 60;
pub(crate) const TTL_SECONDS_MAX: u32 = 86_400;
pub(crate) const TTL_SECONDS_DEFAULT: u32 = 3_600;

const ISSUER: &str = "headway";
const AUDIENCE: &str = "headway-job";
/// The claim that names the job's owner.
const OWNER: &str = "owner";
/// The claim with the generation of the job's tokens. Ending a job's tokens begins the next one.
const GENERATION: &str = "generation";
/// The name under which the table keeps the key.
const SECRET: &str = "job-token";
/// A key read longer ago is read again, so that a removed key is refused.
const FRESH_MAX: TimeDelta = TimeDelta::minutes(1);
/// If a token does not fit the key, the key may be a new one: it is read again, but at most this often.
const READ_EVERY_MIN: TimeDelta = TimeDelta::seconds(5);

/// What a token allows on its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    /// To read its status, parts, failures and results.
    Read,
    /// Also to cancel, pause, resume, correct and retry it.
    Act,
}

impl Allow {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Act];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Act => "act",
        }
    }

    fn scopes(self) -> String {
        let scopes: &[Scope] = match self {
            Self::Read => &[Scope::Read],
            Self::Act => &[Scope::Read, Scope::Act],
        };
        scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
    }
}

/// A token, and when it expires.
#[derive(Debug, Clone)]
pub(crate) struct JobToken {
    pub(crate) text: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Makes and checks job tokens.
pub(crate) struct JobTokens {
    cupboard: Arc<dyn Cupboard>,
    clock: Arc<dyn Clock>,
    /// The key as last read. Locked while it is being read.
    read: Mutex<Option<Read>>,
}

#[derive(Clone)]
struct Read {
    /// `None` if there was none: then no token has been made.
    key: Option<Arc<[u8]>>,
    at: DateTime<Utc>,
}

impl JobTokens {
    pub(crate) fn new(cupboard: Arc<dyn Cupboard>, clock: Arc<dyn Clock>) -> Self {
        Self { cupboard, clock, read: Mutex::default() }
    }

    /// A token for this job, valid from now for that many seconds. The key is created if there is none.
    pub(crate) async fn issue(&self, job: &Job, allow: Allow, ttl_seconds: u32) -> Result<JobToken, ApiErrorResponse> {
        let now = self.clock.now();
        let expires = now.timestamp() + i64::from(ttl_seconds);
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": job.id.to_string(), OWNER: job.user_id.as_str(), GENERATION: job.token_generation,
            "scope": allow.scopes(), "iat": now.timestamp(), "exp": expires,
        });
        let mut read = self.read.lock().await;
        let key: Arc<[u8]> = secret(self.cupboard.as_ref(), SECRET, &random_key()?).await?.into();
        *read = Some(Read { key: Some(key.clone()), at: now });
        let text = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&key)).map_err(ApiErrorResponse::internal)?;
        let expires_at = DateTime::from_timestamp(expires, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Ok(JobToken { text, expires_at })
    }

    /// Who is calling about `job`. A token for another job is no valid token. Whether the job's tokens were ended since is
    /// checked where the job's row is read.
    pub(crate) async fn claims(&self, headers: &HeaderMap, job: Option<JobId>) -> Result<Claims, AuthError> {
        let payload = self.check(bearer(headers)?).await?;
        let its_job = payload.get("sub").and_then(Value::as_str).and_then(JobId::parse);
        if its_job.is_none() || its_job != job {
            return Err(AuthError::Invalid("the token is not valid"));
        }
        // The bearer of the token acts for the job's owner only.
        named_owner(headers, false)?;
        let generation = payload.get(GENERATION).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        let generation = generation.ok_or(AuthError::Invalid("the token is not valid"))?;
        Ok(of_a_job_token(owner_claim(&payload, OWNER)?, generation, &payload))
    }

    /// The claims of a token that was made here and is valid now. The key is read again if the token does not fit: it
    /// may have been replaced.
    async fn check(&self, token: &str) -> Result<Map<String, Value>, AuthError> {
        let now = self.clock.now();
        let first = self.key(FRESH_MAX, now).await?;
        let payload = match signed_with(first.key.as_deref(), token) {
            Err(_) => signed_with(self.key(READ_EVERY_MIN, now).await?.key.as_deref(), token)?,
            Ok(payload) => payload,
        };
        check_times(&payload, now)?;
        Ok(payload)
    }

    /// The key, read less than `age_max` ago.
    async fn key(&self, age_max: TimeDelta, now: DateTime<Utc>) -> Result<Read, AuthError> {
        let mut read = self.read.lock().await;
        // If the clock was set back, it is read again.
        if let Some(read) = read.as_ref().filter(|read| (TimeDelta::zero()..age_max).contains(&(now - read.at))) {
            return Ok(read.clone());
        }
        let key = known(self.cupboard.as_ref(), SECRET).await.map_err(AuthError::JobTokenKey)?;
        Ok(read.insert(Read { key: key.map(Arc::from), at: now }).clone())
    }
}

fn signed_with(key: Option<&[u8]>, token: &str) -> Result<Map<String, Value>, AuthError> {
    let key = key.ok_or(AuthError::Invalid("the token is not valid"))?;
    checked(token, &DecodingKey::from_secret(key), &rules(Algorithm::HS256, &[ISSUER], &[AUDIENCE]))
}

impl fmt::Debug for JobTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobTokens")
    }
}
