//! The configuration of an endpoint, and the checks on it. No error repeats a value: it may be a secret.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::client::Clients;
use crate::confidential::Confidential;
use crate::endpoint::Endpoint;
use crate::endpoints_error::EndpointsError;
use crate::rule::Rule;
use crate::signature::Secret;

/// The most calls at a time from one process to one endpoint for one job.
pub(crate) const CONCURRENCY_MAX: usize = 256;

/// The most items in a request: as many as there are in a chunk.
const BATCH_MAX: u64 = 250;

/// Headers whose values are not secret.
const PUBLIC: [&str; 8] = ["accept", "accept-language", "cache-control", "from", "origin", "referer", "user-agent", "x-requested-with"];
/// A part of a URL with this many letters and digits, of both kinds, is treated as a secret.
const TOKEN: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Config {
    url: String,
    secret: String,
    #[serde(default)]
    headers: Members<String>,
    #[serde(default)]
    public_headers: Members<String>,
    #[serde(default = "timeout_seconds_default")]
    timeout_seconds: u64,
    #[serde(default = "concurrency_default")]
    concurrency: usize,
    #[serde(default = "max_attempts_default")]
    max_attempts: u32,
    #[serde(default)]
    batch: Option<u64>,
    #[serde(default)]
    allow_private: bool,
}

impl Config {
    /// Reads and checks the configuration of the endpoint with that name.
    pub(crate) fn ready(name: &str, json: &RawValue, clients: &mut Clients) -> Result<Endpoint, EndpointsError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
            return Err(EndpointsError::Name(name.to_owned()));
        }
        let member = |reason: String| EndpointsError::Member { name: name.to_owned(), reason };
        let config: Self = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json.get()))
            .map_err(|error| member(without_values(&error)))?;
        config.check_bounds().map_err(member)?;
        let rule = Rule { allow_private: config.allow_private };
        let timeout = Duration::from_secs(config.timeout_seconds);
        let url = rule.url(&config.url).map_err(|rule| EndpointsError::Url { name: name.to_owned(), rule })?;
        let secret = Secret::parse(&config.secret).map_err(|form| EndpointsError::Secret { name: name.to_owned(), form })?;
        let client = clients.get(rule, timeout).map_err(|source| EndpointsError::Client { name: name.to_owned(), source })?;
        Ok(Endpoint {
            name: name.to_owned(),
            headers: config.all_headers().map_err(member)?,
            timeout,
            concurrency: config.concurrency,
            attempts_max: config.max_attempts,
            batch: config.batch.and_then(|items| u16::try_from(items).ok()),
            client,
            confidential: config.confidential(&url, &secret).map_err(|_| member("has too many headers".to_owned()))?,
            url,
            secret,
        })
    }

    fn check_bounds(&self) -> Result<(), String> {
        if !(1..=600).contains(&self.timeout_seconds) {
            return Err("timeoutSeconds must be 1 to 600".to_owned());
        }
        if !(1..=CONCURRENCY_MAX).contains(&self.concurrency) {
            return Err(format!("concurrency must be 1 to {CONCURRENCY_MAX}"));
        }
        if !(1..=20).contains(&self.max_attempts) {
            return Err("maxAttempts must be 1 to 20".to_owned());
        }
        if self.batch.is_some_and(|items| !(1..=BATCH_MAX).contains(&items)) {
            return Err(format!("batch must be 1 to {BATCH_MAX}"));
        }
        Ok(())
    }

    fn all_headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.0.iter().chain(&self.public_headers.0) {
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is not a valid header name"))?;
            if is_ours(&parsed) {
                return Err(format!("the header {name} is Headway's own"));
            }
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| format!("the header {name} has a value with other characters than printable ASCII"))?;
            value.set_sensitive(true);
            if headers.insert(parsed, value).is_some() {
                return Err(format!("the header {name} is given twice (upper and lower case are the same)"));
            }
        }
        Ok(headers)
    }

    /// What no answer may repeat: the secret, the values of headers that are not public, and what is secret in the URL.
    fn confidential(&self, url: &Url, secret: &Secret) -> Result<Confidential, aho_corasick::BuildError> {
        let headers = self.headers.0.iter().filter(|(name, _)| !is_public(&name.to_ascii_lowercase()));
        let query = url.query_pairs().filter(|(name, value)| names_a_secret(name) || is_token(value));
        let query: Vec<String> = query.map(|(_, value)| value.into_owned()).collect();
        let segments = url.path_segments().into_iter().flatten().filter(|segment| is_token(segment));
        let texts = headers.map(|(_, value)| value.as_str()).chain(query.iter().map(String::as_str)).chain(segments);
        let texts: Vec<&str> = texts.chain([self.secret.trim_start_matches(Secret::PREFIX)]).collect();
        Confidential::new(&texts, &[secret.key()])
    }
}

/// True if the value of the header with that name, in lower case, is not secret.
fn is_public(name: &str) -> bool {
    PUBLIC.contains(&name) || name.ends_with("-version")
}

/// True if a URL's query has a secret under that name: `apiKey`, `access_token`, `sig`.
fn names_a_secret(name: &str) -> bool {
    const ENDS: [&str; 9] = ["key", "token", "secret", "signature", "password", "passwd", "pwd", "auth", "credential"];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(name.as_str(), "sig" | "code" | "pass") || ENDS.iter().any(|end| name.ends_with(end))
}

/// True if a part of a URL looks like a token and not like a word.
fn is_token(part: &str) -> bool {
    let count = |is: fn(&u8) -> bool| part.bytes().filter(is).count();
    let (letters, digits) = (count(u8::is_ascii_alphabetic), count(u8::is_ascii_digit));
    letters > 0 && digits > 0 && letters + digits >= TOKEN
}

fn is_ours(name: &HeaderName) -> bool {
    const OURS: [&str; 12] = [
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "idempotency-key",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    OURS.contains(&name.as_str()) || name.as_str().starts_with("headway-") || name.as_str().starts_with("webhook-")
}

/// Which member is wrong and how, without its value.
fn without_values(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let message = error.inner().to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    // Only these errors name members; all others repeat the value.
    if ["unknown field", "missing field", "duplicate field"].iter().any(|start| message.starts_with(start)) {
        return message.to_owned();
    }
    let wanted = match message.rsplit_once(", expected ").map(|(_, wanted)| wanted) {
        Some("a string") => "a text in quotes",
        Some("a boolean") => "true or false",
        Some("u64" | "u32" | "usize") => "a whole number, without quotes",
        Some("an object of texts") => "an object of texts, {\"Name\": \"value\"}",
        _ => "an object, {\"url\": \"https://…\", \"secret\": \"whsec_…\"}",
    };
    if path == "." { format!("must be {wanted}") } else { format!("{path} must be {wanted}") }
}

/// The members of a JSON object, in order, including repeated ones.
#[derive(Debug)]
pub(crate) struct Members<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
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
