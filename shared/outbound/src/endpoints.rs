//! The operator's endpoints, read once from the environment. No error and no `Debug` output shows a secret or a header.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::client::Clients;
use crate::config::{Config, Members};
use crate::endpoint::Endpoint;
use crate::endpoints_error::EndpointsError;

/// Endpoints by name.
#[derive(Clone, Default)]
pub struct Endpoints(Arc<BTreeMap<String, Arc<Endpoint>>>);

impl Endpoints {
    /// The environment variable from which they are read.
    pub const VARIABLE: &str = "HEADWAY_HTTP_ENDPOINTS";
    /// The environment variable with the ARN of a secret that holds the same.
    pub const SECRET_VARIABLE: &str = "HEADWAY_HTTP_ENDPOINTS_SECRET";

    /// Reads [`Self::VARIABLE`]; no endpoints if it is not set.
    ///
    /// # Errors
    ///
    /// What to change, without any secret.
    pub fn from_env() -> Result<Self, EndpointsError> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(EndpointsError::NotText),
        }
    }

    /// Reads `{"crm": {"url": "https://…", "secret": "whsec_…"}}`. Each endpoint may have `headers`, `publicHeaders`,
    /// `timeoutSeconds` (1 to 600, default 10), `concurrency` (1 to 256, default 8), `maxAttempts` (1 to 20, default 5),
    /// `batch` (1 to 250 items in a request; without it, a request for each item) and `allowPrivate`. The values of `headers` are secrets, those of `publicHeaders` are not.
    ///
    /// # Errors
    ///
    /// What to change, without any secret.
    pub fn parse(json: &str) -> Result<Self, EndpointsError> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let configured: Members<Box<RawValue>> =
            serde_json::from_str(json).map_err(|e| EndpointsError::Json { line: e.line(), column: e.column() })?;
        let (mut endpoints, mut clients) = (BTreeMap::new(), Clients::default());
        for (name, config) in configured.0 {
            let endpoint = Config::ready(&name, &config, &mut clients)?;
            if endpoints.insert(name.clone(), Arc::new(endpoint)).is_some() {
                return Err(EndpointsError::Twice(name));
            }
        }
        Ok(Self(Arc::new(endpoints)))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The endpoint with that name.
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

    /// Distinguishes secrets in URLs and headers from words that a harmless answer may contain.
    #[test]
    fn tells_secrets_from_words() {
        let url = "https://example.com/contacts/T0123ABCD456789EF/import?api-version=2024-01-01&source=headway&apiKey=hush-hush&v=A1b2C3d4E5f6G7h8";
        let headers = r#""headers": {"Accept": "application/json", "X-Api-Version": "2024-01-01", "X-Token": "open sesame"}"#;
        let endpoints = Endpoints::parse(&format!(r#"{{"crm": {{"url": "{url}", "secret": "{SECRET}", {headers}}}}}"#)).unwrap();
        let is_repeated = |answer: &str| endpoints.get("crm").unwrap().is_repeated_in(answer.as_bytes(), "v1,");
        for answer in ["2024-01-01", "contacts/import", "headway", "application/json", "https://example.com/"] {
            assert!(!is_repeated(answer), "{answer}");
        }
        for answer in ["t0123abcd456789ef", "hush hush", "A1b2C3d4E5", "open SESAME", &SECRET.to_lowercase()] {
            assert!(is_repeated(answer), "{answer}");
        }
    }

    /// Every error says what to change, and none repeats a secret.
    #[test]
    fn refuses_by_name_without_secrets() {
        let config = format!(r#"{{"url": "https://example.com/in", "secret": "{SECRET}"}}"#);
        let table = [
            (with(r#", "timeoutSeconds": 0"#), "endpoint crm: timeoutSeconds must be 1 to 600"),
            (with(r#", "concurrency": 1000"#), "endpoint crm: concurrency must be 1 to 256"),
            (with(r#", "maxAttempts": 0"#), "endpoint crm: maxAttempts must be 1 to 20"),
            (with(r#", "batch": 0"#), "endpoint crm: batch must be 1 to 250"),
            (with(r#", "batch": 251"#), "endpoint crm: batch must be 1 to 250"),
            (with(r#", "batch": 65537"#), "endpoint crm: batch must be 1 to 250"),
            (with(r#", "batch": true"#), "batch must be a whole number"),
            (with(r#", "timeout": 5"#), "unknown field `timeout`"),
            (with(r#", "allowPrivate": "hush""#), "allowPrivate must be true or false"),
            (with(r#", "timeoutSeconds": "hush""#), "timeoutSeconds must be a whole number, without quotes"),
            (with(r#", "timeoutSeconds": -1"#), "timeoutSeconds must be a whole number"),
            (with(r#", "timeoutSeconds": 1.5"#), "timeoutSeconds must be a whole number"),
            (with(r#", "timeoutSeconds": 5, "timeoutSeconds": 6"#), "duplicate field `timeoutSeconds`"),
            (with(r#", "headers": "hush""#), "headers must be an object of texts"),
            (with(r#", "headers": {"Authorization": 5}"#), "headers.Authorization must be a text in quotes"),
            (with(r#", "headers": {"Authorization": "hush", "authorization": "hush"}"#), "authorization is given twice"),
            (with(r#", "headers": {"X-A": "hush"}, "publicHeaders": {"X-A": "hush"}"#), "X-A is given twice"),
            (with(r#", "headers": {"Host": "hush"}"#), "the header Host is Headway's own"),
            (with(r#", "headers": {"Webhook-Id": "hush"}"#), "Headway's own"),
            (with(r#", "headers": {"a b": "hush"}"#), "is not a valid header name"),
            (with(r#", "headers": {"a": "hush\n"}"#), "other characters than printable ASCII"),
            (Endpoints::parse(r#"{"crm": {"url": "https://example.com"}}"#), "missing field `secret`"),
            (Endpoints::parse(r#"{"crm": {"url": "https://x", "secret": "hush"}}"#), "the secret must be whsec_"),
            (Endpoints::parse(&format!(r#"{{"crm": {{"url": "https://u:hush@x", "secret": "{SECRET}"}}}}"#)), "user or password"),
            (Endpoints::parse(r#"{"c r m": {}}"#), "is not a valid name"),
            (Endpoints::parse(r#"{"crm": "hush"}"#), "endpoint crm: must be an object, {\"url\""),
            (Endpoints::parse(r#"{"url": "hush", "secret": "hush"}"#), "endpoint url: must be an object, {\"url\""),
            (Endpoints::parse(r#"["hush"]"#), "must be a JSON object of endpoints by name"),
            (Endpoints::parse(r#"{"crm": {"hush": "#), "cannot be read at line 1, column 17"),
            (Endpoints::parse(&format!(r#"{{"crm": {config}, "crm": {config}}}"#)), "endpoint crm is given twice"),
        ];
        for (parsed, expected) in table {
            let error = parsed.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            assert!(cause.is_none_or(|cause| !error.to_string().contains(&cause)), "it says its cause twice: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
