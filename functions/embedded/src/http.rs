//! How the SDK's clients reach the embedded parts: as a connector that opens no socket.

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::{
    http::{HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;

/// The region that ARNs and events name.
pub(crate) const REGION: &str = "us-east-1";
/// The account that ARNs, addresses and events name.
pub(crate) const ACCOUNT: &str = "000000000000";
/// Where the clients believe to send their requests; reserved, so that nothing could ever answer there.
pub(crate) const ENDPOINT: &str = "http://embedded.invalid";

/// A client whose every request goes to `connector`.
pub(crate) fn client_of(connector: impl HttpConnector + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_: &HttpConnectorSettings, _| connector.clone())
}

/// What `X-Amz-Target` asks for, without the name of the service.
pub(crate) fn operation_of(request: &HttpRequest) -> String {
    request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned()
}

/// An answer in AWS's JSON protocol.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// The header `x-amzn-query-error`: `code;fault`, of services that once spoke the query protocol.
    pub query_error: Option<String>,
}

impl Answer {
    /// A 200.
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, query_error: None }
    }

    /// The same as the SDK takes it.
    ///
    /// # Errors
    /// Only if this code names a status or header that HTTP does not know.
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

/// Runs what a request asks for when the client awaits it.
pub(crate) fn answering(work: impl Future<Output = Answer> + Send + 'static) -> HttpConnectorFuture {
    HttpConnectorFuture::new(async move { work.await.into_response() })
}
