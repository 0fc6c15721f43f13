//! What speaks to AWS: the ports of `headway-core` over DynamoDB and SQS, and what operators are told in CloudWatch.
//!
//! The map: [`dynamodb`] is the table, [`sqs`] the queue; [`app_on_aws`] is the
//! app over both, as the environment names them; [`telemetry`] writes logs and [`metrics`] metrics, both as lines of JSON on
//! standard output, which Lambda hands to CloudWatch.

mod app;
mod calls;
pub mod dynamodb;
pub mod metrics;
pub mod sqs;
pub mod telemetry;

pub use app::app_on_aws;
pub use dynamodb::DynamoLedger;
pub use sqs::SqsQueue;
