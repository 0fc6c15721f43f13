//! Which web pages of other origins may call: those listed in `HEADWAY_ORIGINS`, by default none, and never with
//! credentials that a browser sends by itself. A preflight needs no token.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, StatusCode};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const ALLOWED_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-None-Match, Headway-Owner");
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("ETag, Location, Link, Headway-More, Retry-After, WWW-Authenticate, X-Request-Id");
/// How long a browser may cache a preflight, in seconds.
const PREFLIGHT_MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// A text that is not an origin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("HEADWAY_ORIGINS holds `{0}`: list origins such as `https://host` or `http://host:port`, separated by commas, or set it to `*`")]
pub struct OriginError(String);

/// The origins whose pages may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// The origins in a list separated by commas; `*` is every origin.
    ///
    /// # Errors
    ///
    /// [`OriginError`] if one of them is not an origin as browsers send it.
    pub fn parse(list: &str) -> Result<Self, OriginError> {
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins
            .map(|origin| if is_origin(origin) { Ok(origin.to_owned()) } else { Err(OriginError(origin.to_owned())) })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The origins that `HEADWAY_ORIGINS` lists; none if it is not set.
    ///
    /// # Errors
    ///
    /// As [`Origins::parse`].
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, OriginError> {
        env("HEADWAY_ORIGINS").map_or_else(|| Ok(Self::default()), |list| Self::parse(&list))
    }

    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let listed = self.0.iter().any(|listed| listed == "*" || listed.as_bytes() == origin.as_bytes());
        listed.then(|| origin.clone())
    }

    /// The answer to a preflight, if this is one. An origin that is not listed gets no permission and no reason.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if *method != Method::OPTIONS || !asks {
            return None;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        if self.allowed(headers).is_some() {
            let sent = response.headers_mut();
            sent.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            sent.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
            sent.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_S);
        }
        Some(response)
    }

    /// Adds the headers that let the page read the answer, if its origin is listed.
    pub(crate) fn mark(&self, asked: &HeaderMap, sent: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        sent.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed(asked) {
            sent.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            sent.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// Scheme and authority in lower case, and nothing after: with a slash at the end it would match no browser's origin.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let letters = |host: &str| host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b));
    text == "*" || host.is_some_and(|host| !host.is_empty() && letters(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this check, a typing error would show only as a page that does not work.
    #[test]
    fn only_origins_are_accepted() {
        for list in ["https://a.example/", "a.example", "https://A.example", "https://a.example/x", "null", "https://"] {
            assert!(Origins::parse(list).is_err(), "{list}");
        }
        let origins = Origins::parse(" https://a.example, http://localhost:3000 ,").unwrap();
        assert_eq!(origins.to_string(), "https://a.example,http://localhost:3000");
        assert_eq!(Origins::parse("").unwrap(), Origins::default());
    }
}
