//! `/docs`: a reader of the OpenAPI document, with a guide and a command for every call.

use std::sync::LazyLock;

use axum::response::Response;
use http::HeaderMap;

use crate::embed;
use crate::html_page::{HtmlPage, PREACT, STYLE};

const SCRIPTS: [&str; 3] = [include_str!("docs/samples.js"), include_str!("docs/guide.js"), include_str!("docs/reader.js")];

static PAGE: LazyLock<HtmlPage> = LazyLock::new(|| {
    let html = include_str!("docs/page.html").replacen("{integrity}", &embed::integrity(), 1);
    HtmlPage::new(&html, &[STYLE, include_str!("docs/style.css")], &PREACT, &SCRIPTS)
});

/// The page.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    PAGE.answer(&headers)
}
