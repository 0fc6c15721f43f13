//! The app on the embedded table and queue: production's adapters, for a host without AWS.

use std::path::PathBuf;
use std::sync::Arc;

use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_aws::sqs::SqsQueue;
use headway_aws::telemetry;
use headway_core::config::{self, ConfigError};
use headway_core::{App, JobError, SystemClock};
use headway_host::store_from_env;

use crate::config::{Config, FUNCTION_TIMEOUT};
use crate::embedded::Embedded;
use crate::error::OpenError;
use crate::queue::{Fairness, UnknownFairness};

/// The directory for the data when no AWS is configured; `.headway` unless set.
pub const HEADWAY_DATA: &str = "HEADWAY_DATA";
/// How the queue shares its workers among owners: `turns` unless set, or `noisy-groups`, which is how AWS documents its
/// own fair queues.
pub const HEADWAY_QUEUE_FAIRNESS: &str = "HEADWAY_QUEUE_FAIRNESS";
/// For tests: if set, the queue delivers every message at least twice.
const HEADWAY_DUPLICATE_EVERY_MESSAGE: &str = "HEADWAY_DUPLICATE_EVERY_MESSAGE";

const DATA_DEFAULT: &str = ".headway";

/// An app, and the embedded table and queue that it uses.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// The app with the operator's settings, without any processors yet.
    pub app: App,
    /// The embedded table and queue.
    pub embedded: Embedded,
}

/// Why the app could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The table or queue could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// DynamoDB's table could not be created.
    #[error("the table cannot be created")]
    Table(#[from] JobError),
    /// An environment variable has an invalid value.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Hosted {
    /// The table's name.
    pub const TABLE: &str = "headway";

    /// Opens the app on the data in this directory, or in memory.
    ///
    /// # Errors
    ///
    /// [`HostError`], which says what to do.
    pub async fn open(data: Option<PathBuf>) -> Result<Self, HostError> {
        let config = Config {
            // AWS recommends six times the function's time limit.
            visibility_timeout: FUNCTION_TIMEOUT * 6,
            max_receive_count: 8,
            fairness: fairness()?,
            duplicate_every_message: config::optional(HEADWAY_DUPLICATE_EVERY_MESSAGE).is_some(),
            data,
            ..Config::memory()
        };
        let embedded = Embedded::open(config)?;
        let store = store_from_env(&config::optional, async || table(&embedded).await).await?;
        let queue = SqsQueue::new(embedded.sqs(), &embedded.queue().url);
        let app = App::new(store, Arc::new(queue), Arc::new(SystemClock)).configured(&config::optional)?;
        Ok(Self { app, embedded })
    }

    /// For a function: if the environment names no table in AWS, the app on the data in the directory that `HEADWAY_DATA`
    /// names. Its log is written as on Lambda.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn without_aws() -> Result<Option<Self>, HostError> {
        if config::names_aws() {
            return Ok(None);
        }
        telemetry::init();
        let data = config::optional(HEADWAY_DATA).unwrap_or_else(|| DATA_DEFAULT.to_owned());
        Self::open(Some(data.into())).await.map(Some)
    }
}

async fn table(embedded: &Embedded) -> Result<DynamoLedger, HostError> {
    let client = embedded.dynamodb();
    schema::create_table(&client, Hosted::TABLE).await?;
    Ok(DynamoLedger::new(client, Hosted::TABLE))
}

fn fairness() -> Result<Fairness, ConfigError> {
    let Some(value) = config::optional(HEADWAY_QUEUE_FAIRNESS) else { return Ok(Fairness::default()) };
    let invalid =
        |cause: UnknownFairness| ConfigError::Invalid { name: HEADWAY_QUEUE_FAIRNESS, value: value.clone(), expected: cause.to_string() };
    value.parse().map_err(invalid)
}
