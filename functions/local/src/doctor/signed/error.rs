//! Why a call failed.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::doctor::xml;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// The service refused or failed.
    #[error("{service} answered {status}: {message}")]
    Refused {
        /// The service.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// The error's code, such as `ResourceNotFoundException`; empty if it has none.
        code: String,
        /// Its message.
        message: String,
    },
    /// The service could not be reached.
    #[error("{service} cannot be reached")]
    Unreached {
        /// The service.
        service: &'static str,
        /// The cause.
        source: reqwest::Error,
    },
    /// The call could not be made, or its answer cannot be read.
    #[error("{service} cannot be called")]
    Unmade {
        /// The service.
        service: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

#[derive(Deserialize)]
struct JsonError {
    #[serde(rename = "__type")]
    code: String,
}

impl SignedError {
    pub(super) fn refused(service: &'static str, status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let named = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let named = named.or_else(|| serde_json::from_str::<JsonError>(&text).ok().map(|error| error.code));
        let named = named.or_else(|| xml::first(&text, "Code")).unwrap_or_default();
        // com.amazon.coral.service#AccessDeniedException, or AccessDeniedException:http://internal.amazon.com/…
        let code = named.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default().to_owned();
        Self::Refused { service, status, code, message: text.chars().take(300).collect() }
    }

    /// True if the caller lacks the permission.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let denies = |code: &str| ["AccessDenied", "NotAuthorized", "UnauthorizedOperation"].iter().any(|word| code.contains(word));
        matches!(self, Self::Refused { status, code, .. } if matches!(status, 401 | 403) || denies(code))
    }

    /// True if what the call is about does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if *status == 404 || code.contains("NotFound") || code == "NoSuchEntity")
    }
}
