//! Replaces AWS inside one process, with AWS's semantics, so that production's DynamoDB and SQS adapters run unchanged.
//!
//! - `embedded`, `config`: opens all of it
//! - `table`: an embedded DynamoDB behind a connector for `aws-sdk-dynamodb`
//! - `queue`: a durable queue with SQS's semantics behind a connector for `aws-sdk-sqs`
//! - `pump`, `schedule`: the event source mapping and the EventBridge rule that call the functions
//! - `hosted`: the app on top of all this
//! - `durability`: an answer is given only when its effect survives a power cut
//! - `http`, `error`: answers and errors of table and queue
//! - `shutdown`: waits until the process is told to stop

mod config;
mod durability;
mod embedded;
mod error;
mod hosted;
mod http;
mod pump;
mod queue;
mod schedule;
mod shutdown;
mod table;

pub use config::{CLEANUP_EVERY, Clock, Config, FUNCTION_TIMEOUT, system_clock};
pub use embedded::{Embedded, PumpLock};
pub use error::{OpenError, Unavailable};
pub use hosted::{HEADWAY_DATA, HEADWAY_QUEUE_FAIRNESS, HostError, Hosted};
pub use http::Answer;
pub use pump::{EventSource, FunctionResult};
pub use queue::{Fairness, QueueAddress, UnknownFairness};
pub use shutdown::until;
