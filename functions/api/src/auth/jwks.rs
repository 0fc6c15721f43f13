//! Tokens signed by an issuer, checked against its published keys (RFC 7517). A token's header only decides which key
//! is looked up. The key decides the algorithm, and `jku`, `jwk` and `x5u` are not read.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};

use super::error::{AuthConfigError, AuthError, KeysError, SET_BYTES_MAX};
use super::rules::{check_times, checked, rules};

/// The keys are read at most this often, whatever tokens arrive.
const READ_EVERY_MIN: TimeDelta = TimeDelta::minutes(1);
/// Keys of this age are read again, so that a removed key is refused.
const FRESH_MAX: TimeDelta = TimeDelta::minutes(5);
/// If the keys could not be read again, they are used until this age.
const KEPT_MAX: TimeDelta = TimeDelta::hours(24);
/// The longest a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// At most this many keys of a set are used.
const KEYS_MAX: usize = 100;
/// A longer key id is treated as unknown.
const KID_BYTES_MAX: usize = 256;

/// Where a key set is read from.
#[async_trait]
pub trait KeySource: Send + Sync + Debug {
    /// Reads the key set as JSON.
    async fn read(&self) -> Result<Vec<u8>, KeysError>;
}

/// Checks tokens against an issuer's keys.
#[derive(Debug)]
pub struct Jwks {
    source: Box<dyn KeySource>,
    issuer: String,
    audiences: Vec<String>,
    known: RwLock<Arc<Known>>,
    /// When the keys were last requested. Locked while they are being read.
    asked: Mutex<Option<DateTime<Utc>>>,
}

/// The keys as last read.
#[derive(Debug, Default)]
struct Known {
    keys: Vec<Key>,
    read_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl Jwks {
    /// Accepts tokens of `issuer` for one of `audiences`, signed with the keys of `source`.
    pub fn new(source: Box<dyn KeySource>, issuer: impl Into<String>, audiences: Vec<String>) -> Self {
        Self { source, issuer: issuer.into(), audiences, known: RwLock::default(), asked: Mutex::default() }
    }

    /// Configured by `HEADWAY_JWKS`, `HEADWAY_JWT_ISSUER` and `HEADWAY_JWT_AUDIENCE` (one or more, separated by
    /// commas).
    pub(super) fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, AuthConfigError> {
        let needed = |name, what| env(name).ok_or(AuthConfigError::Needed { name, what });
        let source = source(&needed("HEADWAY_JWKS", "the file or https URL of the issuer's keys")?)?;
        let issuer = needed("HEADWAY_JWT_ISSUER", "the `iss` that tokens must have")?;
        let audiences = needed("HEADWAY_JWT_AUDIENCE", "the `aud` that tokens must have")?;
        let audiences = audiences.split(',').map(|audience| audience.trim().to_owned()).collect();
        Ok(Self::new(source, issuer, audiences))
    }

    /// The claims of a token that one of the issuer's keys signed and that is valid now.
    pub(super) async fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Map<String, Value>, AuthError> {
        let header = decode_header(token).map_err(|_| AuthError::Invalid("the token is not valid"))?;
        let key = self.key(header.kid.as_deref(), now).await?;
        let rules = rules(key.algorithm, std::slice::from_ref(&self.issuer), &self.audiences);
        let payload = checked(token, &key.decoding, &rules)?;
        check_times(&payload, now)?;
        Ok(payload)
    }

    /// The key with that id. The keys are read again first if the id is unknown or the keys are old. A caller with a
    /// known key does not wait while another caller reads.
    async fn key(&self, kid: Option<&str>, now: DateTime<Utc>) -> Result<Key, AuthError> {
        if kid.is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(unknown_key());
        }
        let known = self.known();
        let found = known.find(kid);
        if found.is_some() && known.is_younger(FRESH_MAX, now) {
            return found.ok_or_else(unknown_key);
        }
        let asked = match (self.asked.try_lock(), &found) {
            (Ok(asked), _) => Some(asked),
            (Err(_), Some(_)) => None,
            (Err(_), None) => Some(self.asked.lock().await),
        };
        let failure = match asked {
            Some(mut asked) if is_due(*asked, now) => {
                *asked = Some(now);
                self.read(now).await.err()
            }
            _ => None,
        };
        let known = self.known();
        if known.is_younger(KEPT_MAX, now) {
            return known.find(kid).ok_or_else(unknown_key);
        }
        Err(AuthError::Keys(Arc::new(failure.unwrap_or(KeysError::NotYet))))
    }

