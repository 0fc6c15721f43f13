//! The HTTP client: one door for every call, so that tokens, redirects and retries have one rule each.
//!
//! Redirects are never followed, since the token would go with them. Every call made here can be repeated safely
//! (the server keeps it so), hence whatever may pass is retried: 429, 5xx and connections that broke.

mod address;
mod backoff;
mod error;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;

pub use backoff::{Patience, Waits};
pub use error::{ClientError, Refusal};

use crate::credentials::{Credentials, TokenSource};
use crate::job::Told;

/// Where the server is when nobody says.
pub const URL_DEFAULT: &str = "http://127.0.0.1:7070";
/// The server answers within 25 s; this leaves room for the way.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// A part may take its time on a thin line.
const UPLOAD_MAX: Duration = Duration::from_secs(600);
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A client of one server.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

/// One call, which may be made more than once.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    patience: Patience,
    within: Duration,
}

/// A good answer: 2xx, or 304.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Client {
    /// A client of the server at `base`, which may have a path.
    ///
    /// # Errors
    /// If the address is none, holds a password, or would carry a token in the clear to another machine.
    pub fn new(base: &str, source: TokenSource) -> Result<Client, ClientError> {
        let base = address::parse(base)?;
        let local = address::loopback(&base);
        if base.scheme() == "http" && local.is_none() && !matches!(source, TokenSource::None) {
            return Err(ClientError::PlainHttp { url: base });
        }
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .user_agent(concat!("headway/", env!("CARGO_PKG_VERSION")));
        if let Some(addresses) = local {
            // No proxy and no name server stands between us and this machine.
            http = http.no_proxy().resolve_to_addrs(base.host_str().unwrap_or_default(), &addresses);
        }
        let http = http.build().map_err(ClientError::Setup)?;
        Ok(Client { http, base, credentials: Credentials::new(source) })
    }

    /// A call to `/v1/<segments>?<query>`.
    #[must_use]
    pub fn request(&self, method: Method, segments: &[&str], query: &[(&str, &str)]) -> Call {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call { method, url, headers: HeaderMap::new(), body: None, patience: Patience::SHORT, within: ANSWER_MAX }
    }

    /// `GET /healthz`, which needs no token.
    #[must_use]
    pub fn health(&self) -> Call {
        let mut call = self.get(&[]);
        call.url.clone_from(&self.base);
        if let Ok(mut path) = call.url.path_segments_mut() {
            path.pop_if_empty().push("healthz");
        }
        call
    }

    /// `GET /v1/<segments>`.
    #[must_use]
    pub fn get(&self, segments: &[&str]) -> Call {
        self.request(Method::GET, segments, &[])
    }

    /// `POST /v1/<segments>` without a body.
    #[must_use]
    pub fn post(&self, segments: &[&str]) -> Call {
        self.request(Method::POST, segments, &[])
    }

    /// Makes the call until it is answered well, refused for good, or out of patience.
    ///
    /// # Errors
    /// What was refused, or why the server was not reached.
    pub async fn call(&self, call: &Call) -> Result<Answer, ClientError> {
        let mut waits = Waits::new(call.patience);
        let mut renewed = false;
        loop {
            let token = self.credentials.current().await?;
            let error = match self.attempt(call, token.as_deref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.status() == Some(401) && !renewed {
                renewed = true;
                if self.credentials.renew(token.as_deref()).await? {
                    continue;
                }
            }
            match waits.after(&error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.after_attempts(waits.attempts())),
            }
        }
    }

    /// Makes a call that is answered with a job.
    ///
    /// # Errors
    /// As [`Client::call`], or if the answer is no job.
    pub async fn job(&self, call: &Call) -> Result<Told, ClientError> {
        let answer = self.call(call).await?;
        Ok(Told { view: answer.json()?, body: answer.body })
    }

    async fn attempt(&self, call: &Call, token: Option<&str>) -> Result<Answer, ClientError> {
        let mut request = self.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone()).timeout(call.within);
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ClientError::TokenText)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let unreachable = |error: reqwest::Error| ClientError::unreachable(&self.base, error);
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(unreachable)?;
        Answer { status, headers, body }.good(&call.url)
    }
}

impl Call {
    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Bytes) -> Call {
        Call { body: Some(body), ..self }.header(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// With a part as its body.
    #[must_use]
    pub fn part(self, body: Bytes, gzip: bool) -> Call {
        let call = Call { body: Some(body), within: UPLOAD_MAX, ..self }
            .header(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        if gzip { call.header(reqwest::header::CONTENT_ENCODING, HeaderValue::from_static("gzip")) } else { call }
    }

    /// With a header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Call {
        self.headers.insert(name, value);
        self
    }

    /// With this much patience.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Call {
        Call { patience, ..self }
    }

    /// The call for the next page, which `Link` names by its whole query.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Call {
        let mut next = self.clone();
        next.url.set_query(Some(query.trim_start_matches('?')));
        next
    }
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// If it is none, or not of this shape: then this is hardly a Headway server.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(ClientError::Answer)
    }

    /// How long the server asks to wait, from `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    fn good(self, url: &Url) -> Result<Answer, ClientError> {
        match self.status {
            status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(self),
            status if status.is_redirection() => Err(ClientError::Redirect {
                status: status.as_u16(),
                location: header_text(&self.headers, "location").unwrap_or_else(|| "nowhere".to_owned()),
            }),
            _ => Err(ClientError::Refused(Box::new(Refusal::of(&self, url)))),
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_base_path_stays() {
        for (base, url) in [
            ("https://x.test/prod", "https://x.test/prod/v1/jobs/a%2Fb?status=x+y"),
            ("https://x.test/prod/", "https://x.test/prod/v1/jobs/a%2Fb?status=x+y"),
            ("https://x.test", "https://x.test/v1/jobs/a%2Fb?status=x+y"),
        ] {
            let call = Client::new(base, TokenSource::None).unwrap().request(Method::GET, &["jobs", "a/b"], &[("status", "x y")]);
            assert_eq!(call.url.as_str(), url);
        }
    }
}
