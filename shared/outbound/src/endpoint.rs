//! One endpoint, ready to be called.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{RequestBuilder, Url};

use crate::client::Client;
use crate::confidential::Confidential;
use crate::signature::{Secret, bytes_of};

/// An endpoint that the operator has configured, with its client.
pub struct Endpoint {
    pub(crate) name: String,
    pub(crate) url: Url,
    pub(crate) secret: Secret,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: usize,
    pub(crate) attempts_max: u32,
    pub(crate) batch: Option<u16>,
    pub(crate) client: Arc<Client>,
    pub(crate) confidential: Confidential,
}

/// A request ready to be sent.
#[derive(Debug)]
pub struct SignedRequest {
    /// The request, to which headers may be added.
    pub builder: RequestBuilder,
    /// Its signature.
    pub signature: String,
}

/// What no answer to a request may repeat.
#[derive(Debug)]
pub struct Secrets<'a> {
    configured: &'a Confidential,
    signature: Option<Confidential>,
}

impl Secrets<'_> {
    /// True if some of it is in this text.
    pub fn are_in(&self, text: &[u8]) -> bool {
        Confidential::any_is_in(&[Some(self.configured), self.signature.as_ref()], text)
    }
}

impl Endpoint {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The longest that a call may take, from the first name look-up to the last byte of the answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The most calls at a time for one job from one process.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// How often something is sent if sending it fails for now.
    pub fn attempts_max(&self) -> u32 {
        self.attempts_max
    }

    /// The most items of a request in batch mode; `None` if each item has a request of its own.
    pub fn batch(&self) -> Option<u16> {
        self.batch
    }

    /// True if an answer repeats confidential configuration, or the signature of the request.
    pub fn is_repeated_in(&self, answer: &[u8], signature: &str) -> bool {
        self.secrets(signature).are_in(answer)
    }

    /// What no answer to the request with that signature may repeat, for an answer that is looked at in pieces.
    pub fn secrets(&self, signature: &str) -> Secrets<'_> {
        // This cannot fail, since a signature is short.
        let signature = Confidential::new(&[signature], &[&bytes_of(signature)]).ok();
        Secrets { configured: &self.confidential, signature }
    }

    /// A signed `POST` of a JSON document, with the operator's headers. `id` is the same each time the same thing is
    /// sent; it is signed together with the time and the body.
    pub fn post(&self, id: &str, now: DateTime<Utc>, body: String) -> SignedRequest {
        let timestamp = now.timestamp();
        let signature = self.secret.sign(id, timestamp, body.as_bytes());
        let builder = (self.client.keeping().post(self.url.clone()))
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", &signature)
            .body(body);
        SignedRequest { builder, signature }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).finish_non_exhaustive()
    }
}