    /// Reads the keys again. If that fails, the known keys are kept.
    async fn read(&self, now: DateTime<Utc>) -> Result<(), KeysError> {
        let keys = self.source.read().await.and_then(|json| parse(&json));
        match keys {
            Ok(keys) => {
                let known = Arc::new(Known { keys, read_at: Some(now) });
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
                Ok(())
            }
            Err(error) => {
                tracing::warn!(cause = %headway_core::error_chain(&error), "the issuer's keys could not be read");
                Err(error)
            }
        }
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    /// The key with that id. A token without an id means the only key of the set.
    fn find(&self, kid: Option<&str>) -> Option<Key> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)).cloned(),
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    fn is_younger(&self, than: TimeDelta, now: DateTime<Utc>) -> bool {
        self.read_at.is_some_and(|at| now - at < than)
    }
}

/// Also true if the clock was set back, so that the keys can still be read.
fn is_due(asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    asked.is_none_or(|at| !(TimeDelta::zero()..READ_EVERY_MIN).contains(&(now - at)))
}

fn unknown_key() -> AuthError {
    AuthError::Invalid("the token is not signed with a key of the issuer")
}

/// The keys of a set that can check signatures. Others are ignored.
fn parse(json: &[u8]) -> Result<Vec<Key>, KeysError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(json)?;
    Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(key_of).collect())
}

fn key_of(jwk: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Algorithm::PS256,
        (AlgorithmParameters::EllipticCurve(key), None | Some(KeyAlgorithm::ES256)) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        (AlgorithmParameters::OctetKeyPair(key), None | Some(KeyAlgorithm::EdDSA)) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    Some(Key { decoding: DecodingKey::from_jwk(&jwk).ok()?, kid: jwk.common.key_id, algorithm })
}

/// The source for an https URL, an http URL on loopback, or a file.
fn source(address: &str) -> Result<Box<dyn KeySource>, KeysError> {
    if !address.contains("://") {
        return Ok(Box::new(FromFile(PathBuf::from(address))));
    }
    let refused = || KeysError::Address(address.to_owned());
    let url: reqwest::Url = address.parse().map_err(|_| refused())?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(refused()),
    }
    Ok(Box::new(FromUrl { url, client: OnceCell::new() }))
}

#[derive(Debug)]
struct FromFile(PathBuf);

#[async_trait]
impl KeySource for FromFile {
    async fn read(&self) -> Result<Vec<u8>, KeysError> {
        std::fs::read(&self.0).map_err(|source| KeysError::File { path: self.0.clone(), source })
    }
}

/// The HTTP client is created at the first read, so that a cold start does not pay for it.
#[derive(Debug)]
struct FromUrl {
    url: reqwest::Url,
    client: OnceCell<reqwest::Client>,
}

#[async_trait]
impl KeySource for FromUrl {
    async fn read(&self) -> Result<Vec<u8>, KeysError> {
        let client = self
            .client
            .get_or_try_init(|| async {
                reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(READ_TIMEOUT).build()
            })
            .await?;
        let mut response = client.get(self.url.clone()).send().await?.error_for_status()?;
        let mut json = Vec::new();
        while let Some(bytes) = response.chunk().await? {
            json.extend_from_slice(&bytes);
            if json.len() > SET_BYTES_MAX {
                return Err(KeysError::TooLarge);
            }
        }
        Ok(json)
    }
}
