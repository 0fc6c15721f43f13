//! What people see of a refusal's body: one line of text, without confidential data.

use std::borrow::Cow;

use encoding_rs::Encoding;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use crate::processors::one_line::one_line;
use crate::processors::output::{is_json, is_plain, media_type, text};

/// How many bytes of a refusal's body are read. Nothing is shown of a longer one.
pub(super) const BYTES_MAX: usize = 16_000;

/// The message in the body, if it has one for people. An HTML page has none: debug pages repeat whole requests.
pub(super) fn message(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if !is_plain(headers) {
        return None;
    }
    let text = decoded(headers, body)?;
    let text = text.trim();
    if is_json(headers) {
        let value = serde_json::from_str::<Value>(text).ok()?;
        return Some(said_in(&value).unwrap_or(text).to_owned());
    }
    let is_text = matches!(media_type(headers).as_str(), "" | "text/plain") && !text.starts_with('<');
    (is_text && !text.is_empty()).then(|| text.to_owned())
}

/// The text of the body: by its `charset`, or else UTF-8. `None` if the encoding is not known or the body is not in it.
fn decoded<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<Cow<'a, str>> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let charset = value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    let Some(charset) = charset else { return text(body).map(Cow::Borrowed) };
    let (text, _, is_malformed) = Encoding::for_label(charset.as_bytes())?.decode(body);
    (!is_malformed).then_some(text)
}

/// The member with the message: of a problem document (RFC 9457), or of other usual forms.
fn said_in(value: &Value) -> Option<&str> {
    const MEMBERS: [&str; 6] = ["detail", "message", "error_description", "error", "title", "errorMessage"];
    match value {
        Value::String(text) => Some(text.as_str()).filter(|text| !one_line(text).is_empty()),
        Value::Object(members) => MEMBERS.iter().filter_map(|name| members.get(*name)).find_map(said_in),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_ENCODING, HeaderName, HeaderValue};

    use super::*;
    use crate::processors::one_line::CHARS_MAX;

    fn shown(kind: Option<&'static str>, body: &str) -> Option<String> {
        let headers: HeaderMap = kind.into_iter().map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))).collect();
        message(&headers, body.as_bytes()).map(|text| one_line(&text))
    }

    /// A refusal is shown to people and written to files: its message, not the page around it.
    #[test]
    fn the_message_is_found() {
        let json = Some("application/json");
        let table = [
            (json, r#"{"type": "about:blank", "title": "Wrong", "detail": "no such iata"}"#, Some("no such iata")),
            (Some("application/problem+json"), r#"{"title": "Wrong", "status": 422}"#, Some("Wrong")),
            (json, r#"{"error": {"code": 7, "message": "no such iata"}}"#, Some("no such iata")),
            (json, r#"{"error": "invalid", "error_description": "no such iata"}"#, Some("no such iata")),
            (json, r#""no such iata""#, Some("no such iata")),
            (json, r#"{"errors": ["iata: too long"]}"#, Some(r#"{"errors": ["iata: too long"]}"#)),
            (json, r#"{"detail": [{"msg": "too long"}]}"#, Some(r#"{"detail": [{"msg": "too long"}]}"#)),
            (json, r#"{"message": " ", "detail": null, "title": "Wrong"}"#, Some("Wrong")),
            (json, r#"{"message": ""}"#, Some(r#"{"message": ""}"#)),
            (
                json,
                r#"{"message": {"code": 7}, "error": {"message": "\u200b"}}"#,
                Some(r#"{"message": {"code": 7}, "error": {"message": "\u200b"}}"#),
            ),
            (json, "{oops", None),
            (Some("text/plain; charset=utf-8"), " no \r\n such\x1b[31m\0 iata ", Some("no such [31m iata")),
            (None, "no such iata", Some("no such iata")),
            (None, "<html>", None),
            (Some("text/html"), "no such iata", None),
            (Some("application/octet-stream"), "no such iata", None),
            (Some("text/plain"), " ", None),
            (Some("text/plain"), "a\u{202e}b", Some("a b")),
        ];
        for (kind, body, expected) in table {
            assert_eq!(shown(kind, body).as_deref(), expected, "{kind:?} {body:?}");
        }
        assert_eq!(shown(None, &"é".repeat(1_000)).map(|text| text.chars().count()), Some(CHARS_MAX + 1));
    }

    /// Bug found: nothing was shown of a text in Latin-1.
    #[test]
    fn a_text_is_read_by_its_charset() {
        for (kind, body, expected) in [
            ("text/plain; charset=iso-8859-1", &b"na\xefve"[..], Some("naïve")),
            ("text/plain;charset=\"ISO-8859-1\"", b"na\xefve", Some("naïve")),
            ("text/plain; format=flowed; Charset = windows-1252", b"5 \x80", Some("5 €")),
            ("application/json; charset=iso-8859-1", b"{\"detail\": \"na\xefve\"}", Some("naïve")),
            ("text/plain; charset=shift_jis", b"\x93\xfa\x96\x7b", Some("日本")),
            ("text/plain; charset=utf-16le", b"n\0o\0", Some("no")),
            ("text/plain; charset=UTF-8", "naïve".as_bytes(), Some("naïve")),
            ("text/plain; charset=utf-8", b"\xef\xbb\xbfno", Some("no")),
            ("text/plain; charset=utf-8", b"na\xefve", None),
            ("text/plain", b"na\xefve", None),
            ("text/plain; charset=klingon", b"no", None),
            ("text/plain; charset=", b"no", None),
            ("text/plain; charset=utf-16le", b"n", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(message(&headers, body).as_deref(), expected, "{kind} {body:?}");
        }
    }

    #[test]
    fn a_body_that_is_not_text_is_not_shown() {
        let with = |name: HeaderName, value| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert_eq!(message(&with(CONTENT_ENCODING, "gzip"), b"no"), None);
        assert_eq!(message(&with(CONTENT_ENCODING, "Identity"), b"no").as_deref(), Some("no"));
        assert_eq!(message(&HeaderMap::new(), b"no \xff"), None);
    }
}
