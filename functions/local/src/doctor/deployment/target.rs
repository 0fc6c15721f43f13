//! A deployment, and the ways to ask AWS about it.

use aws_config::SdkConfig;

use crate::doctor::signed::Signed;

/// What belongs together: as `template.yaml` makes it.
#[derive(Debug)]
pub struct Deployment {
    /// Of the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Of the queues.
    pub sqs: aws_sdk_sqs::Client,
    /// Of the functions.
    pub lambda: Signed,
    /// The table's name.
    pub table: String,
    /// The queue's URL.
    pub queue_url: String,
}

impl Deployment {
    /// As the SDKs are configured.
    ///
    /// # Errors
    /// If that names no region or no credentials.
    pub fn new(config: &SdkConfig, table: String, queue_url: String) -> anyhow::Result<Self> {
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            lambda: Signed::new(config, "lambda")?,
            table,
            queue_url,
        })
    }
}
