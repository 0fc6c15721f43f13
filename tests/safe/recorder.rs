//! Records which AWS operations a client calls, on their way to the embedded table and queue.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;
use tokio::sync::Notify;

/// The operations called, in order, such as `DynamoDB_20120810.GetItem`; and one that has to wait before it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    noted: Arc<Mutex<Vec<String>>>,
    held: Arc<Mutex<Option<Held>>>,
}

/// A call that waits because a test wants another call to be made first.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    operation: &'static str,
    arrived: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Held {
    /// Returns once the call has arrived.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Lets the call continue.
    pub(crate) fn go_on(&self) {
        self.go_on.notify_one();
    }
}

impl Calls {
    /// A client that records each call here.
    pub(crate) fn noting(&self, inner: SharedHttpClient) -> SharedHttpClient {
        Noting { inner, calls: self.clone() }.into_shared()
    }

    /// What was called since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.noted.lock().unwrap())
    }

    /// Stops the next call of this operation.
    pub(crate) fn hold(&self, operation: &'static str) -> Held {
        let held = Held { operation, arrived: Arc::default(), go_on: Arc::default() };
        *self.held.lock().unwrap() = Some(held.clone());
        held
    }
}

#[derive(Debug, Clone)]
struct Noting {
    inner: SharedHttpClient,
    calls: Calls,
}

#[derive(Debug)]
struct Noted {
    inner: SharedHttpConnector,
    calls: Calls,
}

impl HttpClient for Noting {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Noted { inner, calls: self.calls.clone() })
    }
}

impl HttpConnector for Noted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let held = self.calls.held.lock().unwrap().take_if(|held| operation.ends_with(held.operation));
        self.calls.noted.lock().unwrap().push(operation);
        let Some(held) = held else { return self.inner.call(request) };
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            held.arrived.notify_one();
            held.go_on.notified().await;
            inner.call(request).await
        })
    }
}
