//! The HTTP client. Every call goes through it, so that tokens, redirects and retries each have one rule.
//!
//! Redirects are never followed, since the token would go with them. The server makes every call here safe to repeat,
//! so calls are repeated after all errors that may be temporary: 429, 5xx and broken connections.

mod address;
mod answer;
mod backoff;
mod call;
mod error;
mod held_up;
mod told;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

pub use answer::Answer;
pub use backoff::{Patience, Waits};
pub use call::Call;
pub use error::{ClientError, Refusal};

use self::held_up::HeldUp;
use self::told::Told;
use crate::credentials::{Credentials, TokenSource};
use crate::job::{FetchedJob, JobView};
use crate::out::{Out, printable};

/// The server's address if none is given.
pub const URL_DEFAULT: &str = "http://127.0.0.1:7070";
/// The maximum size of an answer: several times the server's largest.
const ANSWER_BYTES_MAX: usize = 16_000_000;
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A client of one server.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credentials: Credentials,
    held_up: HeldUp,
    told: Told,
    /// True once the server has answered: its address is right.
    answered: AtomicBool,
    /// True once a request was made that may change something.
    has_asked: AtomicBool,
}

impl Client {
    /// A client of the server at `base`, which may have a path.
    ///
    /// # Errors
    ///
    /// If the address is invalid, contains a password, or would send a token unencrypted to another machine.
    pub fn new(base: &str, source: TokenSource) -> Result<Client, ClientError> {
        let base = address::parse(base)?;
        let local = address::loopback(&base);
        if base.scheme() == "http" && local.is_none() && !matches!(source, TokenSource::None) {
            return Err(ClientError::PlainHttp { url: base });
        }
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .user_agent(concat!("headway/", env!("CARGO_PKG_VERSION")));
        if let Some(addresses) = local {
            // For this machine, neither a proxy nor a name server is used.
            http = http.no_proxy().resolve_to_addrs(base.host_str().unwrap_or_default(), &addresses);
        }
        let http = http.build().map_err(ClientError::Setup)?;
        let (credentials, held_up, told) = (Credentials::new(source), HeldUp::default(), Told::default());
        Ok(Client { http, base, credentials, held_up, told, answered: AtomicBool::new(false), has_asked: AtomicBool::new(false) })
    }

    /// True if a request was made that may have changed something, answered or not.
    #[must_use]
    pub fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// Tells people why calls are repeated, where no bar shows it.
    #[must_use]
    pub fn telling(self, out: Out) -> Client {
        Client { told: Told::to(out), ..self }
    }

    /// A call to `/v1/<segments>?<query>`.
    #[must_use]
    pub fn request(&self, method: Method, segments: &[&str], query: &[(&str, &str)]) -> Call {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call::new(method, url)
    }

    /// `GET /healthz`, which needs no token.
    #[must_use]
    pub fn health(&self) -> Call {
        let mut call = self.get(&[]);
        call.url.clone_from(&self.base);
        if let Ok(mut path) = call.url.path_segments_mut() {
            path.pop_if_empty().push("healthz");
        }
        call
    }

    /// `GET /v1/<segments>`.
    #[must_use]
    pub fn get(&self, segments: &[&str]) -> Call {
        self.request(Method::GET, segments, &[])
    }

    /// `POST /v1/<segments>` without a body.
    #[must_use]
    pub fn post(&self, segments: &[&str]) -> Call {
        self.request(Method::POST, segments, &[])
    }

