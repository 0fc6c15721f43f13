//! One call to the server, which may be made more than once.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::backoff::Patience;

/// The server answers within 25 s; this leaves time for the network.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Uploading a part may take long on a slow network.
const UPLOAD_MAX: Duration = Duration::from_secs(600);

/// A call, which may be made more than once.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) patience: Patience,
    pub(super) within: Duration,
}

impl Call {
    pub(super) fn new(method: Method, url: Url) -> Call {
        Call { method, url, headers: HeaderMap::new(), body: None, patience: Patience::SHORT, within: ANSWER_MAX }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Bytes) -> Call {
        Call { body: Some(body), ..self }.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// With a part as its body.
    #[must_use]
    pub fn part(self, body: Bytes, gzip: bool) -> Call {
        let call =
            Call { body: Some(body), within: UPLOAD_MAX, ..self }.header(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        if gzip { call.header(CONTENT_ENCODING, HeaderValue::from_static("gzip")) } else { call }
    }

    /// With a header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Call {
        self.headers.insert(name, value);
        self
    }

    /// With this limit for repeating it.
    #[must_use]
    pub fn patience(self, patience: Patience) -> Call {
        Call { patience, ..self }
    }

    /// The job that the call is about, if its path names one.
    pub(super) fn job_id(&self) -> Option<&str> {
        let segments: Vec<&str> = self.url.path_segments()?.collect();
        segments.windows(3).filter(|three| three[..2] == ["v1", "jobs"]).map(|three| three[2]).next_back()
    }

    /// The call for the next page, given the query from `Link`.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Call {
        let mut next = self.clone();
        next.url.set_query(Some(query.trim_start_matches('?')));
        next
    }
}
