//! A router's answer to a request.

use axum::Router;
use axum::body::HttpBody;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// An answer, read completely.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// This router's answer to a request.
    ///
    /// # Panics
    ///
    /// The answer's body ends too early or is not text.
    pub async fn of<B>(router: &Router, request: Request<B>) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// It is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A header's text; empty if the header is missing.
    ///
    /// # Panics
    ///
    /// It is not text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The id of the job that was started.
    ///
    /// # Panics
    ///
    /// No job was started.
    pub fn id(&self) -> String {
        assert_eq!(self.status, 202, "{}", self.body);
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The last word of a problem's type.
    ///
    /// # Panics
    ///
    /// This is not a problem.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.body);
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        document["type"].as_str().unwrap().strip_prefix("urn:headway:problem:").unwrap().to_owned()
    }

    /// The query of the `Link` to the next page.
    ///
    /// # Panics
    ///
    /// The header exists but is not such a link.
    pub fn next_query(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        Some(link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned())
    }
}
