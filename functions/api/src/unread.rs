//! What a handler leaves of a body. Most callers send all of it before they look for an answer: one that comes while they
//! still send, on a connection that is then closed, is lost to them. So the rest is taken from the wire first.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use futures::StreamExt as _;
use futures::stream::poll_fn;
use http::header::EXPECT;
use tokio::time::timeout;

/// How much is taken and thrown away, in bytes, and for how long: whoever sends more or slower may lose the answer.
const DISCARDED_BYTES_MAX: usize = 32_000_000;
const DISCARDING_MAX: Duration = Duration::from_secs(2);

/// What may be left of a request's body.
#[derive(Debug)]
pub(crate) struct Unread(Option<Arc<Mutex<Body>>>);

/// The request, and what will be left of it.
pub(crate) fn keep(request: Request) -> (Request, Unread) {
    // A caller that asked before sending has not begun to.
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return (request, Unread(None));
    }
    let (parts, body) = request.into_parts();
    let kept = Arc::new(Mutex::new(body));
    let read = kept.clone();
    let body = Body::from_stream(poll_fn(move |context| poll_data(&read, context)));
    (Request::from_parts(parts, body), Unread(Some(kept)))
}

impl Unread {
    /// Takes the rest from the wire, within bounds.
    pub(crate) async fn discard(self) {
        let Some(body) = self.0 else { return };
        let mut rest = poll_fn(|context| poll_data(&body, context));
        let read = async {
            let mut left = DISCARDED_BYTES_MAX;
            while let Some(Ok(bytes)) = rest.next().await {
                let Some(less) = left.checked_sub(bytes.len()) else { return };
                left = less;
            }
        };
        // Too slow: the answer is given all the same.
        let _ = timeout(DISCARDING_MAX, read).await;
    }
}

fn poll_data(body: &Mutex<Body>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
    let mut body = body.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }
}
