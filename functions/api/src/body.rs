//! Reads request bodies. Media type, encoding and size are checked before the body is read, and no more than the limit
//! is ever held in memory.

use std::io::Read as _;

use axum::body::{Body, Bytes, HttpBody as _};
use flate2::read::MultiGzDecoder;
use headway_core::limits::{BODY_BYTES_MAX, ITEM_DEPTH_MAX, ITEMS_PER_REQUEST_MAX, PART_BYTES_MAX};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::value::RawValue;

use crate::json::{self, JsonError};
use crate::problem::{ApiErrorResponse, ProblemType};

/// The media type of a job's body.
pub(crate) const JSON: &str = "application/json";
/// The media type of a part's body.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// A part's body may also be sent as bytes: generated clients do not always know NDJSON.
pub(crate) const BYTES: &str = "application/octet-stream";

/// What a body is. A refusal advises what is possible there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A job, perhaps with its items.
    Job,
    /// A few options.
    Options,
    /// A part of a job.
    Part,
    /// New values for failed items.
    Corrections,
}

impl Content {
    fn bytes_max(self) -> usize {
        match self {
            Self::Job | Self::Options => BODY_BYTES_MAX,
            Self::Part | Self::Corrections => PART_BYTES_MAX,
        }
    }

    fn too_large(self) -> ApiErrorResponse {
        let max = self.bytes_max();
        let detail = match self {
            Self::Job => format!("the body is larger than {max} bytes: start the job with `\"sealed\": false` and send its items as parts"),
            Self::Options => format!("the body is larger than {max} bytes"),
            Self::Part => format!("the part is larger than {max} bytes as sent or unpacked: send smaller parts"),
            Self::Corrections => format!("the body is larger than {max} bytes as sent or unpacked: send the items in several requests"),
        };
        ApiErrorResponse::too_large(detail, max as u64)
    }

    fn wrong_encoding(self) -> ApiErrorResponse {
        media_type(match self {
            Self::Job => "a JSON body must not be compressed: send it uncompressed, or send its items as parts",
            Self::Options => "a JSON body must not be compressed: send it uncompressed",
            Self::Part | Self::Corrections => "the only content encoding supported is gzip",
        })
    }
}

impl From<JsonError> for ApiErrorResponse {
    fn from(error: JsonError) -> Self {
        Self::malformed(format!("the body is {error}"))
    }
}

/// How many bytes a request with these headers may occupy in memory: its body as sent, and unpacked.
pub fn bytes_held(headers: &HeaderMap, limit: usize) -> usize {
    let as_sent = promised_bytes(headers).map_or(limit, |promised| usize::try_from(promised).unwrap_or(limit).min(limit));
    let unpacked = if headers.contains_key(CONTENT_ENCODING) { PART_BYTES_MAX } else { 0 };
    as_sent + unpacked
}

/// How many bytes a body may have, `limit` at most: 0 if it has ended.
pub fn most(body: &Body, limit: usize) -> usize {
    if body.is_end_stream() { 0 } else { limit }
}

fn promised_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a JSON body, of a job or of options. It is never compressed, since the gateway passes JSON on as text.
///
/// # Errors
///
/// `media-type`, `too-large`, `malformed`.
pub async fn json(headers: &HeaderMap, body: Body, content: Content) -> Result<Bytes, ApiErrorResponse> {
    expect_plain_json(headers, content)?;
    read(headers, body, content).await
}

/// Reads a JSON body of options if there is one. Without a body, the headers do not matter.
///
/// # Errors
///
/// As [`json()`].
pub async fn json_if_any(headers: &HeaderMap, body: Body) -> Result<Option<Bytes>, ApiErrorResponse> {
    // Only reading shows whether there is a body: a layer before this one may have wrapped an empty one.
    let bytes = read(headers, body, Content::Options).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    expect_plain_json(headers, Content::Options)?;
    Ok(Some(bytes))
}

/// Reads the lines of a part or of corrections, and unpacks them.
///
/// # Errors
///
/// `media-type`, `too-large`, `malformed`.
pub async fn ndjson(headers: &HeaderMap, body: Body, content: Content) -> Result<Bytes, ApiErrorResponse> {
    expect_type(headers, NDJSON, &[BYTES])?;
    let plain = is_plain(headers).ok_or_else(|| content.wrong_encoding())?;
    let bytes = read(headers, body, content).await?;
    if plain { Ok(bytes) } else { unpacked(&bytes, content) }
}

