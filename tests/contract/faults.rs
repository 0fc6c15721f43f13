//! Faults at the connector: production's adapters and the SDK's retries see them as they would on a network.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::subject::TABLE;

/// A client whose concurrent calls take turns, so that they really interleave.
pub(crate) fn interleaving(inner: SharedHttpClient) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(TakesTurns) }.into_shared()
}

/// A client that makes every write but loses its answer the first time. If the table `forgets_tokens`, it does not
/// recognise a repeated transaction, like DynamoDB after ten minutes.
pub(crate) fn losing_answers(inner: SharedHttpClient, forgets_tokens: bool) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(LosesAnswers { forgets_tokens, lost: Mutex::default() }) }.into_shared()
}

/// A client of a queue that refuses entries of a batch in a 200.
pub(crate) fn refusing_entries(inner: SharedHttpClient, refuses: RefusesEntries) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(refuses) }.into_shared()
}

/// A client of a table that does only part of each batch and leaves half of it, or all of it.
pub(crate) fn leaving_batches(inner: SharedHttpClient, everything: bool) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(LeavesBatches { everything }) }.into_shared()
}

/// What happens to a call on its way.
trait Fault: Send + Sync + Debug + 'static {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture;
}

#[derive(Debug, Clone)]
struct Wrapping<F> {
    inner: SharedHttpClient,
    fault: Arc<F>,
}

#[derive(Debug)]
struct Wrapped<F> {
    inner: SharedHttpConnector,
    fault: Arc<F>,
}

impl<F: Fault> HttpClient for Wrapping<F> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Wrapped { inner, fault: Arc::clone(&self.fault) })
    }
}

impl<F: Fault> HttpConnector for Wrapped<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        Arc::clone(&self.fault).call(&self.inner, request)
    }
}

/// Lets others go first, before and after each call.
#[derive(Debug)]
struct TakesTurns;

impl Fault for TakesTurns {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture {
        let inner = inner.clone();
        HttpConnectorFuture::new(async move {
            tokio::task::yield_now().await;
            let answer = inner.call(request).await;
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// Remembers the writes whose answers it has lost.
#[derive(Debug)]
struct LosesAnswers {
    forgets_tokens: bool,
    lost: Mutex<BTreeSet<Vec<u8>>>,
}

impl Fault for LosesAnswers {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, mut request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let reads = ["Get", "Query", "Describe"].iter().any(|verb| operation.contains(verb));
        let body = request.body().bytes().unwrap_or_default().to_vec();
        if self.forgets_tokens && operation.contains("Transact") {
            let mut other: Value = serde_json::from_slice(&body).unwrap();
            other["ClientRequestToken"] = Uuid::new_v4().to_string().into();
            *request.body_mut() = SdkBody::from(other.to_string());
        }
        let loses = !reads && self.lost.lock().unwrap().insert(body);
        let answer = inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if loses { Err(ConnectorError::io("the answer was lost".into())) } else { Ok(answer) }
        })
    }
}

/// Answers part of a batch, and says which part it left.
#[derive(Debug)]
struct LeavesBatches {
    everything: bool,
}

impl Fault for LeavesBatches {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, mut request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let (unprocessed, list) = match operation.rsplit('.').next() {
            Some("BatchGetItem") => ("UnprocessedKeys", format!("/RequestItems/{TABLE}/Keys")),
            Some("BatchWriteItem") => ("UnprocessedItems", format!("/RequestItems/{TABLE}")),
            _ => return inner.call(request),
        };
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut left = body["RequestItems"].clone();
        let all = body.pointer(&list).unwrap().as_array().unwrap().clone();
        let (done, rest) = all.split_at(if self.everything { 0 } else { all.len().div_ceil(2) });
        if rest.is_empty() {
            return inner.call(request);
        }
        *body.pointer_mut(&list).unwrap() = done.into();
        *left.pointer_mut(list.strip_prefix("/RequestItems").unwrap()).unwrap() = rest.into();
        if done.is_empty() {
            return HttpConnectorFuture::ready(Ok(response(&json!({ unprocessed: left }))));
        }
        *request.body_mut() = SdkBody::from(body.to_string());
        let answer = inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut body: Value = serde_json::from_slice(answer.await?.body().bytes().unwrap()).unwrap();
            body[unprocessed] = left;
            Ok(response(&body))
        })
    }
}

/// How a queue refuses entries.
#[derive(Debug)]
pub(crate) struct RefusesEntries {
    /// True if it says that the sender is at fault.
    pub(crate) sender_fault: bool,
    /// In this many calls it refuses every second entry.
    pub(crate) calls: usize,
    /// How many calls there were.
    pub(crate) seen: Arc<AtomicUsize>,
}

impl Fault for RefusesEntries {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, mut request: HttpRequest) -> HttpConnectorFuture {
        if self.seen.fetch_add(1, Ordering::SeqCst) >= self.calls {
            return inner.call(request);
        }
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let entries: Vec<Value> = body["Entries"].as_array().unwrap().clone();
        let (refused, kept): (Vec<_>, Vec<_>) = entries.into_iter().enumerate().partition(|(place, _)| place % 2 == 0);
        let failed: Vec<Value> = refused
            .into_iter()
            .map(|(_, entry)| json!({"Id": entry["Id"], "SenderFault": self.sender_fault, "Code": "InternalError", "Message": "busy"}))
            .collect();
        if kept.is_empty() {
            return HttpConnectorFuture::ready(Ok(response(&json!({"Successful": [], "Failed": failed}))));
        }
        body["Entries"] = kept.into_iter().map(|(_, entry)| entry).collect();
        *request.body_mut() = SdkBody::from(body.to_string());
        let answer = inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let mut body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
            body["Failed"] = failed.into();
            Ok(response(&body))
        })
    }
}

fn response(body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
