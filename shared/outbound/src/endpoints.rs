//! The operator's endpoints, read once from the environment. No error and no `Debug` shows a secret or a header.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::rule::{Rule, RuleError};
use crate::send::Connections;
use crate::signature::{NotASecret, Secret};

/// Endpoints by name.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<BTreeMap<String, Arc<Endpoint>>>);

/// What is wrong with the endpoints' configuration.
#[derive(Debug, thiserror::Error)]
pub enum EndpointsError {
    /// It is not JSON. The parser's own message could repeat a secret.
    #[error("HEADWAY_HTTP_ENDPOINTS is not a JSON object of endpoints by name (line {line}, column {column})")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is not text.
    #[error("HEADWAY_HTTP_ENDPOINTS is not UTF-8")]
    NotText,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    url: String,
    secret: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "timeout_seconds_default")]
    timeout_seconds: u64,
    #[serde(default = "concurrency_default")]
    concurrency: usize,
    #[serde(default = "max_attempts_default")]
    max_attempts: u32,
    #[serde(default)]
    allow_private: bool,
}

impl Endpoints {
    /// The environment variable they are read from.
    pub const VARIABLE: &str = "HEADWAY_HTTP_ENDPOINTS";

    /// Reads [`Self::VARIABLE`]; none if it is not set.
    ///
    /// # Errors
    /// Says what to change, without any secret.
    pub fn from_env() -> Result<Self, EndpointsError> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(EndpointsError::NotText),
        }
    }

    /// Reads `{"crm": {"url": "https://…", "secret": "whsec_…"}}`; each endpoint may have `headers`, `timeoutSeconds`
    /// (1 to 600, else 10), `concurrency` (1 to 256, else 8), `maxAttempts` (1 to 20, else 5) and `allowPrivate`.
    ///
    /// # Errors
    /// Says what to change, without any secret.
    pub fn parse(json: &str) -> Result<Self, EndpointsError> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let configured: BTreeMap<String, Value> =
            serde_json::from_str(json).map_err(|e| EndpointsError::Json { line: e.line(), column: e.column() })?;
        let ready = configured.into_iter().map(|(name, config)| {
            let endpoint = Endpoint::new(&name, config)?;
            Ok((name, Arc::new(endpoint)))
        });
        ready.collect::<Result<_, _>>().map(|endpoints| Self(Arc::new(endpoints)))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The endpoint of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Endpoint>> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.values().map(Arc::as_ref)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Endpoint {
    /// Reads one endpoint's configuration.
    fn new(name: &str, config: Value) -> Result<Self, EndpointsError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
            return Err(EndpointsError::Name(name.to_owned()));
        }
        let member = |reason: String| EndpointsError::Member { name: name.to_owned(), reason };
        let config: Config = serde_json::from_value(config).map_err(|e| member(without_values(&e)))?;
        config.check_bounds().map_err(member)?;
        let outbound = Rule { allow_private: config.allow_private };
        let timeout = Duration::from_secs(config.timeout_seconds);
        Ok(Self {
            name: name.to_owned(),
            url: outbound.url(&config.url).map_err(|source| EndpointsError::Url { name: name.to_owned(), source })?,
            secret: Secret::parse(&config.secret).map_err(|source| EndpointsError::Secret { name: name.to_owned(), source })?,
            headers: headers(&config.headers).map_err(member)?,
            timeout,
            concurrency: config.concurrency,
            attempts_max: config.max_attempts,
            client: outbound.client(timeout).map_err(|source| EndpointsError::Client { name: name.to_owned(), source })?,
            connections: Connections::default(),
            confidential: config.headers.into_values().filter(|value| value.len() >= 4).collect(),
        })
    }
}

impl Config {
    fn check_bounds(&self) -> Result<(), String> {
        if !(1..=600).contains(&self.timeout_seconds) {
            return Err("timeoutSeconds must be 1 to 600".to_owned());
        }
        if !(1..=256).contains(&self.concurrency) {
            return Err("concurrency must be 1 to 256".to_owned());
        }
        if !(1..=20).contains(&self.max_attempts) {
            return Err("maxAttempts must be 1 to 20".to_owned());
        }
        Ok(())
    }
}

fn headers(configured: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in configured {
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no name for a header"))?;
        if is_ours(&parsed) {
            return Err(format!("the header {name} is Headway's own"));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| format!("the header {name} has a value with control characters"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

fn is_ours(name: &HeaderName) -> bool {
    const OURS: [&str; 9] = [
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "idempotency-key",
        "transfer-encoding",
    ];
    OURS.contains(&name.as_str()) || name.as_str().starts_with("headway-") || name.as_str().starts_with("webhook-")
}

/// serde's message where it names members only: others repeat the value, which may be a secret.
fn without_values(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let names_members = ["unknown field", "missing field", "duplicate field"].iter().any(|start| message.starts_with(start));
    if names_members { message } else { "a member has a value of the wrong type".to_owned() }
}

fn timeout_seconds_default() -> u64 {
    10
}

fn concurrency_default() -> usize {
    8
}

fn max_attempts_default() -> u32 {
    5
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn with(members: &str) -> Result<Endpoints, EndpointsError> {
        Endpoints::parse(&format!(r#"{{"crm": {{"url": "https://example.com/in", "secret": "{SECRET}"{members}}}}}"#))
    }

    #[test]
    fn reads_what_is_given_and_fills_in_the_rest() {
        let endpoints = with(r#", "timeoutSeconds": 3, "headers": {"Authorization": "Bearer hush"}"#).unwrap();
        let crm = endpoints.get("crm").unwrap();
        assert_eq!((crm.timeout.as_secs(), crm.concurrency, crm.attempts_max), (3, 8, 5));
        assert_eq!(format!("{endpoints:?} {:?}", crm.headers), "{\"crm\"} {\"authorization\": Sensitive}");
        assert_eq!(Endpoints::parse(" ").unwrap().names().count(), 0);
    }

    /// Every refusal says what to change, and none repeats a secret.
    #[test]
    fn refuses_by_name_without_secrets() {
        let table = [
            (with(r#", "timeoutSeconds": 0"#), "endpoint crm: timeoutSeconds must be 1 to 600"),
            (with(r#", "concurrency": 1000"#), "endpoint crm: concurrency must be 1 to 256"),
            (with(r#", "maxAttempts": 0"#), "endpoint crm: maxAttempts must be 1 to 20"),
            (with(r#", "timeout": 5"#), "unknown field `timeout`"),
            (with(r#", "allowPrivate": "hush""#), "a member has a value of the wrong type"),
            (with(r#", "headers": {"Host": "hush"}"#), "the header Host is Headway's own"),
            (with(r#", "headers": {"Webhook-Id": "hush"}"#), "Headway's own"),
            (with(r#", "headers": {"a b": "hush"}"#), "no name for a header"),
            (with(r#", "headers": {"a": "hush\n"}"#), "control characters"),
            (Endpoints::parse(r#"{"crm": {"url": "https://example.com"}}"#), "missing field `secret`"),
            (Endpoints::parse(r#"{"crm": {"url": "https://x", "secret": "hush"}}"#), "the secret must be whsec_"),
            (Endpoints::parse(&format!(r#"{{"crm": {{"url": "https://u:hush@x", "secret": "{SECRET}"}}}}"#)), "user or password"),
            (Endpoints::parse(r#"{"c r m": {}}"#), "is no name"),
            (Endpoints::parse(r#"{"crm": "hush"}"#), "endpoint crm: a member has a value of the wrong type"),
            (Endpoints::parse(r#"["hush"]"#), "not a JSON object"),
        ];
        for (parsed, expected) in table {
            let error = parsed.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
