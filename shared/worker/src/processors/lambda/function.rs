//! A configured function, and a call of it.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Config, StalledStreamProtectionConfig};
use aws_sdk_lambda::primitives::Blob;
use headway_built_in::lambda;
use headway_core::{Clock, Item, ItemError};

use super::failure::{self, CallFailure};
use crate::processors::document::answer::{self, ExpectedAnswer, Outcomes};
use crate::processors::document::request;

/// A function that the operator has configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    /// Under which name jobs know it.
    pub(super) name: String,
    /// Its name or ARN in AWS.
    pub(super) function: String,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
    pub(super) attempts_max: u32,
    pub(super) batch: u16,
}

impl Function {
    /// Invokes the function with the items. There is an outcome for each, in their order.
    pub(super) async fn invoke(&self, client: &Client, clock: &dyn Clock, items: &[Item]) -> Outcomes {
        let batch = format!("batch_{}", clock.fresh_id());
        let who = format!("function {}", self.name);
        let of_all = |failure: &CallFailure| items.iter().map(|_| Err(failure.of_item(&who, items.len()))).collect();
        let document = match request::write(&batch, lambda::NAME, items, self.timeout) {
            Ok(document) if document.len() <= request::BYTES_MAX => document,
            Ok(_) => return of_all(&CallFailure::culprit("request-too-large", "the request would be too large")),
            Err(error) => {
                let error = ItemError::permanent("request", format!("{who}: the request could not be written: {error}"));
                return items.iter().map(|_| Err(error.clone())).collect();
            }
        };
        let indexes: Vec<u64> = items.iter().map(|item| item.index).collect();
        match self.answer(client, document).await {
            Ok(payload) if payload.len() <= answer::BYTES_MAX => {
                ExpectedAnswer { batch: &batch, indexes: &indexes, who: &who }.read(&payload)
            }
            Ok(payload) => {
                let why = format!("its answer has {} bytes, more than {}", payload.len(), answer::BYTES_MAX);
                ExpectedAnswer { batch: &batch, indexes: &indexes, who: &who }.without("invalid-answer", &why)
            }
            Err(failure) => of_all(&failure),
        }
    }

    /// What the function returned.
    async fn answer(&self, client: &Client, document: String) -> Result<Vec<u8>, CallFailure> {
        // Each call is made once: the client's own retries would run the function again behind the ledger's back. No
        // bytes arrive while the function runs, so the client must not take silence for a broken connection.
        let once = Config::builder()
            .timeout_config(TimeoutConfig::builder().operation_timeout(self.timeout).build())
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let call = client.invoke().function_name(&self.function).payload(Blob::new(document)).customize();
        let answered = call.config_override(once).send().await;
        let output = answered.map_err(|error| failure::of_call(&error, self.timeout))?;
        let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
        match output.function_error {
            None => Ok(payload),
            Some(_) => Err(failure::of_function(&payload)),
        }
    }
}