/// The items of a part, byte for byte, one a line; blank lines are skipped. If there are more than a request may have,
/// one more than allowed is read.
///
/// # Errors
///
/// `malformed`, naming the line.
pub fn items(lines: &[u8]) -> Result<Vec<Box<RawValue>>, ApiErrorResponse> {
    Ok(self::lines(lines, ITEM_DEPTH_MAX)?.into_iter().map(|line| line.value).collect())
}

/// A line with a JSON value.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1; blank lines count.
    pub number: usize,
    /// The value, byte for byte.
    pub value: Box<RawValue>,
}

/// The values in these lines, at most `depth_max` deep; blank lines are skipped. If there are more than a request may
/// have, one more than allowed is read.
///
/// # Errors
///
/// `malformed`, naming the line.
pub fn lines(lines: &[u8], depth_max: usize) -> Result<Vec<Line>, ApiErrorResponse> {
    let text = json::text(lines)?;
    // A hostile part may have millions of empty lines, so they are skipped first.
    let lines = text.split('\n').enumerate().filter(|(_, line)| !line.is_empty());
    let lines = lines.map(|(number, line)| (number + 1, line.trim_matches([' ', '\t', '\r'])));
    let lines = lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| read_line(number, line, depth_max));
    lines.take(ITEMS_PER_REQUEST_MAX + 1).collect()
}

fn read_line(number: usize, line: &str, depth_max: usize) -> Result<Line, ApiErrorResponse> {
    // An item is always one line: the JSON parser's own "line 1" would only confuse.
    let place = |error: JsonError| format!("line {number} is {error}").replace(" at line 1 column", " at column");
    let malformed = |error| ApiErrorResponse::malformed(place(error));
    json::check(line, depth_max).map_err(malformed)?;
    let value = RawValue::from_string(line.to_owned()).map_err(|error| malformed(JsonError::NotJson(error)))?;
    Ok(Line { number, value })
}

async fn read(headers: &HeaderMap, body: Body, content: Content) -> Result<Bytes, ApiErrorResponse> {
    if promised_bytes(headers).is_some_and(|promised| promised > content.bytes_max() as u64) {
        return Err(content.too_large());
    }
    match Limited::new(body, content.bytes_max()).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(content.too_large()),
        Err(_) => Err(ApiErrorResponse::malformed("the body was cut off")),
    }
}

/// The unpacked size is limited, however small the packed body is.
fn unpacked(packed: &[u8], content: Content) -> Result<Bytes, ApiErrorResponse> {
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(packed).take(content.bytes_max() as u64 + 1);
    let read = reader.read_to_end(&mut bytes);
    if bytes.len() > content.bytes_max() {
        return Err(content.too_large());
    }
    read.map_err(|_| ApiErrorResponse::malformed("the body is not gzip, or was cut off"))?;
    Ok(bytes.into())
}

fn expect_plain_json(headers: &HeaderMap, content: Content) -> Result<(), ApiErrorResponse> {
    expect_type(headers, JSON, &[])?;
    if is_plain(headers) == Some(true) { Ok(()) } else { Err(content.wrong_encoding()) }
}

fn media_type(detail: impl Into<std::borrow::Cow<'static, str>>) -> ApiErrorResponse {
    ApiErrorResponse::new(ProblemType::MediaType, detail)
}

/// A refusal names the expected type; some others are accepted too. Parameters other than the charset are ignored; a charset
/// other than UTF-8 is refused.
fn expect_type(headers: &HeaderMap, expected: &str, others: &[&str]) -> Result<(), ApiErrorResponse> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let type_fits = parts.next().is_some_and(|name| [expected].iter().chain(others).any(|known| name.eq_ignore_ascii_case(known)));
    let charset_fits = parts
        .filter_map(|part| part.split_once('='))
        .all(|(name, value)| !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if type_fits && charset_fits { Ok(()) } else { Err(media_type(format!("send `Content-Type: {expected}`, in UTF-8"))) }
}

