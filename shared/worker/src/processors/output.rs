//! What is kept of a successful answer.

use headway_core::Output;
use headway_core::outcome::kept;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING};
use serde_json::value::RawValue;

/// Whitespace that may surround a JSON value (RFC 8259, 2). It is not kept.
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// True if the answer says that its body is JSON: <https://mimesniff.spec.whatwg.org/#json-mime-type>.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let essence = media_type(headers);
    matches!(essence.as_str(), "application/json" | "text/json") || (essence.contains('/') && essence.ends_with("+json"))
}

/// The media type without parameters, in lower case; empty if there is none.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// True if the body is neither compressed nor coded in another way for its transfer. The request asks for that; a body that was
/// coded is not read.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    has_only(headers, &CONTENT_ENCODING, b"identity") && has_only(headers, &TRANSFER_ENCODING, b"chunked")
}

/// True if the header names no coding but this one.
fn has_only(headers: &HeaderMap, header: &HeaderName, plain: &[u8]) -> bool {
    let codings = headers.get_all(header).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.map(<[u8]>::trim_ascii).all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(plain))
}

/// The text of a JSON body, without a byte-order mark. `None` if it is not UTF-8.
pub(super) fn text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(body).ok().map(|text| text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// An output in an answer's document, as it is [kept].
pub(super) fn of_raw(output: &RawValue) -> Output {
    kept(output.to_owned()).map_or(Output::Omitted, Output::Json)
}

/// The output in the body of an answer that says it is JSON. None if it is empty; omitted if it is not JSON after all.
pub(super) fn of_json(body: &[u8]) -> Output {
    let Some(text) = text(body).map(|text| text.trim_matches(JSON_SPACE)) else { return Output::Omitted };
    if text.is_empty() {
        return Output::None;
    }
    // It is read before it is shortened: without its white space, what is not JSON could become JSON.
    serde_json::from_str::<&RawValue>(text).map_or(Output::Omitted, of_raw)
}

#[cfg(test)]
mod tests {
    use headway_core::limits::OUTPUT_BYTES_MAX;

    use super::*;

    /// Bug found: white space was removed from what was no JSON, and it became other JSON.
    #[test]
    fn what_is_no_json_is_not_made_json() {
        let padded = |json: &str| format!("{json}{}]", " ".repeat(OUTPUT_BYTES_MAX));
        assert!(matches!(of_json(padded("[1, 2").as_bytes()), Output::Json(json) if json.get() == "[1,2]"));
        for wrong in ["[1 2", "[tru e", "[1, 2 3"] {
            assert!(matches!(of_json(padded(wrong).as_bytes()), Output::Omitted), "{wrong}");
        }
    }
}
