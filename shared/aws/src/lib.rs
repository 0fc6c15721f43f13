//! Adapters for AWS: the ports of `headway-core` with DynamoDB and SQS, and logs and metrics for CloudWatch.
//!
//! Its map: [`dynamodb`] is the table, [`sqs`] the queue; [`telemetry`] writes logs and [`metrics`] metrics, both as lines of JSON on stdout, which Lambda passes to
//! CloudWatch. [`secrets`] reads a secret of Secrets Manager. `calls` has the errors of calls and the wait before the next attempt.

mod calls;
pub mod dynamodb;
pub mod metrics;
pub mod secrets;
pub mod sqs;
pub mod telemetry;

pub use dynamodb::DynamoLedger;
pub use sqs::SqsQueue;
