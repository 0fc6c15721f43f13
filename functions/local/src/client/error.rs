//! What can go wrong between the command and the server, and what the user can do about it.

use std::time::Duration;

use headway_core::error_chain;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;

use super::answer::Answer;
use crate::credentials::CredentialsError;
use crate::problem::Problem;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There was no answer at all.
    #[error("the server at {url} cannot be reached")]
    Unreachable {
        /// The server's address.
        url: Url,
        /// What happened.
        source: reqwest::Error,
    },
    /// The server answered with an error.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The server redirects to another address. The token must not be sent there.
    #[error("the server redirects ({status}) to {location}, and redirects are not followed: give that address with --url if you trust it")]
    Redirect {
        /// The status, 3xx.
        status: u16,
        /// The address to which it redirects.
        location: String,
    },
    /// The status is good, but the answer is not one of Headway.
    #[error("the answer is not what a Headway server sends: is the address right?")]
    Answer(#[from] serde_json::Error),
    /// The status is good, but not the one that Headway has for this call.
    #[error("the answer is not what a Headway server sends (status {0}): is the address right?")]
    OtherStatus(u16),
    /// The answer says another number of accepted values than were sent.
    #[error(
        "{sent} new values were sent, and the answer says that {told} were accepted: does a proxy on the way answer in place of the server?"
    )]
    OtherCount {
        /// How many were sent.
        sent: usize,
        /// How many the answer says.
        told: usize,
    },
    /// The answer is longer than any of Headway.
    #[error("the answer is longer than any that a Headway server sends: is the address right?")]
    Endless,
    /// The answer describes another job than the one that was asked for.
    #[error("the answer is about job {told}, not {asked}: does a proxy or a cache on the way mix up answers?")]
    OtherJob {
        /// The job that was asked for.
        asked: String,
        /// The job that the answer is about.
        told: String,
    },
    /// A list does not end.
    #[error("the list has no end ({0}): does a proxy or a cache on the way repeat answers?")]
    EndlessList(&'static str),
    /// Nothing says that the page is the last one of its list, and there is no link to the next one.
    #[error(
        "the answer does not say whether the list goes on: is it from a Headway server, and does a proxy on the way drop the headers Link \
         and Headway-More?"
    )]
    CutList,
    /// A page ends within a line, or is compressed.
    #[error("a page of the list does not end with a whole line: was it cut off or changed on the way? Run the command again")]
    CutPage,
    /// The address is invalid.
    #[error("{0}")]
    Address(String),
    /// Others could read the token on the way.
    #[error("the token is not sent to {url}, since anybody on the network could read it over http: use https")]
    PlainHttp {
        /// The address that was given.
        url: Url,
    },
    /// The token contains characters that a header must not contain.
    #[error("the token contains invalid characters")]
    TokenText,
    /// There is no token.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The HTTP client could not be created.
    #[error("the HTTP client cannot be created")]
    Setup(#[source] reqwest::Error),
}

/// An answer of 4xx or 5xx.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The problem document, if the answer has one. The answers of a gateway do not.
    pub problem: Option<Problem>,
    /// `X-Request-Id`, for the operator.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// How often the call was made.
    pub attempts: u32,
    /// The path of the request.
    pub path: String,
}

impl ClientError {
    pub(super) fn unreachable(base: &Url, error: reqwest::Error) -> ClientError {
        ClientError::Unreachable { url: base.clone(), source: error.without_url() }
    }

    /// The HTTP status, if the server answered with an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        if let ClientError::Refused(refusal) = self { Some(refusal.status) } else { None }
    }

    /// True if the server answered with `urn:headway:problem:<short>`.
    #[must_use]
    pub fn is_problem(&self, short: &str) -> bool {
        matches!(self, ClientError::Refused(refusal) if refusal.problem.as_ref().is_some_and(|p| p.is(short)))
    }

    /// True if the server may have done what it was asked for: there was no answer that says what happened.
    #[must_use]
    pub fn may_have_been_done(&self) -> bool {
        match self {
            ClientError::Refused(refusal) => refusal.status == 408 || refusal.status >= 500,
            ClientError::Unreachable { source, .. } => !source.is_connect(),
            ClientError::Answer(_)
            | ClientError::OtherStatus(_)
            | ClientError::OtherCount { .. }
            | ClientError::Endless
            | ClientError::OtherJob { .. } => true,
            _ => false,
        }
    }

    /// How often the call was made, if there was an answer.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        if let ClientError::Refused(refusal) = self { refusal.attempts } else { 0 }
    }

    pub(super) fn after_attempts(mut self, attempts: u32) -> ClientError {
        if let ClientError::Refused(refusal) = &mut self {
            refusal.attempts = attempts;
        }
        self
    }

    /// What to check or do next, one line each.
    #[must_use]
    pub fn advice(&self) -> Vec<String> {
        match self {
            ClientError::Unreachable { url, source } if url.scheme() == "https" && is_plain_http(source) => {
                vec!["the server does not answer with TLS: does it serve plain http? Then give its address with http://".to_owned()]
            }
            ClientError::Unreachable { source, .. } if is_of_a_proxy(source) => {
                vec!["the proxy that HTTPS_PROXY or ALL_PROXY names does not connect to it: correct the variable, or name the host in NO_PROXY".to_owned()]
            }
            ClientError::Unreachable { .. } => {
                vec!["is it running? `headway serve` starts one here; --url or HEADWAY_URL names another".to_owned()]
            }
            ClientError::Refused(refusal) => refusal.advice(),
            _ => Vec::new(),
        }
    }
}