/// True if the body is not compressed, false if it is gzip, `None` if it is encoded otherwise.
fn is_plain(headers: &HeaderMap) -> Option<bool> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    match (encodings.next().map(|value| value.as_bytes().to_ascii_lowercase()), encodings.next()) {
        (None, _) => Some(true),
        (Some(encoding), None) if encoding == b"identity" => Some(true),
        (Some(encoding), None) if encoding == b"gzip" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Each line is one item, byte for byte, whatever its texts contain.
    #[test]
    fn lines_are_items() {
        let lines = "{\"a\": 1.50}\r\n\n \t\r\n\"\u{2028}\u{feff}\\u0000\\r\\n\"\n[1,\r2]\n-0";
        let read = items(lines.as_bytes()).unwrap();
        let texts: Vec<_> = read.iter().map(|item| item.get()).collect();
        assert_eq!(texts, ["{\"a\": 1.50}", "\"\u{2028}\u{feff}\\u0000\\r\\n\"", "[1,\r2]", "-0"]);
        assert!(items(b"").unwrap().is_empty());
    }

    /// Some generators of clients send what is not JSON only as bytes.
    #[tokio::test]
    async fn lines_may_be_sent_as_bytes() {
        for media in [NDJSON, BYTES] {
            let typed = HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(media))]);
            assert_eq!(ndjson(&typed, Body::from("1\n"), Content::Part).await.unwrap(), "1\n", "{media}");
            assert_eq!(json(&typed, Body::from("1"), Content::Job).await.unwrap_err().problem_type(), ProblemType::MediaType);
        }
    }

    /// A refusal names the line.
    #[test]
    fn a_bad_line_is_named() {
        for (lines, line, column) in [("1\n\n{\"a\":1 \n2", 3, 6), ("1\r2", 1, 3), ("1\n\u{feff}2", 2, 1), ("1\n2 3", 2, 3)] {
            let problem = items(lines.as_bytes()).unwrap_err();
            let detail = problem.document("", "").detail;
            assert!(detail.starts_with(&format!("line {line} is not valid JSON")), "{detail}");
            assert!(detail.ends_with(&format!(" at column {column}")), "{detail}");
        }
    }

    /// Bug found: `retry` without a body was 415 over a connection, where an empty body is wrapped and says nothing of its end.
    #[tokio::test]
    async fn no_body_needs_no_type() {
        let typed = HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]);
        let streamed = |text: &'static str| Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]));
        let nothing = || Body::from_stream(futures::stream::empty::<Result<Bytes, std::io::Error>>());
        for (headers, body) in
            [(&HeaderMap::new(), nothing()), (&typed, nothing()), (&HeaderMap::new(), streamed("")), (&typed, Body::empty())]
        {
            assert_eq!(json_if_any(headers, body).await.unwrap(), None);
        }
        assert_eq!(json_if_any(&typed, streamed("{}")).await.unwrap().as_deref(), Some(b"{}".as_slice()));
        let untyped = json_if_any(&HeaderMap::new(), streamed("{}")).await.unwrap_err();
        assert_eq!(untyped.problem_type(), ProblemType::MediaType);
    }

    /// A small body that unpacks to a large one must not cost more than the limit.
    #[test]
    fn unpacking_is_bounded() {
        assert_eq!(unpacked(&gzip(b"1\n2\n"), Content::Part).unwrap(), b"1\n2\n".as_slice());
        assert_eq!(unpacked(&gzip(&vec![b' '; PART_BYTES_MAX]), Content::Part).unwrap().len(), PART_BYTES_MAX);
        let bomb = gzip(&vec![b' '; 100_000_000]);
        assert_eq!(unpacked(&bomb, Content::Part).unwrap_err().problem_type(), ProblemType::TooLarge);
        let whole = gzip(b"1\n2\n");
        for cut in 0..whole.len() {
            assert_eq!(unpacked(&whole[..cut], Content::Part).unwrap_err().problem_type(), ProblemType::Malformed, "cut at {cut}");
        }
        let trailing = [whole, b"x".to_vec()].concat();
        assert_eq!(unpacked(&trailing, Content::Part).unwrap_err().problem_type(), ProblemType::Malformed);
    }
}
