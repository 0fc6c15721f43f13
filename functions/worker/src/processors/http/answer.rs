//! What an endpoint's answer means for the item. Bodies are read within bounds, and what is shown of them is cleaned.

use std::error::Error as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use headway::limits::{OUTPUT_BYTES_MAX, QUEUE_DELAY_MAX};
use headway::{ItemError, Output};
use headway_outbound::{Endpoint, RuleError};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// Bytes of a refusal's body that are read.
const EXCERPT_BYTES_MAX: usize = 2_000;
/// Characters of it that are shown.
const EXCERPT_CHARS_MAX: usize = 300;

/// Reads the answer: an output, or why there is none.
pub(super) async fn read(endpoint: &Endpoint, mut response: Response, now: DateTime<Utc>) -> Result<Output, ItemError> {
    let status = response.status();
    if status.is_success() {
        if !is_json(response.headers()) {
            return Ok(Output::None);
        }
        let body = read_bounded(&mut response, OUTPUT_BYTES_MAX).await.map_err(|e| unanswered(endpoint, &e))?;
        return Ok(body.map_or_else(oversized, output));
    }
    let retry_after = retry_after(response.headers(), now);
    let body = read_start(&mut response, EXCERPT_BYTES_MAX).await;
    let code = format!("http {}", status.as_u16());
    let message = message(endpoint, status, &body);
    if may_pass(status) {
        return Err(ItemError::Retryable { code, message, retry_after });
    }
    Err(ItemError::Permanent { code, message })
}

/// What no answer means. The full cause names hosts, so it goes to the operator's log only.
pub(super) fn unanswered(endpoint: &Endpoint, error: &reqwest::Error) -> ItemError {
    let mut cause = error.source();
    let mut io = None;
    let mut deepest = String::new();
    while let Some(error) = cause {
        if error.is::<RuleError>() {
            let message = format!("endpoint {}: {}", endpoint.name(), RuleError::Address);
            return ItemError::permanent("address", message);
        }
        io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(io);
        deepest = error.to_string();
        cause = error.source();
    }
    tracing::debug!(endpoint = endpoint.name(), cause = deepest, "no answer");
    let (code, what) = match io {
        _ if error.is_timeout() => ("timeout", format!("no answer within {} s", endpoint.timeout().as_secs())),
        _ if error.is_dns() => ("dns", "its name could not be resolved".to_owned()),
        Some(kind) if error.is_connect() => ("connect", format!("could not connect: {kind}")),
        None if error.is_connect() => ("connect", "could not connect".to_owned()),
        Some(kind) => ("transport", format!("the connection broke: {kind}")),
        None => ("transport", "the connection broke".to_owned()),
    };
    ItemError::retryable(code, format!("endpoint {}: {what}", endpoint.name()))
}

fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error()
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// The item is done, whatever the answer holds: one that is not JSON after all is not kept.
fn output(body: Vec<u8>) -> Output {
    let text = String::from_utf8(body).ok().filter(|text| serde_json::from_str::<Value>(text).is_ok());
    text.and_then(|text| RawValue::from_string(text).ok()).map_or(Output::None, Output::Json)
}

/// Stands for an answer larger than any output that is kept, so that the item is listed with `outputOmitted`.
fn oversized() -> Output {
    to_raw_value(&" ".repeat(OUTPUT_BYTES_MAX)).map_or(Output::None, Output::Json)
}

/// The whole body, or `None` if it is longer than `bytes_max`.
async fn read_bounded(response: &mut Response, bytes_max: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await? {
        if body.len() + bytes.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&bytes);
    }
    Ok(Some(body))
}

/// The first `bytes_max` bytes of the body, as far as it comes.
async fn read_start(response: &mut Response, bytes_max: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < bytes_max
        && let Ok(Some(bytes)) = response.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    body.truncate(bytes_max);
    body
}

fn message(endpoint: &Endpoint, status: StatusCode, body: &[u8]) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut message = format!("endpoint {} answered {} {reason}", endpoint.name(), status.as_u16()).trim_end().to_owned();
    if status.is_redirection() {
        message.push_str(" (redirects are not followed)");
    }
    let excerpt = excerpt(body, endpoint.confidential());
    if !excerpt.is_empty() {
        message = format!("{message}: {excerpt}");
    }
    message
}

/// One line of printable text, without what we sent in confidence.
fn excerpt(body: &[u8], confidential: &[String]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for value in confidential {
        text = text.replace(value, "…");
    }
    let printable: String = text.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Control characters, and those that turn or hide the text around them.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Seconds or a date, at most what a queue can delay.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        date.signed_duration_since(now).to_std().unwrap_or_default()
    };
    Some(wait.min(QUEUE_DELAY_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn waits(text: &'static str) -> Option<u64> {
        let now = DateTime::parse_from_rfc3339("2026-11-24T08:00:00Z").unwrap().to_utc();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    /// An endpoint that asks for a pause gets it, and cannot hold an item for ever.
    #[test]
    fn reads_retry_after() {
        assert_eq!(waits("7"), Some(7));
        assert_eq!(waits("0"), Some(0));
        assert_eq!(waits("99999999999999999999999"), Some(900));
        assert_eq!(waits("Tue, 24 Nov 2026 08:01:30 GMT"), Some(90));
        assert_eq!(waits("Tue, 24 Nov 2026 07:00:00 GMT"), Some(0));
        assert_eq!(waits("Fri, 31 Dec 9999 23:59:59 GMT"), Some(900));
        for text in ["", "soon", "-5", "1.5"] {
            assert_eq!(waits(text), None, "{text:?}");
        }
    }

    /// A refusal's body is shown to people and written to files: one line, no tricks, nothing of ours.
    #[test]
    fn an_excerpt_is_one_clean_line() {
        let confidential = ["Bearer hush".to_owned()];
        assert_eq!(excerpt(b" no \r\n such\x1b[31m\0 member \xff ", &confidential), "no such [31m member \u{fffd}");
        assert_eq!(excerpt("a\u{202e}b".as_bytes(), &[]), "a b");
        assert_eq!(excerpt(b"you sent Bearer hush", &confidential), "you sent …");
        assert_eq!(excerpt("é".repeat(1_000).as_bytes(), &[]).chars().count(), EXCERPT_CHARS_MAX + 1);
    }

    #[test]
    fn an_output_is_json_or_nothing() {
        let kept = |body: &[u8]| match output(body.to_vec()) {
            Output::Json(json) => Some(json.get().to_owned()),
            Output::None => None,
        };
        assert_eq!(kept(b" {\"id\": 1.10} \n").as_deref(), Some("{\"id\": 1.10}"));
        for body in [&b""[..], b"<html>", b"{\"a\":1", b"\xff", b"1 2", "[".repeat(200).as_bytes()] {
            assert_eq!(kept(body), None);
        }
    }
}
