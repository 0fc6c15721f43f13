//! The implementations under test, each new for a test, and the macro that runs every case with each of them.

use std::io::Write as _;
use std::sync::{Arc, Once};

use headway_aws::dynamodb::{DynamoLedger, schema};
use headway_core::Store;
use headway_core::ledger::memory::MemoryLedger;
use headway_embedded::{Config, Embedded};
use uuid::Uuid;

use crate::faults::interleaving;

/// Runs each case, an `async fn(Arc<dyn Store>)`, with every ledger.
macro_rules! over_every_ledger {
    ($($case:ident),* $(,)?) => {
        mod over_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::subject::memory()).await;
            })*
        }

        mod over_embedded {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::subject::embedded().await).await;
            })*
        }

        mod over_endpoint {
            $(#[tokio::test]
            async fn $case() {
                if let Some(ledger) = $crate::subject::endpoint().await {
                    super::$case(ledger).await;
                }
            })*
        }
    };
}
pub(crate) use over_every_ledger;

/// The table's name, if each test has a table of its own.
pub(crate) const TABLE: &str = "headway";

/// The pure rules under a lock.
pub(crate) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryLedger::default())
}

/// Production's adapter over the embedded DynamoDB.
pub(crate) async fn embedded() -> Arc<dyn Store> {
    let client = Embedded::dynamodb_config(interleaving(embedded_parts().dynamodb_http_client())).build();
    let client = aws_sdk_dynamodb::Client::from_conf(client);
    schema::create_table(&client, TABLE).await.unwrap();
    Arc::new(DynamoLedger::new(client, TABLE))
}

/// The embedded table and queue in memory.
pub(crate) fn embedded_parts() -> Embedded {
    Embedded::open(Config::memory()).unwrap()
}

/// Production's adapter on the endpoint in the environment, if requested. All tests share its table, and none reads
/// rows that it did not write.
pub(crate) async fn endpoint() -> Option<Arc<dyn Store>> {
    let client = endpoint_client().await?;
    let table = "headway-contract";
    schema::create_table(&client, table).await.unwrap();
    Some(Arc::new(DynamoLedger::new(client, table)))
}

/// A client of the DynamoDB in the environment, if requested.
pub(crate) async fn endpoint_client() -> Option<aws_sdk_dynamodb::Client> {
    Some(aws_sdk_dynamodb::Client::new(&endpoint_config().await?))
}

/// A client of the SQS in the environment, if requested, with a new queue.
pub(crate) async fn endpoint_queue() -> Option<(aws_sdk_sqs::Client, String)> {
    let client = aws_sdk_sqs::Client::new(&endpoint_config().await?);
    let made = client.create_queue().queue_name(format!("headway-contract-{}", Uuid::new_v4())).send().await.unwrap();
    Some((client, made.queue_url.unwrap()))
}

async fn endpoint_config() -> Option<aws_config::SdkConfig> {
    if std::env::var("HEADWAY_CONTRACT").is_ok_and(|asked| asked == "endpoint") {
        return Some(aws_config::load_from_env().await);
    }
    static SAID: Once = Once::new();
    // Not `eprintln!`, whose output is hidden if the test passes.
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "over_endpoint: SKIPPED, set HEADWAY_CONTRACT=endpoint and AWS_ENDPOINT_URL_*");
    });
    None
}