/// True if what came instead of TLS was something else, as from a server of plain http.
fn is_plain_http(error: &reqwest::Error) -> bool {
    error_chain(error).contains("InvalidContentType")
}

/// True if a proxy could not be reached, or made no tunnel to the server.
fn is_of_a_proxy(error: &reqwest::Error) -> bool {
    error_chain(error).contains("tunnel error")
}

impl Refusal {
    pub(super) fn of(answer: &Answer, url: &Url) -> Refusal {
        let is_problem =
            answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|text| {
                text.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/problem+json"))
            });
        Refusal {
            status: answer.status.as_u16(),
            problem: is_problem.then(|| serde_json::from_slice(&answer.body).ok()).flatten(),
            request_id: answer.text("x-request-id").map(str::to_owned),
            retry_after: answer.retry_after(),
            attempts: 1,
            path: url.path().to_owned(),
        }
    }

    fn advice(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        if let Some(problem) = &self.problem {
            lines.extend(problem.errors.iter().map(ToString::to_string));
            lines.extend(problem.more.iter().filter(|(name, _)| *name != "detail").map(|(name, value)| format!("{name}: {value}")));
        }
        match self.status {
            401 => lines.push(
                "a token comes from HEADWAY_TOKEN, --token-file or HEADWAY_TOKEN_COMMAND; for a local server on \
                another port: HEADWAY_TOKEN=$(headway token --user dev)"
                    .to_owned(),
            ),
            403 if self.problem.is_some() => lines.push("the token does not have the scope that this needs".to_owned()),
            404 if self.problem.is_none() || self.path.contains("/v1/v1/") => {
                lines.push("is the address right? Give it without /v1".to_owned())
            }
            500..600 => lines.extend(self.request_id.iter().map(|id| format!("request id for the operator: {id}"))),
            _ => {}
        }
        if let Some(after) = self.retry_after.filter(|_| matches!(self.status, 429 | 503)) {
            lines.push(format!("the server asks to come back in {} s", after.as_secs()));
        }
        lines
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.problem {
            Some(problem) if problem.is("idempotency-key-reused") => {
                write!(f, "the idempotency key belongs to another job (its file or options differ): use a new key ({})", self.status)
            }
            // The command has its tokens from the page before.
            Some(problem) if problem.is("page-token") => {
                write!(f, "the list changed while it was read, as it does when the job is retried: run the command again ({})", self.status)
            }
            Some(problem) => {
                write!(f, "{} ({})", title_and_detail(&problem.title, problem.detail.as_deref().unwrap_or_default()), self.status)
            }
            None => write!(f, "the server answered {} to {}", self.status, self.path),
        }
    }
}

/// Both, unless the detail says the same as the title and more.
fn title_and_detail(title: &str, detail: &str) -> String {
    match detail {
        "" => title.to_owned(),
        detail if detail.to_lowercase().starts_with(&title.to_lowercase()) => detail.to_owned(),
        detail => format!("{title}: {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// What is advised after a call to this address, or else to the one of a server that gives this answer to all.
    async fn advice_after(
        answer: &'static str,
        url: Option<&str>,
        with: impl Fn(reqwest::ClientBuilder, &str) -> reqwest::ClientBuilder,
    ) -> Vec<String> {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let url: Url = url.map_or_else(|| format!("https://{address}"), str::to_owned).parse().unwrap();
        let answers = std::thread::spawn(move || {
            let (mut call, _) = server.accept().unwrap();
            let _ = call.read(&mut [0; 1_024]);
            call.write_all(answer.as_bytes()).unwrap();
        });
        let client = with(reqwest::Client::builder().no_proxy(), &address).build().unwrap();
        let error = client.get(url.clone()).send().await.unwrap_err();
        answers.join().unwrap();
        ClientError::unreachable(&url, error).advice()
    }

    /// An address with https for a server of plain http, one behind a proxy that refuses it, and one with `/v1` at its end.
    #[tokio::test]
    async fn a_wrong_address_is_told_by_what_answers() {
        let advice = advice_after("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", None, |client, _| client).await;
        assert!(advice[0].contains("does it serve plain http? Then give its address with http://"), "{advice:?}");
        let through =
            |client: reqwest::ClientBuilder, address: &str| client.proxy(reqwest::Proxy::all(format!("http://{address}")).unwrap());
        let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        let advice = advice_after(forbidden, Some("https://jobs.example.com"), through).await;
        assert!(advice[0].starts_with("the proxy that HTTPS_PROXY or ALL_PROXY names"), "{advice:?}");
        for (path, says) in [("/v1/v1/jobs", true), ("/v1/jobs/x", false)] {
            let problem =
                serde_json::from_str(r#"{"type": "urn:headway:problem:not-found", "title": "Not found", "status": 404}"#).unwrap();
            let refusal =
                Refusal { status: 404, problem: Some(problem), request_id: None, retry_after: None, attempts: 1, path: path.to_owned() };
            assert_eq!(refusal.advice().iter().any(|line| line.contains("without /v1")), says, "{path}");
        }
    }

    #[test]
    fn a_refusal_says_nothing_twice() {
        for (title, detail, shown) in [
            ("The job has ended", "the job has ended as Completed", "the job has ended as Completed"),
            ("The job has ended", "it was cancelled", "The job has ended: it was cancelled"),
            ("The job has ended", "", "The job has ended"),
            ("", "gone", "gone"),
        ] {
            assert_eq!(title_and_detail(title, detail), shown);
        }
    }
}
