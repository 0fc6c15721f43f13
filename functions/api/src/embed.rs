//! `/embed.js`: the element `<headway-job>`, with which a page of another site shows a job. There is no build step: its
//! scripts are joined in the order in which they are listed, and share one scope.

use std::sync::LazyLock;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use serde_json::json;
use sha2::{Digest as _, Sha384};

use crate::html_page::{ITEM_ROWS, VISIBLE, in_one_scope};
use crate::json_answer::JSON;
use crate::static_answer::StaticAnswer;

const SCRIPTS: [&str; 7] = [
    ITEM_ROWS,
    VISIBLE,
    include_str!("embed/words.js"),
    include_str!("embed/calls.js"),
    include_str!("embed/style.js"),
    include_str!("embed/view.js"),
    include_str!("embed/element.js"),
];
/// Pages of other sites may load it.
const CROSS_ORIGIN_RESOURCE_POLICY: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

static TEXT: LazyLock<String> = LazyLock::new(|| in_one_scope(&SCRIPTS));

/// The script.
pub(crate) async fn script(headers: HeaderMap) -> Response {
    static SCRIPT: LazyLock<StaticAnswer> = LazyLock::new(|| {
        let media_type = HeaderValue::from_static("text/javascript; charset=utf-8");
        StaticAnswer::new(TEXT.clone(), media_type, [CROSS_ORIGIN_RESOURCE_POLICY])
    });
    SCRIPT.answer(&headers)
}

/// Its hash, for those who build pages: `{"script": "embed.js", "integrity": "sha384-…"}`.
pub(crate) async fn integrity_json(headers: HeaderMap) -> Response {
    static ANSWER: LazyLock<StaticAnswer> = LazyLock::new(|| {
        let answer = json!({"script": "embed.js", "integrity": integrity()});
        StaticAnswer::new(answer.to_string(), JSON, [])
    });
    ANSWER.answer(&headers)
}

/// The script's hash, as the attribute `integrity` has it.
pub(crate) fn integrity() -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(TEXT.as_bytes())))
}
