//! Reads the rest of a body that the handler did not read. Most callers send all of a body before they look for an
//! answer. If the connection is closed while they still send, they never see the answer. So the rest is received first.

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

/// At most this many bytes are received and discarded, for at most this long. A caller that sends more, or more slowly,
/// may lose the answer.
const DISCARDED_BYTES_MAX: usize = 32_000_000;
const DISCARDING_MAX: Duration = Duration::from_secs(2);

/// The rest of a request's body, if there is any.
#[derive(Debug)]
pub(crate) struct Unread(Option<Arc<Mutex<Body>>>);

/// The request, and a handle to the rest of its body.
pub(crate) fn keep(request: Request) -> (Request, Unread) {
    // A caller that asked first (`Expect`) has not begun to send.
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
    /// Receives and discards the rest, up to the limits.
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
        // If it takes too long, the answer is sent all the same.
        let _ = timeout(DISCARDING_MAX, read).await;
    }
}

fn poll_data(body: &Mutex<Body>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
    let mut body = body.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            // Trailers are ignored.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }
}
