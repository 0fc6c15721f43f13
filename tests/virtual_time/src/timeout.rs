//! Futures that must be ready in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::instant::Instant;
use crate::timers::{Sleep, sleep_until};

/// It was not ready in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed(());

pin_project! {
    /// A future that must be ready in time.
    #[must_use = "nothing happens unless it is awaited"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        end: Sleep,
    }
}

/// The future, which must be ready so soon.
pub fn timeout<F: IntoFuture>(time: Duration, future: F) -> Timeout<F::IntoFuture> {
    timeout_at(Instant::after(time), future)
}

/// The future, which must be ready by then.
pub fn timeout_at<F: IntoFuture>(until: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), end: sleep_until(until) }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let both = self.project();
        if let Poll::Ready(out) = both.future.poll(context) {
            return Poll::Ready(Ok(out));
        }
        Pin::new(both.end).poll(context).map(|()| Err(Elapsed(())))
    }
}
