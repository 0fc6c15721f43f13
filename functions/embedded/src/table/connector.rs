//! The connector for `aws-sdk-dynamodb`.

use std::sync::{Arc, atomic::Ordering};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture},
    orchestrator::HttpRequest,
};
use dynoxide::DynoxideError;

use super::{
    Table,
    faults::{self, FileFault},
    operations,
};
use crate::http::{Answer, answering, operation_of};

/// Answers `aws-sdk-dynamodb` from the embedded table.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<Table>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the embedded table")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let table = Arc::clone(&self.0);
        answering(async move {
            let operation = operation_of(&request);
            let body = request.body().bytes().unwrap_or_default();
            table.answer(&operation, body).await
        })
    }
}

impl Table {
    pub(crate) async fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        match &self.file {
            Some(file) if self.damaged.load(Ordering::Acquire) => faults::damaged(file),
            _ => operations::dispatch(self, operation, body).await,
        }
    }

    /// The answer to a call that failed. Once the file is found damaged, nothing is read from it any more.
    pub(super) fn refuse(&self, fault: &DynoxideError) -> Answer {
        match (&self.file, FileFault::of(fault)) {
            (Some(file), Some(FileFault::Full)) => faults::full(file),
            (Some(file), Some(FileFault::Damaged)) => {
                self.damaged.store(true, Ordering::Release);
                faults::damaged(file)
            }
            (Some(file), Some(FileFault::Unusable)) => faults::unusable(file, fault),
            _ => Answer { status: fault.status_code(), body: fault.to_json().into_bytes(), query_error: None },
        }
    }
}
