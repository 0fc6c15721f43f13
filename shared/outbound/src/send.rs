//! Sends a request, and sends it once more if its connection was at fault: it was just being closed by the endpoint, or still
//! had bytes of an earlier answer.
//!
//! An endpoint may close an idle connection at any moment. A request that is written in that moment is lost. Only the
//! broken connection shows it, or a final `408 Request Timeout`, which some servers send before they close (RFC 9110,
//! 15.5.9). The item is not to blame, so it must not be charged an attempt. So the request is sent again at once, on two
//! conditions: its connection had carried an answer before, and either no byte of this answer arrived or this answer is a 408 that
//! closes the connection and names no time.
//! The receiver may see the request twice; both have the same id.
//!
//! Bytes that follow a whole answer would be read as the answer to the next request. So the connections to a host are used once
//! from the moment that one of its answers contradicts itself about where it ends, or is no HTTP on a connection that had
//! carried an answer before. The request that got such bytes is sent again, too.

use std::net::SocketAddr;

use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{CONNECTION, CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING};
use reqwest::{RequestBuilder, Response, StatusCode, Version};
use tokio::time::Instant;

use crate::config::CONCURRENCY_MAX;
use crate::endpoint::Endpoint;
use crate::no_answer::{NoAnswer, causes, find};

/// How often a request is sent again: as often as a job's calls may leave idle connections, since an endpoint that restarts loses all
/// of them at once. Each time uses up a connection that had carried an answer, so this is no storm.
const AGAIN_MAX: usize = CONCURRENCY_MAX;

impl Endpoint {
    /// Sends a request made by [`Endpoint::post`]. The answer's body has to be [read](crate::body::read) within the
    /// same time limit.
    ///
    /// # Errors
    ///
    /// Why the head of an answer did not arrive.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, NoAnswer> {
        let deadline = Instant::now() + self.timeout;
        for _ in 0..AGAIN_MAX {
            let Some(copy) = request.try_clone() else { break };
            let error = match self.answer(copy, deadline).await {
                Ok(response) if self.is_goodbye(&response) => continue,
                Ok(response) => return Ok(self.remembered(response)),
                Err(error) => error,
            };
            let reason = self.reason(&error);
            let reused = connection(&error).is_some_and(|address| self.client.connections.forget(address));
            match reason {
                NoAnswer::NotHttp if reused => self.use_connections_once(),
                NoAnswer::Broken(_) if reused => {}
                _ => return Err(reason),
            }
        }
        let answer = self.answer(request, deadline).await;
        answer.map(|response| self.remembered(response)).map_err(|error| self.reason(&error))
    }

    /// The answer to one request. If its connection must not be used again, no other request can get it after this.
    async fn answer(&self, request: RequestBuilder, deadline: Instant) -> Result<Response, reqwest::Error> {
        let request = request.timeout(deadline - Instant::now()).build()?;
        let once = self.client.connections.are_used_once(self.url.authority());
        let client = if once { self.client.closing()? } else { self.client.keeping() };
        let response = client.execute(request).await?;
        if !once && is_end_in_doubt(&response) {
            self.use_connections_once();
        }
        Ok(response)
    }

    fn use_connections_once(&self) {
        if self.client.connections.use_once(self.url.authority()) {
            let endpoint = self.name.as_str();
            tracing::warn!(endpoint, "it sent bytes that are no answer: each connection to its host is used once from now on");
        }
    }

    /// The innermost cause is the most precise and may contain host names, so it is only logged. The outermost would
    /// repeat the URL.
    fn reason(&self, error: &reqwest::Error) -> NoAnswer {
        let reason = NoAnswer::before_the_head(error);
        let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
        tracing::debug!(endpoint = self.name, code = reason.code(), cause = innermost, "no answer");
        reason
    }

    /// Whether the answer only says that its connection, which had carried one before, was idle for too long. It may have
    /// been written before the request came. One that leaves its connection open, or names a time, is about the request.
    fn is_goodbye(&self, response: &Response) -> bool {
        response.status() == StatusCode::REQUEST_TIMEOUT
            && says_close(response)
            && !response.headers().contains_key(RETRY_AFTER)
            && local_address(response).is_some_and(|address| self.client.connections.forget(address))
    }

    fn remembered(&self, response: Response) -> Response {
        if self.client.connections.are_used_once(self.url.authority()) {
            return response;
        }
        if let Some(address) = local_address(&response) {
            self.client.connections.remember(address);
        }
        response
    }
}

/// Whether the head names a body where there is none, or two ends of one body: RFC 9110, 8.6, and RFC 9112, 6.1 and 6.3. What
/// else such an endpoint writes would be the start of the next answer.
fn is_end_in_doubt(response: &Response) -> bool {
    let has_coding = response.headers().contains_key(TRANSFER_ENCODING);
    let lengths = response.headers().get_all(CONTENT_LENGTH);
    match response.status() {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => has_coding || lengths.iter().any(|length| length != "0"),
        _ => has_coding && lengths.iter().next().is_some(),
    }
}

/// Whether the endpoint closes the connection after this answer.
fn says_close(response: &Response) -> bool {
    let values = response.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let options: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let has = |wanted: &str| options.iter().any(|option| option.eq_ignore_ascii_case(wanted));
    has("close") || response.version() == Version::HTTP_10 && !has("keep-alive")
}

/// The local address of the connection that an answer came on.
fn local_address(response: &Response) -> Option<SocketAddr> {
    response.extensions().get::<HttpInfo>().map(HttpInfo::local_addr)
}

/// The local address of the connection on which a request failed.
fn connection(error: &reqwest::Error) -> Option<SocketAddr> {
    let mut extras = http::Extensions::new();
    find::<legacy::Error>(error)?.connect_info()?.get_extras(&mut extras);
    extras.get::<HttpInfo>().map(HttpInfo::local_addr)
}
