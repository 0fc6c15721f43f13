//! Faults at the connector: production's adapters and the SDK's own retries meet them as they would on a wire.

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

/// A client that does every write and loses its answer, the first time it is made.
pub(crate) fn losing_answers(inner: SharedHttpClient) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(LosesAnswers::default()) }.into_shared()
}

/// A client of a queue that refuses entries of a batch inside a 200.
pub(crate) fn refusing_entries(inner: SharedHttpClient, refuses: RefusesEntries) -> SharedHttpClient {
    Wrapping { inner, fault: Arc::new(refuses) }.into_shared()
}

/// What is done to a call on its way.
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

/// Remembers the writes whose answers it has lost.
#[derive(Debug, Default)]
struct LosesAnswers {
    lost: Mutex<BTreeSet<Vec<u8>>>,
}

impl Fault for LosesAnswers {
    fn call(self: Arc<Self>, inner: &SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let reads = ["Get", "Query", "Describe"].iter().any(|verb| operation.contains(verb));
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let loses = !reads && self.lost.lock().unwrap().insert(body);
        let answer = inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if loses { Err(ConnectorError::io("the answer was lost".into())) } else { Ok(answer) }
        })
    }
}

/// How a queue refuses entries.
#[derive(Debug)]
pub(crate) struct RefusesEntries {
    /// Whether it says that the sender is at fault.
    pub(crate) sender_fault: bool,
    /// Every second entry of so many calls.
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
