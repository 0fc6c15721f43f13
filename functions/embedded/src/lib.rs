//! What stands in for AWS in one process, with AWS's semantics, so that production's adapters are the code that runs.
//!
//! - `table`: an embedded DynamoDB behind a connector for `aws-sdk-dynamodb`
//! - `queue`: a durable queue with SQS's semantics behind a connector for `aws-sdk-sqs`
//! - `pump`, `schedule`: the event source mapping and the EventBridge rule that call the functions
//! - `hosted`: the app over all of it
//! - `durability`: what makes an answer mean that its effect survives a power cut

mod config;
mod durability;
mod embedded;
mod error;
mod hosted;
mod http;
mod pump;
mod queue;
mod schedule;
mod table;

pub use config::{CLEANUP_EVERY, Clock, Config, FUNCTION_TIMEOUT, system_clock};
pub use embedded::{Embedded, Hold};
pub use error::{OpenError, Unavailable};
pub use hosted::{HEADWAY_DATA, HEADWAY_QUEUE_FAIRNESS, HostError, Hosted};
pub use http::Answer;
pub use pump::{EventSource, Outcome};
pub use queue::{Fairness, QueueAddress, UnknownFairness};
