//! Connects the SDK's clients to the embedded table and queue, without a socket.

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::{
    http::{HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;

/// The region in ARNs and events.
pub(crate) const REGION: &str = "us-east-1";
/// The account in ARNs, URLs and events.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The endpoint that the clients are given. The name is reserved, so a request that went to the network by mistake
/// would find no server.
pub(crate) const ENDPOINT: &str = "http://embedded.invalid";

/// An HTTP client that sends every request to `connector`.
pub(crate) fn client_of(connector: impl HttpConnector + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_: &HttpConnectorSettings, _| connector.clone())
}

/// The operation in `X-Amz-Target`, without the service's name.
pub(crate) fn operation_of(request: &HttpRequest) -> String {
    request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned()
}

/// An answer in AWS's JSON protocol.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Vec<u8>,
    /// The header `x-amzn-query-error`, `code;fault`, of services that used the query protocol before.
    pub query_error: Option<String>,
}

impl Answer {
    /// A 200.
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, query_error: None }
    }

    /// As the response type of the SDK.
    ///
    /// # Errors
    ///
    /// Only if this code uses a status or header that HTTP does not allow.
    pub(crate) fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        let status =
            self.status.try_into().map_err(|cause: aws_smithy_runtime_api::http::HttpError| ConnectorError::other(cause.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(self.body));
        let headers = response.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.0");
        if let Some(error) = self.query_error {
            headers.insert("x-amzn-query-error", error);
        }
        Ok(response)
    }
}

/// A connector's future that does `work` when the client awaits it.
pub(crate) fn answering(work: impl Future<Output = Answer> + Send + 'static) -> HttpConnectorFuture {
    HttpConnectorFuture::new(async move { work.await.into_response() })
}
