//! `/`: a page with the caller's jobs, and one job live. It calls the API like any client, with a token that the caller
//! provides.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};

use crate::html_page::HtmlPage;

static PAGE: LazyLock<HtmlPage> = LazyLock::new(|| {
    HtmlPage::new(include_str!("dashboard/page.html"), include_str!("html_page/style.css"), include_str!("dashboard/page.js"))
});

/// The page.
pub(crate) async fn page() -> Response {
    (&*PAGE).into_response()
}
