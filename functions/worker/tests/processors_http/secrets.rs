//! An endpoint that repeats confidential data: callers see none of it, on any path.

use crate::scripted::{Scripted, Step};
use crate::{OMITTED, SECRET, http, run};

const HEADERS: &str =
    r#", "headers": {"Authorization": "Bearer sk_live_4eC39HqLyjWDarjtT1"}, "publicHeaders": {"X-Tenant": "acme-industries"}"#;
const TOKEN: &str = "sk_live_4eC39HqLyjWDarjtT1";
const TOKEN_ESCAPED: &str = r"sk_live_4eC\u00339HqLyj\u0057DarjtT1";
const TOKEN_IN_BASE64: &str = "QmVhcmVyIHNrX2xpdmVfNGVDMzlIcUx5aldEYXJqdFQx";

/// What is shown of an answer with this status, type and body: its output or its error.
async fn shown(status: u16, kind: &str, body: &str) -> String {
    let answer = format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let endpoint = Scripted::start(vec![vec![Step::Request, Step::Send(answer.into_bytes())]]).await;
    match run(&http(endpoint.port, HEADERS), "1").await {
        Ok(output) => output.unwrap_or_default(),
        Err(error) => format!("{error:?}"),
    }
}

/// Bug found: 200 answers were not checked, escapes were missed, and a message was cut before it was checked, so that
/// padding moved the first half of the secret into view.
#[tokio::test]
async fn no_answer_reveals_a_secret() {
    let padding = "x".repeat(280);
    let key = SECRET.trim_start_matches("whsec_");
    for secret in [TOKEN, TOKEN_ESCAPED, TOKEN_IN_BASE64, SECRET, key, &key.to_lowercase()] {
        let output = shown(200, "application/json", &format!("{{\"a\": [1, \"{secret}\"]}}")).await;
        assert_eq!(output, OMITTED);
        let bodies = [
            ("application/json", format!("{{\"error\": \"{padding}{secret}\"}}")),
            ("application/problem+json", format!("{{\"detail\": \"{secret}\"}}")),
            ("application/json", format!("{{\"{secret}\": 1}}")),
            ("text/plain", format!("{padding}{secret}")),
            ("text/plain", format!("{}\r\n {}", &secret[..11], &secret[11..])),
        ];
        for (kind, body) in bodies {
            let shown = shown(422, kind, &body).await;
            assert!(shown.contains("answered 422") && shown.contains("its text is not shown"), "{body}: {shown}");
        }
        let page = shown(500, "text/html", &format!("<pre>{secret}</pre>")).await;
        assert!(!page.contains("pre"), "{page}");
    }
}

/// A request's signature is valuable to a reader for as long as receivers accept its time. Bug found: its bytes in
/// another spelling than base64 were passed on.
#[tokio::test]
async fn the_signature_is_not_revealed() {
    use axum::http::HeaderMap;
    use axum::routing::post;
    use base64::Engine as _;
    let echo = |headers: HeaderMap, item: String| async move {
        let signature = headers["webhook-signature"].to_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(&signature[3..]).unwrap();
        let spellings = [
            ("as text", format!("{signature:?}")),
            ("in hexadecimal", format!("\"{}\"", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
            ("as numbers", format!("{bytes:?}")),
            ("as signed numbers", format!("{:?}", bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>())),
        ];
        let output = spellings.into_iter().find(|(name, _)| item.contains(name)).map_or("1".to_owned(), |(_, output)| output);
        ([("content-type", "application/json")], output)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/in", post(echo))).await });
    for spelling in ["as text", "in hexadecimal", "as numbers", "as signed numbers"] {
        assert_eq!(run(&http(port, ""), &format!("\"{spelling}\"")).await.unwrap().unwrap(), OMITTED, "{spelling}");
    }
    assert_eq!(run(&http(port, ""), "\"not at all\"").await.unwrap().unwrap(), "1");
}

/// Data that is not secret may be repeated: an output with a tenant's name is harmless.
#[tokio::test]
async fn public_headers_may_be_repeated() {
    assert_eq!(shown(200, "application/json", "[\"acme-industries\"]").await, "[\"acme-industries\"]");
    assert!(shown(422, "text/plain", "bearer token of acme-industries expired").await.contains("acme-industries expired"));
}
