//! HTML pages that contain their style and script. The content security policy allows only those, by hash: nothing is
//! loaded from another host, and only this service can be called.
//!
//! There is no build step: a page's scripts are joined in the order in which they are listed, without their comments, and share one
//! scope. The vendored libraries are described in `html_page/vendor/README.md`.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use sha2::{Digest as _, Sha256};

use crate::static_answer::StaticAnswer;

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("html_page/style.css");
/// Draw a page, without a build step.
pub(crate) const PREACT: [&str; 3] = [
    include_str!("html_page/vendor/preact.umd.js"),
    include_str!("html_page/vendor/preact-hooks.umd.js"),
    include_str!("html_page/vendor/htm.umd.js"),
];
/// Tells the row of an item.
pub(crate) const ITEM_ROWS: &str = include_str!("html_page/item_rows.js");
/// Shows what cannot be seen in texts from outside.
pub(crate) const VISIBLE: &str = include_str!("html_page/visible.js");
/// Draws charts.
pub(crate) const UPLOT: &str = include_str!("html_page/vendor/uPlot.iife.min.js");
/// The style of charts.
pub(crate) const UPLOT_STYLE: &str = include_str!("html_page/vendor/uPlot.min.css");

/// A page, assembled once.
#[derive(Debug)]
pub(crate) struct HtmlPage(StaticAnswer);

impl HtmlPage {
    /// `html` contains `{style}` and `{script}` where those are inserted.
    pub(crate) fn new(html: &str, styles: &[&str], libraries: &[&str], scripts: &[&str]) -> Self {
        let style = styles.join("\n");
        let script = format!("{}\n;{}", libraries.join("\n;\n"), in_one_scope(scripts));
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(&script),
            hash(&style)
        );
        let text = html.replacen("{style}", &style, 1).replacen("{script}", &script, 1);
        let headers = [
            // The policy is ASCII, so this never fails. If it did, nothing on the page could run.
            (CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        Self(StaticAnswer::new(text, HeaderValue::from_static("text/html; charset=utf-8"), headers))
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        self.0.answer(asked)
    }
}

/// These scripts as one, without the lines that are only a comment: those are for the readers of the repository, and were a tenth of
/// the page.
pub(crate) fn in_one_scope(scripts: &[&str]) -> String {
    let code = scripts.iter().flat_map(|script| script.lines()).filter(|line| !line.trim_start().starts_with("//"));
    format!("(() => {{\n\"use strict\";\n{}\n}})();\n", code.collect::<Vec<_>>().join("\n"))
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_are_a_comment_are_left_out() {
        let script = in_one_scope(&["// Why.\nconst a = \"//b\"; // c\n  // d\n", "f(`\n  http://x`);\n"]);
        assert_eq!(script, "(() => {\n\"use strict\";\nconst a = \"//b\"; // c\nf(`\n  http://x`);\n})();\n");
    }
}
