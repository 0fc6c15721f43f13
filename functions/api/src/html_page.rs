//! HTML pages that contain their style and script. The content security policy allows only those, by hash: nothing is
//! loaded from another host, and only this service can be called.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};

/// A page, assembled once.
#[derive(Debug)]
pub(crate) struct HtmlPage {
    html: String,
    policy: HeaderValue,
}

impl HtmlPage {
    /// `html` contains `{style}` and `{script}` where those are inserted.
    pub(crate) fn new(html: &str, style: &str, script: &str) -> Self {
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(script),
            hash(style)
        );
        Self {
            html: html.replacen("{style}", style, 1).replacen("{script}", script, 1),
            // The policy is ASCII, so this never fails. If it did, nothing on the page could run.
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }
}

impl IntoResponse for &'static HtmlPage {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CONTENT_SECURITY_POLICY, self.policy.clone()),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        (headers, self.html.as_str()).into_response()
    }
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
