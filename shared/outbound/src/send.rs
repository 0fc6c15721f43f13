//! Sending one request, and once more where the first went to a connection that the endpoint was closing.
//!
//! An endpoint may close a connection that has been idle for a while, at any moment. A request that is written in that
//! moment is lost, and nothing but the lost connection says so. That is no fault of the item, and must not cost it one
//! of its attempts. So a request is sent again at once, but only if its connection had carried an answer before and
//! broke before a byte of this answer came. The receiver may see the request twice: each carries the same id.

use std::net::SocketAddr;

use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::{RequestBuilder, Response};
use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::no_answer::{NoAnswer, causes, find};

/// How often a request is sent again.
const AGAIN_MAX: usize = 3;
impl Endpoint {
    /// Sends a request made by [`Endpoint::post`]; the answer's body has to be [read](crate::body::read) within the
    /// same time limit.
    ///
    /// # Errors
    /// Why the head of an answer did not come.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, NoAnswer> {
        let deadline = Instant::now() + self.timeout;
        for _ in 0..AGAIN_MAX {
            let Some(copy) = request.try_clone() else { break };
            let error = match copy.timeout(deadline - Instant::now()).send().await {
                Ok(response) => return Ok(self.remembered(response)),
                Err(error) => error,
            };
            let reason = self.reason(&error);
            let reused = connection(&error).is_some_and(|address| self.connections.forget(address));
            if !(reused && matches!(reason, NoAnswer::Broken(_))) {
                return Err(reason);
            }
        }
        let answer = request.timeout(deadline - Instant::now()).send().await;
        answer.map(|response| self.remembered(response)).map_err(|error| self.reason(&error))
    }

    /// The innermost cause says most, and may name hosts: it goes to the operator's log only. The outermost one would
    /// repeat the URL.
    fn reason(&self, error: &reqwest::Error) -> NoAnswer {
        let reason = NoAnswer::before_the_head(error);
        let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
        tracing::debug!(endpoint = self.name, code = reason.code(), cause = innermost, "no answer");
        reason
    }

    fn remembered(&self, response: Response) -> Response {
        if let Some(info) = response.extensions().get::<HttpInfo>() {
            self.connections.remember(info.local_addr());
        }
        response
    }
}

/// The local address of the connection on which a request failed.
fn connection(error: &reqwest::Error) -> Option<SocketAddr> {
    let mut extras = http::Extensions::new();
    find::<legacy::Error>(error)?.connect_info()?.get_extras(&mut extras);
    extras.get::<HttpInfo>().map(HttpInfo::local_addr)
}
