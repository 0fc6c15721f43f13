//! The connector for `aws-sdk-sqs`.

use std::sync::Arc;

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture},
    orchestrator::HttpRequest,
};

use super::{operations, queues::Queues};
use crate::http::{Answer, answering, operation_of};

/// Answers `aws-sdk-sqs` from the embedded queues.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<Queues>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the embedded queues")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let queues = Arc::clone(&self.0);
        answering(async move {
            let operation = operation_of(&request);
            let body = request.body().bytes().unwrap_or_default();
            queues.answer(&operation, body).await
        })
    }
}

impl Queues {
    pub(crate) async fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        match operations::dispatch(self, operation, body).await {
            Ok(body) => Answer::ok(body),
            Err(fault) => fault.answer(),
        }
    }
}