    /// Makes the call, repeatedly if needed, until it succeeds, is refused, or the time for repeating is over.
    ///
    /// # Errors
    ///
    /// The refusal, or why the server was not reached.
    pub async fn call(&self, call: &Call) -> Result<Answer, ClientError> {
        let mut waits = Waits::new(call.patience.once_answered(self.answered.load(Ordering::Relaxed)));
        let (mut renewed, held_up) = (false, self.held_up.call());
        let mut why_again = None;
        loop {
            held_up.waits(self.credentials.waits_for());
            let token = self.credentials.current().await?;
            match &why_again {
                Some(why) => held_up.waits(String::clone(why)),
                None => held_up.goes_on(),
            }
            let error = match self.attempt(call, token.as_deref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.status() == Some(401) && !renewed {
                renewed = true;
                if self.credentials.renew(token.as_deref()).await? {
                    continue;
                }
            }
            match waits.after(&error) {
                Some(pause) => {
                    let why = format!("trying again: {}", printable(&error.to_string()));
                    self.told.repeating(&error, waits.failing_by(pause), &why);
                    held_up.waits(why.clone());
                    why_again = Some(why);
                    tokio::time::sleep(pause).await;
                }
                None => return Err(error.after_attempts(waits.attempts())),
            }
        }
    }

    /// What a call waits for: its next try, or a token. `None` if no call waits.
    #[must_use]
    pub fn held_up_by(&self) -> Option<String> {
        self.held_up.why()
    }

    /// Makes a call whose answer is a job.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], or if the answer is not a job.
    pub async fn job(&self, call: &Call) -> Result<FetchedJob, ClientError> {
        let answer = self.call(call).await?;
        Client::job_in(call, answer)
    }

    /// Deletes a job. 404 at a repeated call is no error: the first one deleted it, and its answer was lost.
    ///
    /// # Errors
    ///
    /// As [`Client::call`], or if the answer is not the one to a deletion.
    pub async fn delete(&self, job_id: &str) -> Result<(), ClientError> {
        match self.call(&self.request(Method::DELETE, &["jobs", job_id], &[])).await {
            Err(error) if error.status() == Some(404) && error.attempts() > 1 => Ok(()),
            // A sign-in page on the way deletes nothing.
            Ok(answer) if answer.status != StatusCode::NO_CONTENT => Err(ClientError::OtherStatus(answer.status.as_u16())),
            answered => answered.map(drop),
        }
    }

    /// The job in the answer to that call.
    ///
    /// # Errors
    ///
    /// If the answer is not a job, or is about another one.
    pub fn job_in(call: &Call, answer: Answer) -> Result<FetchedJob, ClientError> {
        let view: JobView = answer.json()?;
        match call.job_id().filter(|asked| !asked.eq_ignore_ascii_case(&view.id)) {
            Some(asked) => Err(ClientError::OtherJob { asked: asked.to_owned(), told: view.id }),
            None => Ok(FetchedJob { view, body: answer.body }),
        }
    }

    async fn attempt(&self, call: &Call, token: Option<&str>) -> Result<Answer, ClientError> {
        let mut request = self.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone()).timeout(call.within);
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ClientError::TokenText)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        if call.method != Method::GET {
            self.has_asked.store(true, Ordering::Relaxed);
        }
        let unreachable = |error: reqwest::Error| ClientError::unreachable(&self.base, error);
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = whole(response, unreachable).await?;
        let answer = good(Answer { status, headers, body }, &call.url)?;
        self.answered.store(true, Ordering::Relaxed);
        Ok(answer)
    }
}

/// The whole body. An error if it is longer than any answer may be.
async fn whole(mut response: Response, failed: impl Fn(reqwest::Error) -> ClientError) -> Result<Bytes, ClientError> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(&failed)? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::Endless);
        }
    }
    Ok(body.freeze())
}

/// Returns an answer of 2xx or 304 as it is. Any other is an error.
fn good(answer: Answer, url: &Url) -> Result<Answer, ClientError> {
    match answer.status {
        status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(answer),
        status if status.is_redirection() => {
            let location = answer.text("location").unwrap_or("nowhere").to_owned();
            Err(ClientError::Redirect { status: status.as_u16(), location })
        }
        _ => Err(ClientError::Refused(Box::new(Refusal::of(&answer, url)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_base_path_is_kept() {
        for (base, url) in [
            ("https://x.test/prod", "https://x.test/prod/v1/jobs/a%2Fb?status=x+y"),
            ("https://x.test/prod/", "https://x.test/prod/v1/jobs/a%2Fb?status=x+y"),
            ("https://x.test", "https://x.test/v1/jobs/a%2Fb?status=x+y"),
        ] {
            let call = Client::new(base, TokenSource::None).unwrap().request(Method::GET, &["jobs", "a/b"], &[("status", "x y")]);
            assert_eq!(call.url.as_str(), url);
        }
    }
}
