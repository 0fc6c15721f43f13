//! What HTTP/1.1 demands of a request's head, and hyper does not check. Behind a proxy that reads such a head in another
//! way, one request could be taken for two, or for one to another host.

use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Version};

/// What is wrong with a head. Sources: RFC 9112, 3.2 (one `Host`, which may be empty) and 6.1 (unknown codings).
pub(super) fn fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version >= Version::HTTP_11 => return Some("the header Host is missing"),
        (_, Some(_)) => return Some("there is more than one header Host"),
        (Some(host), None) if !is_host(host) => return Some("the header Host is not a host and a port"),
        _ => {}
    }
    let codings = || headers.get_all(TRANSFER_ENCODING).iter();
    if codings().count() > 1 || codings().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Some("the only Transfer-Encoding is chunked");
    }
    None
}

fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let is_valid = |host: &Authority| {
        let port = host.as_str().strip_prefix(host.host()).unwrap_or("@");
        let is_port = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        port.is_empty() || port.strip_prefix(':').is_some_and(is_port)
    };
    text.is_empty() || Authority::try_from(text).is_ok_and(|host| is_valid(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bug found: requests with no host or two hosts were answered.
    #[test]
    fn there_is_one_host() {
        let fault = |version, hosts: &[&str]| {
            let hosts = hosts.iter().map(|host| (HOST, HeaderValue::from_str(host).unwrap()));
            super::fault(version, &hosts.collect::<HeaderMap>()).is_some()
        };
        for host in ["", "x", "localhost:8080", "127.0.0.1", "[::1]:1", "a.example.com", "a_b:80", "x:", "xn--4ca"] {
            assert!(!fault(Version::HTTP_11, &[host]) && !fault(Version::HTTP_10, &[host]), "{host}");
            assert!(fault(Version::HTTP_11, &[host, host]) && fault(Version::HTTP_10, &[host, host]), "{host}");
        }
        for host in ["a b", "a/b", "user@x", "x:y", "x:1:2", "[::1", "a, b", "http://x", "a?b", "a#b", "a\\b", "\t"] {
            assert!(fault(Version::HTTP_11, &[host]) && fault(Version::HTTP_10, &[host]), "{host:?}");
        }
        assert!(fault(Version::HTTP_11, &[]) && !fault(Version::HTTP_10, &[]));
    }

    #[test]
    fn no_coding_is_ignored() {
        let fault = |codings: &[&str]| {
            let host = (HOST, HeaderValue::from_static("x"));
            let codings = codings.iter().map(|coding| (TRANSFER_ENCODING, HeaderValue::from_str(coding).unwrap()));
            super::fault(Version::HTTP_11, &codings.chain([host]).collect::<HeaderMap<_>>())
        };
        assert_eq!((fault(&[]), fault(&["chunked"]), fault(&["Chunked"])), (None, None, None));
        for codings in [&["identity, chunked"][..], &["gzip, chunked"], &["gzip"], &["identity", "chunked"], &["chunked", "chunked"], &[""]]
        {
            assert!(fault(codings).is_some(), "{codings:?}");
        }
    }
}
