//! An answer of the server: its status, header fields and complete body.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

/// An answer of the server.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The complete body.
    pub body: Bytes,
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or not of this form. Then the server is probably not Headway's.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// How long the server asks to wait: `Retry-After`, in seconds or as a date. A number that is too large for seconds is the longest wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.text("retry-after")?.trim();
        let until = || httpdate::parse_http_date(text).ok().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u32::MAX).into()));
        seconds.or_else(until)
    }

    /// The value of a header field, if it is present once and is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
