//! The app of a function on Lambda. Endpoints can be overridden in AWS's standard way (`AWS_ENDPOINT_URL_DYNAMODB`,
//! `AWS_ENDPOINT_URL_SQS`).

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use headway_aws::{DynamoLedger, SqsQueue};
use headway_core::config::{ConfigError, HEADWAY_LOOPBACK_AWS, HEADWAY_QUEUE_URL, HEADWAY_TABLE, optional, required};
use headway_core::{App, SystemClock};

use crate::store::store_from_env;

/// How long AWS may take to answer one attempt of a call, which usually takes milliseconds. After that the client tries
/// again, so that a worker and its messages are not blocked until the function's deadline.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The app on the store and the queue that the environment names, with the operator's settings.
///
/// # Errors
///
/// [`ConfigError`], which names the variable.
pub async fn app_from_env() -> Result<App, ConfigError> {
    let queue_url = required(HEADWAY_QUEUE_URL)?;
    let patience = TimeoutConfig::builder().operation_attempt_timeout(ANSWER_TIMEOUT).build();
    let aws = match optional(HEADWAY_LOOPBACK_AWS) {
        Some(url) => loopback(url, patience),
        None => aws_config::from_env().timeout_config(patience).load().await,
    };
    let table = async || Ok::<_, ConfigError>(DynamoLedger::new(aws_sdk_dynamodb::Client::new(&aws), required(HEADWAY_TABLE)?));
    let store = store_from_env(&optional, table).await?;
    let queue = SqsQueue::new(aws_sdk_sqs::Client::new(&aws), queue_url);
    App::new(store, Arc::new(queue), Arc::new(SystemClock)).configured(&optional)
}

/// The configuration for a table and a queue on this machine. A developer's shell may name a profile, a region, kinds of endpoints or
/// roles: they are for the developer's own calls of AWS.
fn loopback(url: String, patience: TimeoutConfig) -> SdkConfig {
    let made_up = Credentials::new("local", "local", None, None, "loopback");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(made_up))
        .endpoint_url(url)
        .timeout_config(patience)
        .build()
}
