//! Why a call has no complete answer. The reasons differ in what a caller may conclude: without a connection nothing
//! was sent; after that, the endpoint may have done its work.

use std::error::Error as StdError;
use std::io;

use crate::rule::RuleError;

/// Why there is no complete answer. No text contains an address or repeats what was sent or received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The host has only addresses that the rule does not allow.
    #[error("{}", RuleError::Address)]
    Address,
    /// No connection was opened: nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The call took longer than the endpoint's time limit.
    #[error("no whole answer within the time limit")]
    TimedOut,
    /// The connection broke before the head of an answer arrived.
    #[error("{0}")]
    Broken(String),
    /// The answer is not HTTP/1, or its head is too large.
    #[error("its answer is not HTTP/1.1, or has too large a head")]
    NotHttp,
    /// The answer's body is not complete.
    #[error("its answer was cut off")]
    Truncated,
}

impl NoAnswer {
    /// A short text for grouping.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timeout",
            Self::Broken(_) => "transport",
            Self::NotHttp => "not-http",
            Self::Truncated => "truncated",
        }
    }

    /// For a call whose answer's head never arrived.
    pub(crate) fn before_the_head(error: &reqwest::Error) -> Self {
        let io = find::<io::Error>(error).map(innermost_kind);
        if find::<RuleError>(error).is_some() {
            Self::Address
        } else if error.is_dns() {
            Self::Unreachable("its name could not be resolved".to_owned())
        } else if error.is_connect() {
            Self::Unreachable(why_no_connection(error, io))
        } else if error.is_timeout() {
            Self::TimedOut
        } else if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            Self::NotHttp
        } else {
            let how = io.map_or_else(|| "it was closed before an answer came".to_owned(), |kind| kind.to_string());
            Self::Broken(format!("the connection broke: {how}"))
        }
    }

    /// For a call whose answer's head arrived.
    pub(crate) fn in_the_body(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Truncated }
    }
}

/// Layers wrap an error of the connection in one of their own kind, which says nothing, and name it as no cause.
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or_else(|| error.kind(), innermost_kind)
}

fn why_no_connection(error: &reqwest::Error, io: Option<io::ErrorKind>) -> String {
    match io {
        _ if error.is_timeout() => "could not connect in time".to_owned(),
        Some(io::ErrorKind::InvalidData | io::ErrorKind::Other) => {
            "could not connect: its certificate or its TLS was not accepted".to_owned()
        }
        // Only with TLS something is read before there is a connection.
        Some(io::ErrorKind::UnexpectedEof) => "could not connect: the connection was closed before TLS was agreed on".to_owned(),
        Some(kind) => format!("could not connect: {kind}"),
        None => "could not connect".to_owned(),
    }
}

/// The innermost cause of that type.
pub(crate) fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).filter_map(|cause| cause.downcast_ref::<T>()).last()
}

/// The causes, from the outside in.
pub(crate) fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}
