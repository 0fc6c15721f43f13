//! Answers that are the same for everybody and change only with the code: pages and the OpenAPI document. They carry an
//! `ETag`, so a browser that has the text already gets only its headers. They are sent as gzip if the caller accepts
//! gzip.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use headway_core::split::hex;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::etag;

/// A text with its headers, prepared once.
#[derive(Debug)]
pub(crate) struct StaticAnswer {
    plain: Bytes,
    gzip: Option<Bytes>,
    headers: HeaderMap,
}

impl StaticAnswer {
    /// `headers` are added to those that every such answer has.
    pub(crate) fn new(text: String, media_type: HeaderValue, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        let hash = hex(&Sha256::digest(&text)[..16]);
        let own = [
            (CONTENT_TYPE, media_type),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (VARY, HeaderValue::from_static("Accept-Encoding")),
            // It is weak: the same text is sent both as it is and compressed. Only hexadecimal digits are in it.
            (ETAG, HeaderValue::try_from(format!("W/\"{hash}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))),
        ];
        Self { gzip: compressed(text.as_bytes()), plain: text.into(), headers: own.into_iter().chain(headers).collect() }
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let mut response = Response::default();
        *response.headers_mut() = self.headers.clone();
        if self.headers.get(ETAG).is_some_and(|mine| etag::is_known(asked, mine)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(CONTENT_TYPE);
            return response;
        }
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(asked));
        if gzip.is_some() {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = Body::from(gzip.unwrap_or(&self.plain).clone());
        response
    }
}

/// `None` if it cannot be compressed: it is sent as it is then.
fn compressed(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// True if `gzip` is named without a weight of zero. `*` alone is not enough: a plain text suits everybody.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A caller that does not take gzip must not get it.
    #[test]
    fn gzip_is_sent_only_to_callers_that_accept_it() {
        let takes = |accepted: &'static str| takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]));
        for accepted in ["gzip", "br, gzip;q=0.5", "deflate,GZIP", "gzip; q=1"] {
            assert!(takes(accepted), "{accepted}");
        }
        for refused in ["", "br", "*", "gzip;q=0", "gzip;q=0.0", "identity", "xgzip", "gzip;q=x"] {
            assert!(!takes(refused), "{refused}");
        }
    }
}
