//! The embedded table and queue over HTTP, where the function looks for DynamoDB and SQS.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use headway_embedded::Embedded;
use tokio::net::TcpListener;

/// Serves them until the test ends.
pub(crate) async fn serve(embedded: Embedded) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(embedded);
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn answer(State(embedded): State<Embedded>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let target = headers["x-amz-target"].to_str().unwrap();
    let answer = embedded.answer(target, &body).await;
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"))]);
    headers.extend(answer.query_error.map(|error| (HeaderName::from_static("x-amzn-query-error"), error.try_into().unwrap())));
    (StatusCode::from_u16(answer.status).unwrap(), headers, answer.body)
}
