//! Notes which operations of AWS a client asks for, on their way to what stands in for AWS.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared as _;

/// The operations asked for, in order, such as `DynamoDB_20120810.GetItem`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    /// A client that notes each call here.
    pub(crate) fn noting(&self, inner: SharedHttpClient) -> SharedHttpClient {
        Noting { inner, calls: self.clone() }.into_shared()
    }

    /// What was asked for since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
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
        self.calls.0.lock().unwrap().push(operation);
        self.inner.call(request)
    }
}
