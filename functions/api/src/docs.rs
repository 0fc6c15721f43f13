//! `/docs`: a plain HTML view of the OpenAPI document.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};

use crate::html_page::HtmlPage;

static PAGE: LazyLock<HtmlPage> =
    LazyLock::new(|| HtmlPage::new(include_str!("docs/page.html"), include_str!("html_page/style.css"), include_str!("docs/page.js")));

/// The page.
pub(crate) async fn page() -> Response {
    (&*PAGE).into_response()
}
