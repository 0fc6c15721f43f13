//! A deployment, and the clients for reading its descriptions.

use aws_config::SdkConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::doctor::signed::{Signed, SignedError};

/// A table, its queue and functions that belong together, as `template.yaml` creates them.
#[derive(Debug)]
pub struct Deployment {
    /// For the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// For the functions.
    pub lambda: Signed,
    /// For all other services.
    pub config: SdkConfig,
    /// The table's name.
    pub table: String,
    /// The queue's URL.
    pub queue_url: String,
}

impl Deployment {
    /// Clients as the SDKs are configured.
    ///
    /// # Errors
    ///
    /// If the configuration has no region or no credentials.
    pub fn new(config: &SdkConfig, table: String, queue_url: String) -> anyhow::Result<Self> {
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            lambda: Signed::new(config, "lambda")?,
            config: config.clone(),
            table,
            queue_url,
        })
    }

    /// What answers an operation of a service with a JSON API.
    ///
    /// # Errors
    /// [`SignedError`].
    pub(super) async fn json<T: DeserializeOwned>(&self, service: &'static str, target: &str, input: &Value) -> Result<T, SignedError> {
        Signed::new(&self.config, service)?.json(target, input).await
    }

    /// The region.
    pub(super) fn region(&self) -> &str {
        self.config.region().map_or("", |region| region.as_ref())
    }
}
